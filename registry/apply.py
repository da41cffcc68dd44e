"""Bringing an installation to what the catalogue asks: :func:`plan` decides, :func:`apply` acts.

Topics first, each with its dead letters, then every version of every event type, in catalogue order, so that two
fresh installations give the same ids. All of it may be repeated and may run in several processes at once. Only
``topic apply`` and what calls :func:`apply_catalogue` create topics and register schemas. Private topics of replays
are none of the catalogue's: :mod:`registry.replays`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.errors import IncompatibleSchema, InvalidSchema, SubjectNotFound, TopicDrift
from bus.registry import SchemaRegistry, SchemaVersion
from bus.topics import wanted_topics
from bus.transport import Engine, TopicSpec, TransportAdmin
from registry.avro import parse
from registry.judgement import reasons_against

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue, EventEntry


_NOTHING_CHANGED = "Correct that schema in the catalogue; nothing was changed."


class TopicStep(Struct, frozen=True, kw_only=True):
    """A topic to create, to adjust in its retention, or to keep as it stands."""

    action: Literal["create", "adjust", "keep"]
    spec: TopicSpec


class SchemaStep(Struct, frozen=True, kw_only=True):
    """A version to register, or to keep. ``schema_id`` is None until it is registered."""

    action: Literal["register", "keep"]
    subject: str
    version: int
    schema: str
    schema_id: int | None = None


Step: TypeAlias = TopicStep | SchemaStep


def apply_catalogue(engine: Engine, registry: SchemaRegistry, catalogue: Catalogue) -> Sequence[Step]:
    """Do what is missing and return all steps, those that kept something too. May be repeated.

    Raises what :func:`plan` does, before anything is changed.
    """
    return apply(engine.admin, registry, plan(engine.admin, registry, catalogue))


def plan(admin: TransportAdmin, registry: SchemaRegistry, catalogue: Catalogue) -> Sequence[Step]:
    """Compare what stands with what the catalogue asks; changes nothing.

    Raises :class:`~bus.errors.TopicDrift`, :class:`~bus.errors.IncompatibleSchema`, :class:`~bus.errors.InvalidSchema`.
    """
    standing = {spec.name: spec for spec in admin.topics()}
    topics = plan_topics(wanted_topics(catalogue), standing)
    return [*topics, *(step for entry in catalogue.events for step in _plan_event(registry, entry))]


def apply(admin: TransportAdmin, registry: SchemaRegistry, steps: Iterable[Step]) -> Sequence[Step]:
    """Do the steps in their order and return them with the versions and ids that were given."""
    return [_done(admin, registry, step) for step in steps]


def changes(steps: Iterable[Step]) -> Sequence[Step]:
    """Return the steps that change something."""
    return [step for step in steps if step.action != "keep"]


def plan_topics(wanted: Iterable[TopicSpec], standing: Mapping[str, TopicSpec]) -> Sequence[TopicStep]:
    """Decide about topics. Raises :class:`~bus.errors.TopicDrift` naming every topic that stands otherwise."""
    steps = [_topic_step(spec, standing.get(spec.name)) for spec in wanted]
    drift = [line for step in steps for line in _drift(step.spec, standing.get(step.spec.name))]
    if drift:
        raise TopicDrift("topics stand otherwise than the catalogue asks, and that never changes", drift)
    return steps


def _topic_step(wanted: TopicSpec, standing: TopicSpec | None) -> TopicStep:
    if standing is None:
        return TopicStep(action="create", spec=wanted)
    return TopicStep(action="keep" if standing == wanted else "adjust", spec=wanted)


def _drift(wanted: TopicSpec, standing: TopicSpec | None) -> Iterator[str]:
    if standing is None:
        return
    if standing.partitions != wanted.partitions:
        yield f"{wanted.name} has {standing.partitions} partitions, not {wanted.partitions}"
    if standing.compacted != wanted.compacted:
        yield f"{wanted.name} has the cleanup {cleanup_of(standing)}, not {cleanup_of(wanted)}"


def cleanup_of(spec: TopicSpec) -> str:
    """Return the word of ``topics.toml``."""
    return "compact" if spec.compacted else "delete"


def _plan_event(registry: SchemaRegistry, entry: EventEntry) -> Sequence[SchemaStep]:
    """Decide about one event type's versions, oldest first."""
    earlier = {one.version: one.schema for one in _versions(registry, entry.subject)}
    steps: list[SchemaStep] = []
    for text in entry.versions:
        known = _known(registry, entry.subject, text)
        if known is None:
            _check(entry.subject, text, earlier)
            number = len(earlier) + 1
            earlier[number] = text
            steps.append(SchemaStep(action="register", subject=entry.subject, version=number, schema=text))
        else:
            steps.append(_kept(known, text))
    return steps


def _versions(registry: SchemaRegistry, subject: str) -> Sequence[SchemaVersion]:
    try:
        return registry.versions(subject)
    except SubjectNotFound:
        return ()


def _known(registry: SchemaRegistry, subject: str, text: str) -> SchemaVersion | None:
    try:
        return registry.look_up(subject, text)
    except SubjectNotFound:
        return None
    except InvalidSchema as error:
        raise InvalidSchema(f"the catalogue's schema of {subject}: {error}", hint=_NOTHING_CHANGED) from error


def _kept(known: SchemaVersion, text: str) -> SchemaStep:
    return SchemaStep(
        action="keep", subject=known.subject, version=known.version, schema=text, schema_id=known.schema_id
    )


def _check(subject: str, text: str, earlier: Mapping[int, str]) -> None:
    """Refuse a version that could not read what those before it wrote, the catalogue's own not yet registered too."""
    reasons = reasons_against(parse(text), {number: parse(other) for number, other in earlier.items()})
    if reasons:
        raise IncompatibleSchema(
            f"the catalogue's schema of {subject} could not read what its earlier versions wrote",
            [f"{reason.kind} at {reason.pointer}: {reason.message}" for reason in reasons],
            hint=_NOTHING_CHANGED,
        )


def _done(admin: TransportAdmin, registry: SchemaRegistry, step: Step) -> Step:
    if step.action == "keep":
        return step
    if isinstance(step, TopicStep):
        admin.create_topic(step.spec)
        return step
    added = registry.register(step.subject, step.schema)
    return replace(step, version=added.version, schema_id=added.schema_id)
