"""From a fetched thing to records, whole or not at all, with the stage at which it failed. Pure, but for the codec.

The runtime and ``connector check`` walk the same way, so a mapping that was tried does the same when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from bus.envelope import Envelope
from bus.errors import ContractError, NotApplied
from bus.producer import Check, Encoder
from bus.records import MAX_EXTRA_BYTES, MAX_VALUE_BYTES, NewRecord
from connectors.sdk import Fetched

_MAX_EXTRA_BYTES = MAX_EXTRA_BYTES * 7 // 8
"""Some room is left for how an engine stores key and headers."""


class Mapper(Protocol):
    """What a source and a webhook share."""

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return the events that ``item`` tells. Raises :class:`~bus.errors.ContractError`."""
        ...


class Told(NamedTuple):
    """An event with its record."""

    event: Envelope
    record: NewRecord


class Refused(Exception):
    """A thing cannot be told: ``stage`` is ``read``, ``examine`` (a notice's), ``map``, ``rules`` or ``encode``."""

    def __init__(self, stage: str, error: ContractError) -> None:
        super().__init__(stage)
        self.stage, self.error = stage, error


def tell(item: Fetched, mapper: Mapper, wire: Encoder, check: Check | None = None) -> Sequence[Told]:
    """Return what ``item`` tells, in order. Raises :class:`Refused`: then none of it is told."""
    stage = "read"
    try:
        if item.fault is not None:
            raise item.fault
        stage = "map"
        events = mapper.map(item)
        stage = "rules"
        if check is not None:
            for event in events:
                check(event)
        stage = "encode"
        return [Told(event, encoded(event, wire)) for event in events]
    except NotApplied:  # no data is at fault
        raise
    except ContractError as error:
        raise Refused(stage, error) from error


def encoded(event: Envelope, wire: Encoder) -> NewRecord:
    """Return an event's record, if an engine would take it: it would refuse a whole batch for one that is too large.

    Raises :class:`~bus.errors.ContractError`.
    """
    record = wire.encode(event)
    if record.value is not None and len(record.value) > MAX_VALUE_BYTES:
        raise ContractError(
            f"the event has {len(record.value)} bytes; a record's limit is {MAX_VALUE_BYTES}",
            hint="Files never travel on a topic: map their id, media type, size and SHA-256 instead.",
        )
    extra = len(record.key or b"") + sum(len(name) + len(value or b"") for name, value in record.headers)
    if extra > _MAX_EXTRA_BYTES:
        raise ContractError(
            f"the event's key and headers have {extra} bytes; their limit is {_MAX_EXTRA_BYTES}",
            hint="Take a code as key, agency and correlation, not a text.",
        )
    return record
