"""What ``schema check`` and ``schema show`` find out: which subject is meant, and how a candidate stands to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from bus.codec import compile_codec
from bus.errors import ConfigError, SubjectNotFound
from bus.nearest import did_you_mean, nearest
from bus.registry import Incompatibility, SchemaRegistry, SchemaVersion
from registry import avro
from registry.advice import Advice, advise
from registry.judgement import reasons_against, warnings_against

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue


class Report(Struct, frozen=True, kw_only=True):
    """How a candidate stands. ``subject`` None means that the catalogue has no such event and none was named.

    ``source`` tells whose ``versions`` it was compared with, ``same_as`` the one whose content it has, ``nearest``
    the catalogue's full name that an unknown one may have been meant for.
    """

    full_name: str
    subject: str | None
    source: str
    versions: Sequence[int]
    same_as: int | None
    reasons: Sequence[tuple[Incompatibility, Advice]]
    warnings: Sequence[avro.LogicalWarning]
    nearest: str | None = None

    @property
    def is_compatible(self) -> bool:
        """Tell whether nothing stands against it; warnings do not."""
        return not self.reasons


class Known(NamedTuple):
    """What a schema is held against: what is registered, and what the catalogue asks for."""

    registry: SchemaRegistry
    catalogue: Catalogue


def examine(known: Known, text: str, subject: str | None = None) -> Report:
    """Hold a candidate against the versions of its subject. Raises :class:`~bus.errors.InvalidSchema`.

    The codec is asked as well: it refuses schemas in which values could be lost or confused.
    """
    candidate = avro.parse(text)
    compile_codec(text)
    full_name = candidate.root.full_name
    subject = subject or subject_of(known.catalogue, full_name)
    source, versions = ("", {}) if subject is None else earlier_versions(known, subject)
    same = [version for version, other in versions.items() if avro.identity(other) == avro.identity(candidate)]
    return Report(
        full_name=full_name,
        subject=subject,
        source=source,
        versions=tuple(versions),
        same_as=same[-1] if same else None,
        reasons=() if same else [(one, advise(one)) for one in reasons_against(candidate, versions)],
        warnings=() if same else warnings_against(candidate, versions),
        nearest=None if subject else nearest_name(known.catalogue, full_name),
    )


def subject_of(catalogue: Catalogue, name: str) -> str | None:
    """Return the subject of an event by its record's full name or its type; None if the catalogue has no such one."""
    found = (entry.subject for entry in catalogue.events if name in (entry.full_name, entry.type))
    return next(found, None)


def nearest_name(catalogue: Catalogue, full_name: str) -> str | None:
    """Return the catalogue's full name that is so near that a mistake is likely."""
    names = [entry.full_name for entry in catalogue.events]
    return nearest(full_name, names, cutoff=0.85)


def earlier_versions(known: Known, subject: str) -> tuple[str, Mapping[int, avro.Schema]]:
    """Return where a subject's versions were found, and these by number: the registry's, else the catalogue's."""
    try:
        found = known.registry.versions(subject)
    except SubjectNotFound:
        entries = (entry for entry in known.catalogue.events if entry.subject == subject)
        texts = next((entry.versions for entry in entries), ())
        return "catalogue", {number: avro.parse(text) for number, text in enumerate(texts, 1)}
    return "registry", {one.version: avro.parse(one.schema) for one in found}


def find_versions(known: Known, which: str, version: int | None) -> Sequence[SchemaVersion]:
    """Return the version that is meant by a subject, an event type or an id; an id may stand under several subjects.

    Raises :class:`~bus.errors.SubjectNotFound`, and :class:`~bus.errors.ConfigError` for a version of an id.
    """
    registry = known.registry
    if which.isascii() and which.isdecimal():
        return _by_id(registry, which, version)
    if which not in registry.subjects():
        which = subject_of(known.catalogue, which) or _known_subject(known, which)
    return [_by_version(registry.versions(which), which, version)]


def _known_subject(known: Known, which: str) -> str:
    """Return the subject of a type that the registry alone knows. Raises SubjectNotFound with the nearest name."""
    subjects = known.registry.subjects()
    types = {subject.rpartition(".")[2]: subject for subject in subjects}
    if which in types:
        return types[which]
    names = [*(entry.type for entry in known.catalogue.events), *types, *subjects]
    raise SubjectNotFound(f"nothing is registered under `{which[:100]}`", hint=did_you_mean(which, names) or None)


def _by_id(registry: SchemaRegistry, which: str, version: int | None) -> Sequence[SchemaVersion]:
    if version is not None:
        raise ConfigError("an id means one schema and has no versions", hint="Leave out `--version`.")
    found = [one for subject in registry.subjects() for one in registry.versions(subject)]
    meant = [one for one in found if str(one.schema_id) == which]
    if not meant:
        raise SubjectNotFound(f"no schema has the id {which[:40]}")
    return meant


def _by_version(versions: Sequence[SchemaVersion], subject: str, wanted: int | None) -> SchemaVersion:
    if wanted is None:
        return versions[-1]
    for one in versions:
        if one.version == wanted:
            return one
    raise SubjectNotFound(f"{subject} has versions {versions[0].version} to {versions[-1].version}, not {wanted}")
