"""The target of JSON lines: an event a line, in UTF-8, with the keys that every command uses.

Nothing is left out. What the event's own keys do not tell stands in ``headers``, and what nobody can read is told in
base64, with the code of the error under ``unreadable``. A line without an event has ``payload`` null.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from bus.cli.moments import as_text
from bus.cli.plain import plain_event
from bus.envelope import Envelope, to_headers
from bus.errors import ContractError, Misfit
from bus.records import Header, Record
from bus.replays import marks
from bus.wire import Wire, schema_id_of
from replay.runs.target import Room, RunFacts, Settled
from replay.runs.targets.growing import ROOM, Growing


class Lines:
    """Implements :class:`~replay.runs.target.Target` as a file of JSON lines. ``wire`` decodes as it was written."""

    def __init__(self, path: Path, wire: Wire) -> None:
        self._file = Growing(path)
        self._wire = wire
        self._run = self._began = b""

    @property
    def room(self) -> Room:
        """As the port says."""
        return ROOM

    def begin(self, facts: RunFacts, mark: bytes | None) -> None:
        """As the port says; every line begins with its run, so that the file's owner is told by its first bytes."""
        self._run, self._began = facts.run.encode(), facts.began.encode()
        self._file.begin(msgspec.json.encode({"replay": {"run": facts.run}})[:-2] + b",", mark)

    def take(self, records: Sequence[Record]) -> None:
        """As the port says."""
        lines = [msgspec.json.encode(line(self._wire, self._run, self._began, record)) for record in records]
        self._file.write(b"\n".join([*lines, b""]))

    def settle(self) -> Settled:
        """As the port says."""
        return Settled(mark=self._file.settle())

    def finish(self) -> None:
        """As the port says."""
        self._file.finish()

    def close(self) -> None:
        """As the port says."""
        self._file.close()


def line(wire: Wire, run: bytes, began: bytes, record: Record) -> dict[str, Any]:
    """Return what a record's line holds. Raises what ``wire`` raises but for bad data, which the line tells."""
    return {
        "replay": {
            name.removeprefix("lt_replay_"): (value or b"").decode() for name, value in marks(run, began, record)
        },
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "accepted": _accepted(record.timestamp),
        **_content(wire, record),
    }


def _accepted(timestamp: int) -> str | int:
    """Return the time as every command tells it, or as the number that it is where no calendar has it."""
    try:
        return as_text(timestamp)
    except OverflowError:
        return timestamp


def _content(wire: Wire, record: Record) -> dict[str, Any]:
    if record.value is None:
        return {**_key(record.key), "payload": None, "headers": _told(record.headers)}
    try:
        event = wire.decode_as_written(record)
        return _event(event, record, _finite(wire, record.value, plain_event(event)))
    except ContractError as error:
        value = base64.b64encode(record.value).decode()
        return {
            **_key(record.key), "payload": None, "headers": _told(record.headers),
            "value_base64": value, "unreadable": error.code,
        }  # fmt: skip


def _event(event: Envelope, record: Record, told: dict[str, Any]) -> dict[str, Any]:
    """Return an event's keys, and those of its headers that they do not tell; all, where they are not as we write them.

    ``key`` is the record's, which is the event's own but for records that somebody else has written.
    """
    is_ours = record.key == event.key.encode() and to_headers(event) == record.headers
    told.update(_key(record.key))
    told["schema"] = schema_id_of(record.value)
    told["headers"] = _told(_untold(event) if is_ours else record.headers)
    return told


def _untold(event: Envelope) -> Sequence[Header]:
    known = {"ce_dataschema": event.data_schema, "traceparent": event.traceparent}
    return [*((name, text.encode()) for name, text in known.items() if text is not None), *event.extra]


def _key(key: bytes | None) -> dict[str, Any]:
    text = None if key is None else _text(key)
    return {"key": text} if isinstance(text, str | None) else {"key": None, "key_base64": text["base64"]}


def _told(headers: Sequence[Header]) -> list[list[Any]]:
    """Return headers in their order, since a name may be repeated: what is not UTF-8 is told in base64."""
    return [[name, None if value is None else _text(value)] for name, value in headers]


def _text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _finite(wire: Wire, value: bytes, told: dict[str, Any]) -> dict[str, Any]:
    """Return what is told, unless JSON cannot hold it: it knows no infinity, and would silently say null."""
    if _may_have_floats(wire.registry.schema(schema_id_of(value))) and not _is_finite(told["payload"]):
        raise Misfit("", "a number that JSON can hold")
    return told


@lru_cache(maxsize=1024)
def _may_have_floats(schema: str) -> bool:
    return '"float"' in schema or '"double"' in schema


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
