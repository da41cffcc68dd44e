"""The mask of one run: a record in, the same record out without what contracts tag, or an error and nothing.

The value is masked as bytes by its schema's masker, and what was hidden is hidden in its other texts, too. Key, subject
and correlation become pseudonyms; of headers only those stay that are known to say nothing of a person, and of these
none that shows what was hidden in the value. What a contract does not tag anywhere, a mask cannot know.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bus.codec import MASK, Masker, compile_masker
from bus.codec.planning import make_plan
from bus.errors import ContractError, DecodeError, LienthongError
from bus.records import Header, Record
from bus.wire import HEAD_BYTES, schema_id_of
from replay.index.identifiers import dossier_topics
from replay.runs.disguises import Forms
from replay.runs.plan import Mask
from replay.runs.pseudonyms import Pseudonyms
from replay.runs.scrubbing import scrubbed, told_again
from replay.runs.tags import hidden_fields

if TYPE_CHECKING:
    from bus.wire import Wire

HIDDEN: Final = MASK.encode()
"""What stands in a header that showed something hidden."""

_LEAST, _LEAST_IN_IDS = 3, 8
"""Shorter values are not looked for: three hexadecimal digits stand in every other id by chance."""

_MOST_SCHEMAS = 1024

_SAYING = frozenset({"ce_specversion", "ce_type", "ce_source", "content-type", "ce_dataschema", "ce_agency"})
_NAMING = frozenset({"ce_subject", "ce_correlationid"})
_CONSTANT = frozenset({b"1.0", b"application/avro"})
_UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
_IDS = {"ce_id": _UUID, "ce_causationid": _UUID, "traceparent": _TRACE}
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)").fullmatch


class Masking:
    """Masks the records of one run under one secret; belongs to one thread."""

    def __init__(self, wire: Wire, mask: Mask, secret: bytes) -> None:
        self._wire, self._mask = wire, mask
        self._pseudonyms, self._forms = Pseudonyms(secret), Forms()
        self._pseudonym = self._pseudonyms.__getitem__
        self._telling = dossier_topics(wire.catalogue) if mask == "personal" else frozenset()
        self._maskers: dict[bytes, tuple[Masker, bytes]] = {}

    def __call__(self, record: Record) -> Record:
        """Return the record masked, at its place; a tombstone stays one.

        Raises :class:`~bus.errors.ContractError` where the value cannot be read, with the record's place.
        """
        value, hidden, event_type = record.value, list[bytes](), b""
        if value is not None:
            try:
                masker, event_type = self._maskers.get(value[:HEAD_BYTES]) or self._masker(value)
                value = masker(value, HEAD_BYTES, self._pseudonym, hidden)
                if told := told_again(value, hidden):
                    value = scrubbed(self._wire.codec(schema_id_of(value)), value, HEAD_BYTES, told)
            except ContractError as error:
                raise _placed(error, record) from error
        names: dict[bytes, bytes] = self._pseudonyms
        if record.topic in self._telling:
            names = _Names(self._pseudonyms, self._forms, hidden)
        if record.key is not None and names[record.key] != record.key:
            hidden.append(record.key)
        return Record(
            topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp,
            key=None if record.key is None else names[record.key], value=value,
            headers=self._headers(record.headers, names, hidden, event_type),
        )  # fmt: skip

    def _masker(self, value: bytes) -> tuple[Masker, bytes]:
        schema = self._wire.registry.schema(schema_id_of(value))
        event_type = make_plan(schema).root.name.rpartition(".")[2]
        newest = next((entry.schema for entry in self._wire.catalogue.events if entry.type == event_type), None)
        masker = compile_masker(schema, hidden_fields(self._mask, schema, newest))
        if len(self._maskers) >= _MOST_SCHEMAS:
            self._maskers.clear()
        found = self._maskers[value[:HEAD_BYTES]] = masker, event_type.encode()
        return found

    def _headers(
        self, headers: Sequence[Header], names: dict[bytes, bytes], hidden: list[bytes], event_type: bytes
    ) -> tuple[Header, ...]:
        kept: list[Header] = []
        says, ids = b"", b""
        for header in headers:
            name, value = header
            if value is None:
                continue
            if name in _SAYING:
                kept.append(header)
                if value != event_type and value not in _CONSTANT:
                    says += b"\n" + value
            elif name in _NAMING:
                kept.append((name, names[value]))
                if names[value] != value and value not in hidden:
                    hidden.append(value)
            elif name in _IDS and _IDS[name](value):
                kept.append(header)
                ids += b"-" + value
            elif name == "ce_time" and _is_time(value):
                kept.append(header)
        if hidden and _shows(self._forms[says] + _read(ids), hidden, _LEAST):
            cleaned = [(name, self._cleaned(name, value, hidden, event_type)) for name, value in kept]
            return tuple((name, value) for name, value in cleaned if value is not None)
        return tuple(kept)

    def _cleaned(self, name: str, value: bytes | None, hidden: list[bytes], event_type: bytes) -> bytes | None:
        """Return what may stand in one header of a record in whose headers something hidden may show, or None."""
        if value is None or value == event_type or value in _CONSTANT:
            return value
        if name in _SAYING and _shows(self._forms[value], hidden, _LEAST):
            return HIDDEN
        return None if name in _IDS and _shows(_read(value), hidden, _LEAST_IN_IDS) else value


class _Names(dict[bytes, bytes]):
    """What stands for the names of one record where they may stay: themselves, unless they show what is hidden."""

    def __init__(self, pseudonyms: Pseudonyms, forms: Forms, hidden: list[bytes]) -> None:
        super().__init__()
        self._pseudonyms, self._forms, self._hidden = pseudonyms, forms, hidden

    def __missing__(self, text: bytes) -> bytes:
        hidden = self._hidden
        is_shown = hidden and (text in hidden or _shows(self._forms[text], hidden, _LEAST))
        found = self[text] = self._pseudonyms[text] if is_shown else text
        return found


def _shows(searched: bytes, hidden: list[bytes], least: int) -> bool:
    for one in hidden:  # noqa: SIM110 - a generator costs more than the search
        if one in searched and len(one) >= least:
            return True
    return False


def _read(ids: bytes) -> bytes:
    """Return ids, each of an even number of hexadecimal digits, with the bytes that these mean."""
    return ids + unhexlify(ids.replace(b"-", b""))


def _is_time(value: bytes) -> bool:
    try:
        return bool(_TIME(value) and datetime.fromisoformat(value.decode()))
    except ValueError:
        return False


def _placed(error: LienthongError, record: Record) -> DecodeError:
    placed = DecodeError(f"{record.place}: {error}", hint=error.hint)
    placed.code = error.code
    return placed
