"""Records as they stand in history, for the suite of replays' targets: real events of two types, and odd ones.

Values are real: written by the catalogue's own contracts, under the ids 1 and 2, which :func:`a_registry` gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from bus.codec import Codec, compile_codec
from bus.envelope import Envelope, event_id, to_headers
from bus.records import MAX_VALUE_BYTES, Record
from bus.registry import open_registry
from bus.wire import Wire
from registry.local import LocalRegistry
from replay.runs.target import RunFacts
from schemas.catalogue import load

TYPES = ("DossierRated", "PaymentConfirmed")
"""Their schemas' ids are 1 and 2."""

RUN = "0123456789abcdef"
BEGAN = "2026-11-25T02:15:00.000Z"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
_DAY_MS = 86_400_000
UNREADABLE = b"\xff is no value of any schema"


@contextmanager
def a_wire() -> Iterator[Wire]:
    """Give the real wire over a registry in memory that knows the two contracts."""
    registry, catalogue = open_registry("sqlite://"), load()
    assert isinstance(registry, LocalRegistry)
    for number, entry in enumerate(map(catalogue.event, TYPES), start=1):
        assert registry.register(entry.subject, entry.schema).schema_id == number
    yield Wire(registry, catalogue)
    registry.close()


def a_header(records: int, run: str = RUN) -> RunFacts:
    """Return what a target is told of a run over so many records."""
    schemas = {number: load().event(name).schema for number, name in enumerate(TYPES, start=1)}
    return RunFacts(run=run, digest=run * 4, began=BEGAN, records=records, schemas=schemas)


def a_record(offset: int, **changes: Any) -> Record:
    """Return the record at an offset: by turns a rating and a payment, of three dossiers, in two partitions."""
    event = an_event(offset % _DAY_MS)
    facts = {
        "topic": load().event(event.type).topic,
        "partition": offset % 3 % 2,
        "timestamp": int(NOON.timestamp() * 1000) + offset % _DAY_MS,
        "key": event.key.encode(),
        "value": a_value(offset % 2 + 1, event.payload),
        "headers": to_headers(event),
        **changes,
    }
    return Record(offset=offset, **facts)


def history(number: int) -> list[Record]:
    """Return so many records, in order."""
    return [a_record(offset) for offset in range(number)]


def an_event(offset: int) -> Envelope:
    """Return the event that stands at an offset."""
    code = f"H56.14-261124-{offset % 3:04}"
    payload = _rating(code, offset) if offset % 2 == 0 else _payment(code, offset)
    return Envelope(
        id=event_id("one-stop", str(offset)), type=TYPES[offset % 2], source="one-stop", key=code,
        time=NOON + timedelta(milliseconds=offset), payload=payload, correlation=code, agency="H56.14",
    )  # fmt: skip


def a_value(schema_id: int, payload: Any) -> bytes:
    """Return a payload as records hold it."""
    return _codec(schema_id).encode(payload, b"\x00" + schema_id.to_bytes(4, "big"))


def odd_records() -> dict[str, Record]:
    """Return records that are as the log may hold them and not as most are; each has an offset of its own."""
    ordinary = a_record(0).headers
    big = a_value(1, _rating("H56.14-261124-0000", 0) | {"sourceTime": "ạ" * (MAX_VALUE_BYTES // 3 - 200)})
    changes: dict[str, dict[str, Any]] = {
        "no key": {"key": None},
        "empty key": {"key": b""},
        "key that is no UTF-8": {"key": b"\xff\x00\xfe"},
        "tombstone": {"value": None},
        "tombstone without headers": {"value": None, "headers": ()},
        "empty value": {"value": b""},
        "unreadable value": {"value": UNREADABLE},
        "value of an unknown schema": {"value": b"\x00\x00\x00\x00\x09rest"},
        "value of 1 MiB": {"value": big},
        "unreadable value of 1 MiB": {"value": b"\xfe" * MAX_VALUE_BYTES},
        "no headers": {"headers": ()},
        "header without a value": {"headers": (*ordinary, ("x-none", None))},
        "repeated header": {"headers": (*ordinary, ("x-twice", b"1"), ("x-other", b"2"), ("x-twice", b"3"))},
        "header that is no UTF-8": {"headers": (*ordinary, ("x-bytes", b"\xff\xfe\x00"))},
        "header with a Vietnamese name": {"headers": (*ordinary, ("x-tỉnh", "Thừa Thiên Huế".encode()))},
        "long header": {"headers": (*ordinary, ("x-long", b"l" * 20_000), ("x" * 2000, b""))},
        "last offset that there is": {"offset": 2**63 - 1},
    }
    return {name: a_record(**{"offset": 2 * number, **change}) for number, (name, change) in enumerate(changes.items())}


def bytes_of(records: Sequence[Record]) -> int:
    """Return how much of a target's room records take: their values, keys and headers."""
    return sum(map(_size, records))


def _size(record: Record) -> int:
    extra = sum(len(name.encode()) + len(value or b"") for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + extra


@cache
def _codec(schema_id: int) -> Codec:
    return compile_codec(load().event(TYPES[schema_id - 1]).schema)


def _code(code: str, system: str) -> dict[str, Any]:
    return {"code": code, "codeSystem": system, "validAt": None}


def _rating(code: str, offset: int) -> dict[str, Any]:
    return {
        "dossierCode": _code(code, "VN-DOSSIER"), "rating": _code("5", "H56-RATING"), "criterion": None,
        "comment": f"Rất hài lòng, lần {offset}", "sourceTime": None, "rawHash": None,
    }  # fmt: skip


def _payment(code: str, offset: int) -> dict[str, Any]:
    return {
        "dossierCode": _code(code, "VN-DOSSIER"), "reference": f"P{offset:05}",
        "amount": {"amount": Decimal("150000.00"), "currency": "VND"}, "state": None, "method": None, "gateway": None,
        "gatewayTransaction": f"G{offset}", "bank": None, "paidAt": {"at": NOON, "text": None}, "confirmedBy": None,
        "sourceTime": None, "rawHash": None,
    }  # fmt: skip
