"""Events and Avro values as JSON can hold them: one form for every command. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from bus.envelope import Envelope, format_time


def plain(value: Any) -> Any:
    """Return an Avro value as JSON can hold it: times in RFC 3339, decimals as text, bytes as base64.

    >>> plain({"at": datetime(2026, 11, 24, tzinfo=UTC), "b": b"\\x00"})
    {'at': '2026-11-24T00:00:00.000Z', 'b': 'AA=='}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return format_time(value if value.tzinfo is not None else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def plain_event(event: Envelope, accepted: str | None = None) -> dict[str, Any]:
    """Return an event's envelope and payload, with the keys that every command uses.

    ``accepted`` is when the bus took it, in RFC 3339; left out where it has not yet.
    """
    return {
        "id": str(event.id),
        "type": event.type,
        "occurred": format_time(event.time),
        **({} if accepted is None else {"accepted": accepted}),
        "source": event.source,
        "agency": event.agency,
        "key": event.key,
        "correlation": event.correlation,
        "causation": None if event.causation is None else str(event.causation),
        "payload": plain(event.payload),
    }
