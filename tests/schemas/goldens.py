"""The golden bytes: for each version of each contract one full event and its Avro bytes, which decode to it for ever.

``golden/<Event>.jsonl`` has a line a version. ``python -m tests.schemas.goldens EVENT < sample.json`` writes the line
of the newest version; it is appended, and lines that stand are never touched.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from bus.codec import compile_codec
from registry import avro
from schemas.catalogue import EventEntry, load

FOLDER = Path(__file__).with_name("golden")


class Golden(NamedTuple):
    """One line: the contract's digest, the event as JSON tells it, and its bytes."""

    version: int
    contract: str
    value: dict[str, Any]
    data: bytes


def goldens(event_type: str) -> list[Golden]:
    """Return an event type's lines, oldest version first; none where there is no file."""
    file = FOLDER / f"{event_type}.jsonl"
    if not file.is_file():
        return []
    told = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [Golden(one["version"], one["contract"], one["value"], bytes.fromhex(one["bytes"])) for one in told]


def digest(schema: str) -> str:
    """Return what changes with anything in a contract but its white space and the order of Avro's attributes."""
    return hashlib.sha256(avro.identity(avro.parse(schema)).encode()).hexdigest()


def line(entry: EventEntry, told: dict[str, Any]) -> str:
    """Return the golden line of an event's newest version."""
    codec = compile_codec(entry.schema, generated=True)
    parts = {
        "version": len(entry.versions),
        "contract": digest(entry.schema),
        "value": told,
        "bytes": codec.encode(value_of(entry.schema, told)).hex(),
    }
    return json.dumps(parts, ensure_ascii=False)


def value_of(schema: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return the value that JSON tells: its texts become dates, moments and decimals where the contract says so."""
    value: dict[str, Any] = _meant(json.loads(schema), told, {})
    return value


def _meant(kind: Any, told: Any, named: dict[str, Any]) -> Any:
    if isinstance(kind, list):
        # The type is visited even where the value is null, because later fields name what it defines.
        return _meant(next(branch for branch in kind if branch != "null"), told, named)
    if isinstance(kind, str):
        kind = named.get(kind, {"type": kind})
    if kind["type"] == "record":
        return _meant_record(kind, told, named)
    if kind["type"] == "array":
        return [_meant(kind["items"], item, named) for item in told]
    read = _READ.get(kind.get("logicalType"))
    return told if read is None or told is None else read(told)


def _meant_record(kind: Any, told: Any, named: dict[str, Any]) -> Any:
    named[f"{kind['namespace']}.{kind['name']}"] = kind
    values = {field["name"]: _meant(field["type"], (told or {}).get(field["name"]), named) for field in kind["fields"]}
    return None if told is None else values


_READ: dict[str | None, Any] = {
    "date": date.fromisoformat,
    "timestamp-millis": datetime.fromisoformat,
    "decimal": Decimal,
}

if __name__ == "__main__":
    sys.stdout.write(line(load().event(sys.argv[1]), json.load(sys.stdin)) + "\n")
