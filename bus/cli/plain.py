"""Events and Avro values as JSON can hold them: one form for every command. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bus.envelope import Envelope, format_time

_AS_THEY_ARE = frozenset((type(None), bool, int, float, str))


def plain(value: Any) -> Any:
    """Return an Avro value as JSON can hold it: times in RFC 3339, decimals as text, bytes as base64.

    Nothing is lost on the way: :func:`bus.cli.payloads.payload_from` goes back.

    >>> plain({"at": datetime(2026, 11, 24, tzinfo=UTC), "b": b"\\x00"})
    {'at': '2026-11-24T00:00:00.000Z', 'b': 'AA=='}
    """
    if type(value) in _AS_THEY_ARE:  # first, since most are: a replay tells millions
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):  # a union's record with the name of its branch
        return {value[0]: plain(value[1])}
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, bool | int | float | str) else str(value)


def _time(value: datetime) -> str:
    """Return a time with its offset; without one where the contract's own type has none."""
    digits = "microseconds" if value.microsecond % 1000 else "milliseconds"
    if value.tzinfo is None:
        return value.isoformat(timespec=digits)
    return value.astimezone(UTC).isoformat(timespec=digits)[:-6] + "Z"


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
