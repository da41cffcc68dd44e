"""The registry in this process, over a store that every process of the installation may open.

:class:`LocalRegistry` decides by Avro's rules and remembers in :class:`~registry.store.Store`; no lock is held while
it thinks. A decision is made on the versions as they were seen, and kept only if the subject has not moved since;
otherwise it is made again.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from bus.errors import ContractError, IncompatibleSchema, InvalidSchema, RegistryUnavailable, SubjectNotFound
from bus.registry import Incompatibility, SchemaVersion
from registry import avro
from registry.judgement import reasons_against
from registry.store import Candidate, Store

_MAX_SUBJECT = 255
_MAX_ID = 2**31 - 1
_ATTEMPTS = 100  # each failed one means that somebody else's registration under the same subject succeeded


class LocalRegistry:
    """A schema registry without a server: implements :class:`~bus.registry.SchemaRegistry`. May be shared by threads.

    A schema that differs only in white space, in the order of Avro's own attributes or in a repeated namespace is the
    same content, and the text that came first is the one that is kept. A new version must read what *every* earlier
    version of its subject wrote (BACKWARD_TRANSITIVE), since history is read with today's contracts.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._texts: dict[int, str] = {}

    def register(self, subject: str, schema: str) -> SchemaVersion:
        """Add a version under ``subject`` unless it is there; as the port says. May be repeated at any time."""
        _check_subject(subject)
        parsed = _parsed(schema)
        for _ in range(_ATTEMPTS):
            earlier = self._versions(subject)  # first: what is found absent after this is absent from these
            known = self._store.find(subject, parsed.identity)
            if known is not None:
                return known
            _refuse(subject, _against(parsed.schema, earlier))
            candidate = Candidate(schema, parsed.identity)
            added = self._store.add(subject, candidate, expected=len(earlier) + 1)
            if added is not None:
                return added
        raise RegistryUnavailable(f"others kept registering under {subject}", hint="Try again.")

    def schema(self, schema_id: int) -> str:
        """Return the text registered under an id; asked once, then remembered."""
        text = self._texts.get(schema_id)
        if text is None:
            text = self._store.text(schema_id) if 0 < schema_id <= _MAX_ID else None
            if text is None:
                raise SubjectNotFound(f"no schema has the id {schema_id}")
            self._texts[schema_id] = text
        return text

    def look_up(self, subject: str, schema: str) -> SchemaVersion:
        """Return the version under which this content stands; as the port says."""
        parsed = _parsed(schema)
        known = self._store.find(subject, parsed.identity) if _is_name(subject) else None
        if known is None:
            raise SubjectNotFound(f"this schema is not registered under {_shown(subject)}")
        return known

    def versions(self, subject: str) -> Sequence[SchemaVersion]:
        """Return all versions, oldest first; as the port says."""
        found = self._versions(subject)
        if not found:
            raise SubjectNotFound(f"there is no subject {_shown(subject)}")
        return found

    def subjects(self) -> Sequence[str]:
        """Return all subjects, in the order of their first registration."""
        return self._store.subjects()

    def incompatibilities(self, subject: str, schema: str) -> Sequence[Incompatibility]:
        """Say what stands against ``schema`` as the next version, newest version first, each reason once."""
        return _against(_parsed(schema).schema, self._versions(subject))

    def _versions(self, subject: str) -> Sequence[SchemaVersion]:
        return self._store.versions(subject) if _is_name(subject) else ()

    def close(self) -> None:
        """Close the store. May be repeated."""
        self._store.close()


class _Parsed(NamedTuple):
    schema: avro.Schema
    identity: str


@lru_cache(maxsize=256)
def _parsed(text: str) -> _Parsed:
    """Parse once for look-up, check and registration; pure, so remembering it is safe."""
    schema = avro.parse(text)
    _refuse_comments(text)
    return _Parsed(schema, hashlib.sha256(avro.identity(schema).encode()).hexdigest())


def _refuse_comments(text: str) -> None:
    """Java's parser reads over comments; other readers of a registry, our codec among them, do not."""
    try:
        json.loads(text)
    except ValueError as error:
        raise InvalidSchema("the schema has comments, which JSON has not", hint="Put them into `doc`.") from error


def _against(reader: avro.Schema, earlier: Sequence[SchemaVersion]) -> Sequence[Incompatibility]:
    return reasons_against(reader, {one.version: _parsed(one.schema).schema for one in earlier})


def _refuse(subject: str, reasons: Sequence[Incompatibility]) -> None:
    if reasons:
        raise IncompatibleSchema(
            f"readers of this schema could not read what is stored under {subject}",
            [f"{reason.kind} at {reason.pointer}: {reason.message}" for reason in reasons],
            hint="`lienthong schema check FILE` says for each reason what would help.",
        )


def _check_subject(subject: str) -> None:
    if not _is_name(subject):
        raise ContractError(
            "this is not a subject's name",
            hint=f"A subject has 1 to {_MAX_SUBJECT} printable characters: `<topic>-<record's full name>`.",
        )


def _is_name(subject: str) -> bool:
    """Another text is never asked for: databases take some of them for an error."""
    return 0 < len(subject) <= _MAX_SUBJECT and subject.isprintable() and unicodedata.is_normalized("NFC", subject)


def _shown(subject: str) -> str:
    """A name from outside may hold anything; a message holds a line's worth of it, printable."""
    return ascii(subject)[:_MAX_SUBJECT] if not subject.isprintable() else subject[:_MAX_SUBJECT]
