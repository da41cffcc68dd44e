"""Reading back what the targets that are files have written: containers by fastavro, lines by making events anew."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro

from bus.cli.payloads import payload_from
from bus.envelope import Envelope, to_headers
from bus.records import Header
from bus.replays import MARKS
from bus.wire import Wire
from tests.contracts.target import Arrived


def whole_or_not(file: Path) -> Path:
    """Return the file under its name, or as it grows."""
    return file if file.exists() else file.with_name(file.name + ".partial")


def with_fastavro(file: Path) -> list[Arrived]:
    """Return what fastavro finds in a container."""
    with file.open("rb") as stream:
        return [_arrived(found) for found in fastavro.reader(stream)]


def from_lines(file: Path, wire: Wire) -> list[Arrived]:
    """Return the records that lines tell."""
    return [from_line(json.loads(line), wire) for line in file.read_bytes().splitlines()]


def _arrived(found: Any) -> Arrived:
    headers = tuple((one["name"], one["value"]) for one in found["headers"])
    return Arrived(
        topic=found["topic"], partition=found["partition"], offset=found["offset"],
        timestamp=milliseconds(found["timestamp"]), key=found["key"], value=found["value"],
        headers=headers[:-len(MARKS)], marks=headers[-len(MARKS):],
    )  # fmt: skip


def from_line(told: dict[str, Any], wire: Wire) -> Arrived:
    """Return the record that a line tells."""
    return Arrived(
        topic=told["topic"], partition=told["partition"], offset=told["offset"],
        timestamp=_accepted(told["accepted"]), key=_key(told), value=_value(told, wire),
        headers=_headers(told), marks=_marks(told["replay"]),
    )  # fmt: skip


def _accepted(told: str | int) -> int:
    return told if isinstance(told, int) else milliseconds(datetime.fromisoformat(told))


def _key(told: dict[str, Any]) -> bytes | None:
    if "key_base64" in told:
        return base64.b64decode(told["key_base64"])
    return None if told["key"] is None else told["key"].encode()


def _value(told: dict[str, Any], wire: Wire) -> bytes | None:
    if "unreadable" in told:
        return base64.b64decode(told["value_base64"])
    if told["payload"] is None:
        return None
    payload = payload_from(wire.registry.schema(told["schema"]), told["payload"])
    return wire.codec(told["schema"]).encode(payload, b"\x00" + told["schema"].to_bytes(4, "big"))


def _headers(told: dict[str, Any]) -> tuple[Header, ...]:
    """Return all headers: those told, behind those that the event's own keys tell, where these are not among them."""
    headers = tuple((name, _bytes(value)) for name, value in told["headers"])
    if told["payload"] is None or any(name == "ce_id" for name, _ in headers):
        return headers
    causation = told["causation"]
    event = Envelope(
        id=UUID(told["id"]), type=told["type"], source=told["source"], key=told["key"], payload={}, extra=headers,
        time=datetime.fromisoformat(told["occurred"]), agency=told["agency"], correlation=told["correlation"],
        causation=None if causation is None else UUID(causation),
    )  # fmt: skip
    return to_headers(event)


def _marks(told: dict[str, str]) -> tuple[Header, ...]:
    return tuple((f"lt_replay_{name}", text.encode()) for name, text in told.items())


def _bytes(told: Any) -> bytes | None:
    return told if told is None else told.encode() if isinstance(told, str) else base64.b64decode(told["base64"])


def milliseconds(moment: datetime) -> int:
    """Return an aware time as records have it."""
    return round(moment.timestamp() * 1000)
