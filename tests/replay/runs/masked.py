"""What the tests of masks share: a wire over a registry in memory, records, and the search for what should not show."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bus.codec import compile_codec
from bus.records import Header, Record
from bus.registry import open_registry
from bus.wire import Wire
from registry.local import LocalRegistry
from replay.runs.masking import Masking
from replay.runs.plan import Mask
from schemas.catalogue import load

SECRET = b"secret of the run"
ID = "6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57"
HEADERS: tuple[Header, ...] = (
    ("ce_specversion", b"1.0"), ("ce_id", ID.encode()), ("ce_type", b"DossierRated"), ("ce_source", b"one-stop"),
    ("ce_subject", b"H56.14-261124-0001"), ("ce_time", b"2026-11-24T02:15:00.000Z"),
    ("content-type", b"application/avro"), ("ce_correlationid", b"H56.14-261124-0001"),
)  # fmt: skip


@contextmanager
def a_wire(*schemas: str) -> Iterator[Wire]:
    """Give the real wire over a registry in memory, in which the schemas have the ids 1, 2, …"""
    registry = open_registry("sqlite://")
    assert isinstance(registry, LocalRegistry)
    for number, schema in enumerate(schemas, start=1):
        assert registry.register(f"subject-{number}", schema).schema_id == number
    yield Wire(registry, load())
    registry.close()


def a_record(schema: str, value: Mapping[str, Any], /, *, schema_id: int = 1, **facts: Any) -> Record:
    """Return a record that holds a value as history does; ``extra`` headers stand behind the usual ones."""
    data = compile_codec(schema).encode(value, b"\0" + schema_id.to_bytes(4, "big"))
    headers = HEADERS + tuple(facts.pop("extra", ()))
    usual = {"topic": "dossier.events", "key": b"H56.14-261124-0001", "value": data, "headers": headers}
    return Record(partition=1, offset=7, timestamp=1_800_000_000_000, **usual | facts)


def masked(record: Record, *schemas: str, mask: Mask = "all") -> Record:
    """Return the record as a run masks it."""
    with a_wire(*schemas) as wire:
        return Masking(wire, mask, SECRET)(record)


def value_of(record: Record, schema: str) -> dict[str, Any]:
    """Return the value as both codecs read it."""
    ours, fallback = (compile_codec(schema, generated=way).decode(record.value or b"", 5) for way in (True, False))
    assert ours == fallback
    return ours


def shown(record: Record, wanted: Iterable[bytes]) -> set[bytes]:
    """Return what of ``wanted`` stands in a record, as it is, as base64 wherever that may begin, or as hex."""
    parts = [record.key or b"", record.value or b""]
    parts += [part for name, value in record.headers for part in (name.encode(), value or b"")]
    text = b"\xff\0\xff".join(parts)
    return {one for one in wanted if any(form in text or form in text.lower() for form in _forms(one))}


def _forms(value: bytes) -> Iterator[bytes]:
    yield value
    yield value.hex().encode()
    for shift in range(3):
        # The characters at both ends hold bits of what stands beside the value.
        encoded = base64.b64encode(bytes(shift) + value)[(0, 2, 3)[shift] : (len(value) + shift) * 8 // 6]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))
