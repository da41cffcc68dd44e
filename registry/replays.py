"""Topics of replays that the catalogue does not name: private ones, for whoever asked for copies of history.

``topic apply --replay`` makes them, and nothing else does. They hold copies, so they are not kept for long. Each has a
topic of dead letters, as every topic has: a group that accepts replays buries there what it cannot use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from bus.deadletters import SUFFIX, dead_letter_topic
from bus.errors import ConfigError, TopicDrift
from bus.replays import PREFIX, may_be_named
from bus.transport import TopicSpec, TransportAdmin
from registry.apply import TopicStep, plan_topics

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue

PARTITIONS, RETENTION_DAYS = 4, 30
_DAY_MS = 86_400_000
_LONGEST_SHOWN = 200
_EXAMPLE = "Say, for example, `--replay replay.audit-2026`."


class AskedReplays(Struct, frozen=True, kw_only=True):
    """Which topics are asked for. What is None stays as it stands; where none stands, it is 4 partitions, 30 days."""

    names: tuple[str, ...]
    partitions: int | None = None
    retention_days: int | None = None


def plan_replays(admin: TransportAdmin, catalogue: Catalogue, asked: AskedReplays) -> Sequence[TopicStep]:
    """Compare what stands with what is asked; changes nothing.

    Raises :class:`~bus.errors.ConfigError` for a name that no private topic may have, and
    :class:`~bus.errors.TopicDrift` naming every topic that stands with other partitions.
    """
    names = tuple(dict.fromkeys(asked.names))
    for name in names:
        check_name(name, catalogue)
    standing = {spec.name: spec for spec in admin.topics()}
    wanted = [spec for name in names for spec in _wanted(name, asked, standing)]
    try:
        return plan_topics(wanted, standing)
    except TopicDrift as drift:
        error = TopicDrift("topics of replays stand otherwise than is asked, and that never changes", drift.reasons)
        error.hint = "Leave out `--partitions`, or take another name."
        raise error from drift


def make_replays(admin: TransportAdmin, steps: Sequence[TopicStep]) -> None:
    """Do the steps in their order. May be repeated."""
    for step in steps:
        if step.action != "keep":
            admin.create_topic(step.spec)


def check_name(name: str, catalogue: Catalogue) -> None:
    """Raise :class:`~bus.errors.ConfigError` unless a private topic of replays may be called so."""
    if catalogue.topic(name) is not None:
        hint = "`lienthong topic apply`, without `--replay`, makes the catalogue's topics."
        raise ConfigError(f"{name} is a topic of the catalogue, and no private one", hint=hint)
    if not may_be_named(name):
        rule = (
            f"begins with `{PREFIX}`, and goes on in lower case letters, digits, hyphens and dots, without `{SUFFIX}`"
        )
        raise ConfigError(f"a replay's topic {rule}; that is not so of `{name[:_LONGEST_SHOWN]}`", hint=_EXAMPLE)


def _wanted(name: str, asked: AskedReplays, standing: Mapping[str, TopicSpec]) -> Sequence[TopicSpec]:
    """Return the topic and its dead letters, which go with it: they are copies, too."""
    usual = TopicSpec(name=name, partitions=PARTITIONS, retention_ms=RETENTION_DAYS * _DAY_MS)
    stands = standing.get(name, usual)
    partitions = stands.partitions if asked.partitions is None else asked.partitions
    retention_ms = stands.retention_ms if asked.retention_days is None else asked.retention_days * _DAY_MS
    return [
        TopicSpec(name=topic, partitions=partitions, retention_ms=retention_ms)
        for topic in (name, dead_letter_topic(name))
    ]
