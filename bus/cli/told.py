"""A record as a command tells it: the event where it can be read, and else what its headers say, with the reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bus.cli.moments import as_clock, as_text
from bus.cli.output import described, printable
from bus.cli.plain import plain_event
from bus.deadletters import SUFFIX, Letter, read_letter
from bus.envelope import Envelope
from bus.errors import ContractError, LienthongError
from bus.pages import Damaged
from bus.records import Record
from bus.settlements import Settlement, read_settlement

if TYPE_CHECKING:
    from bus.wire import Wire

_HEADERS = {
    "id": "ce_id", "type": "ce_type", "occurred": "ce_time", "source": "ce_source", "agency": "ce_agency",
    "key": "ce_subject", "correlation": "ce_correlationid", "causation": "ce_causationid",
}  # fmt: skip
_PREVIEW = 2000


class Told(Struct, frozen=True, kw_only=True):
    """One record. Without ``event`` there is an ``error``, or it is a dead letter, a settlement or a tombstone.

    ``record`` is None where its bytes were damaged in the log.
    """

    place: str
    accepted: int
    record: Record | None
    event: Envelope | None = None
    error: LienthongError | None = None
    letter: Letter | None = None
    settlement: Settlement | None = None


def tell(wire: Wire, found: Record | Damaged) -> Told:
    """Read a record. A dead letter that cannot be read is no surprise, and so no error."""
    if isinstance(found, Damaged):
        return Told(place=found.place, accepted=found.timestamp, record=None, error=found.error)
    is_buried = found.topic.endswith(SUFFIX)
    settlement = read_settlement(found) if is_buried else None
    if settlement is not None:
        return Told(place=str(found.place), accepted=found.timestamp, record=found, settlement=settlement)
    letter = read_letter(found) if is_buried else None
    event, error = None, None
    if found.value is not None:
        try:
            event = wire.decode(found)
        except ContractError as refusal:
            error = None if letter else refusal
    return Told(place=str(found.place), accepted=found.timestamp, record=found, event=event, error=error, letter=letter)


def answer(told: Told) -> dict[str, Any]:
    """Return a record as JSON, with the keys that every command uses for an event."""
    accepted = as_text(told.accepted)
    return {
        "place": told.place,
        **(plain_event(told.event, accepted) if told.event else _from_headers(told.record, accepted)),
        "error": described(told.error) if told.error else None,
        "letter": letter_answer(told.letter) if told.letter else None,
    }


def letter_answer(letter: Letter) -> dict[str, Any]:
    """Return why a letter was buried."""
    return {
        "topic": letter.topic, "code": letter.code, "reason": letter.reason, "stage": letter.stage, "by": letter.by,
        "origin": letter.origin, "attempts": letter.attempts, "time": letter.time, "redrives": letter.redrives,
    }  # fmt: skip


def headers_answer(record: Record) -> list[list[str | None]]:
    """Return all headers as text, in their order: bytes that are not UTF-8 are escaped."""
    return [[name, None if value is None else value.decode("utf-8", "backslashreplace")] for name, value in
            record.headers]  # fmt: skip


def raw_answer(value: bytes | None) -> dict[str, Any] | None:
    """Return bytes as they are, with the beginning as text."""
    if value is None:
        return None
    return {"bytes": len(value), "preview": preview(value), "base64": base64.b64encode(value).decode()}


def preview(value: bytes) -> str:
    r"""Return the beginning of bytes as text that does nothing to a terminal.

    >>> preview(b"A;B\x00\xff")
    'A;B\\x00\\xff'
    """
    text = value[:_PREVIEW].decode("utf-8", "backslashreplace")
    return printable(text) + (f"… ({len(value):,} bytes)" if len(value) > _PREVIEW else "")


def _header_text(record: Record, name: str) -> str:
    """Return a header as text, empty where there is none; bytes that are no UTF-8 are escaped."""
    return (record.header(name) or b"").decode("utf-8", "backslashreplace")


def lines(told: Told, zone: tzinfo) -> Iterator[str]:
    """Yield a record for people: when, what, whose and where, then the payload or what is wrong."""
    facts = answer(told)
    who = " · ".join(facts[name] for name in ("agency", "source") if facts[name])
    what = facts["type"] or (
        "damaged" if told.record is None else told.settlement.kind if told.settlement else "no event"
    )
    head = (as_clock(told.accepted, zone), what, facts["key"] or "", who, told.place)
    yield printable("  ".join(part for part in head if part))
    if told.letter:
        yield printable(f"    buried: {told.letter.code} {told.letter.reason}")
    if told.settlement:
        yield printable(f"    {told.settlement.letter}: {told.settlement.reason}")
    if told.error:
        yield printable(f"    {told.error.code}: {told.error}")
        if told.error.hint:
            yield f"    Next: {told.error.hint}"
    if told.event:
        yield printable(f"    {json.dumps(told_only(facts['payload']), ensure_ascii=False)}")
    elif told.record and told.record.value is None:
        yield "    deleted: what this key told before is to be forgotten"


def told_only(value: Any) -> Any:
    """Leave out fields that tell nothing: most of a contract's are optional."""
    if isinstance(value, Mapping):
        return {name: told_only(one) for name, one in value.items() if one not in (None, [])}
    return [told_only(one) for one in value] if isinstance(value, list) else value


def _from_headers(record: Record | None, accepted: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, header in _HEADERS.items():
        told[name] = (_header_text(record, header) or None) if record else None
        if name == "occurred":
            told["accepted"] = accepted
    return {**told, "payload": None}
