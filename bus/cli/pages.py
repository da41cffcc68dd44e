"""Reading a partition's records page by page; one whose bytes were damaged is stepped over, and named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from bus.errors import CorruptRecord
from bus.records import Record, TopicPartition
from bus.transport import Transport

PAGE = 200


class Damaged(Struct, frozen=True, kw_only=True):
    """A record whose bytes are not those that were written. ``timestamp`` is that of the record before it."""

    place: str
    timestamp: int
    error: CorruptRecord


Found: TypeAlias = Record | Damaged


def read_between(log: Transport, partition: TopicPartition, start: int, end: int) -> Iterator[Found]:
    """Yield what stands from ``start`` up to ``end``, in order; a page is read when its first record is asked for."""
    timestamp, last = 0, ""
    while start < end:
        try:
            page = log.read(partition, start, min(PAGE, end - start))
        except CorruptRecord as error:
            # Which offset is damaged only its message tells: over a hole, the same record is met again.
            if str(error) != last:
                yield Damaged(place=f"{partition}/{start}", timestamp=timestamp, error=error)
            start, last = start + 1, str(error)
            continue
        for record in page:
            if record.offset < end:
                yield record
        if not page:
            return
        start, timestamp = page[-1].offset + 1, page[-1].timestamp


def read_back(log: Transport, partition: TopicPartition, start: int, end: int) -> Iterator[list[Found]]:
    """Yield the pages from ``end`` back to ``start``, newest first; within a page records keep their order."""
    while start < end:
        first = max(start, end - PAGE)
        yield list(read_between(log, partition, first, end))
        end = first
