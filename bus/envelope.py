"""The envelope: CloudEvents 1.0 in Kafka's binary mode, as headers around Avro bytes.

Source: CloudEvents specification 1.0.2 and its Kafka protocol binding, section 3.2 (binary content mode).
Avro payloads never repeat what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from bus.errors import InvalidEnvelope
from bus.records import Header

_NAMESPACE = UUID("6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57")
"""Ours, drawn once. Changing it would give every fact a new id: never."""


class Envelope(Struct, frozen=True, kw_only=True):
    """One event: a fact in the past tense, with who says so and what it belongs to.

    ``time`` is when the fact happened (aware; whole milliseconds), ``key`` the identity whose order matters,
    ``correlation`` the dossier code as a rule, ``causation`` the id of the event that led to this one,
    ``agency`` who vouches for it. ``extra`` keeps headers that are not ours, in their order.
    """

    id: UUID
    type: str
    source: str
    key: str
    time: datetime
    payload: Mapping[str, Any]
    agency: str | None = None
    correlation: str | None = None
    causation: UUID | None = None
    data_schema: str | None = None
    traceparent: str | None = None
    extra: tuple[Header, ...] = ()


def event_id(source: str, native_id: str, native_version: str = "") -> UUID:
    """Return the id of a source fact: the same for ever, so a repeated poll repeats no event.

    >>> event_id("one-stop", "H56.14-261124-0001", "3") == event_id("one-stop", "H56.14-261124-0001", "3")
    True
    """
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    return uuid5(_NAMESPACE, f"{len(source)}:{source}|{len(native_id)}:{native_id}|{native_version}")


def to_headers(event: Envelope) -> tuple[Header, ...]:
    """Return the event's headers, in a fixed order, absent ones left out."""
    headers: list[Header] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.id).encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", event.source.encode()),
        ("ce_subject", event.key.encode()),
        ("ce_time", format_time(event.time).encode()),
        ("content-type", b"application/avro"),
    ]
    if event.data_schema is not None:
        headers.append(("ce_dataschema", event.data_schema.encode()))
    if event.correlation is not None:
        headers.append(("ce_correlationid", event.correlation.encode()))
    if event.causation is not None:
        headers.append(("ce_causationid", str(event.causation).encode()))
    if event.agency is not None:
        headers.append(("ce_agency", event.agency.encode()))
    if event.traceparent is not None:
        headers.append(("traceparent", event.traceparent.encode()))
    headers.extend(event.extra)
    return tuple(headers)


_OURS = {
    "ce_specversion": "", "ce_id": "id", "ce_type": "type", "ce_source": "source", "ce_subject": "key",
    "ce_time": "time", "content-type": "", "ce_dataschema": "data_schema", "ce_correlationid": "correlation",
    "ce_causationid": "causation", "ce_agency": "agency", "traceparent": "traceparent",
}  # fmt: skip
_REQUIRED = ("id", "type", "source", "key", "time")


def from_headers(headers: Sequence[Header], payload: Mapping[str, Any]) -> Envelope:
    """Return the event that these headers describe.

    Raises :class:`~bus.errors.InvalidEnvelope` with the header's name, never its value.
    """
    found: dict[str, Any] = {}
    extra: list[Header] = []
    for name, value in headers:
        field = _OURS.get(name)
        if field is None:
            extra.append((name, value))
        elif field and value is not None:
            try:
                found[field] = value.decode()
            except UnicodeDecodeError as error:
                raise InvalidEnvelope(f"header {name} is not UTF-8") from error
    for field in _REQUIRED:
        if field not in found:
            raise InvalidEnvelope(f"the record has no {_header_of(field)} header")
    for field in ("id", "causation"):
        if field in found:
            try:
                found[field] = UUID(found[field])
            except ValueError as error:
                raise InvalidEnvelope(f"header {_header_of(field)} is not a UUID") from error
    found["time"] = parse_time(found["time"])
    return Envelope(payload=payload, extra=tuple(extra), **found)


def format_time(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds: ``2026-11-24T02:15:00.000Z``.

    Raises :class:`~bus.errors.InvalidEnvelope` for a naive time: nobody knows which hour it means.
    """
    if moment.tzinfo is None:
        raise InvalidEnvelope("ce_time has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_time(text: str) -> datetime:
    """Return the aware UTC time of an RFC 3339 text. Raises :class:`~bus.errors.InvalidEnvelope`."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise InvalidEnvelope("header ce_time has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # the first or last hours of the calendar are over its edge in UTC
        raise InvalidEnvelope("header ce_time is not an RFC 3339 time") from error


def _header_of(field: str) -> str:
    return next(name for name, known in _OURS.items() if known == field)
