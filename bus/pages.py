"""Reading a partition page by page. A record whose bytes were damaged is named, and those behind it are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from bus.errors import CorruptRecord
from bus.records import Record, TopicPartition
from bus.transport import Transport

PAGE = 500


class Damaged(Struct, frozen=True, kw_only=True):
    """A record whose bytes are not those that were written. ``timestamp`` is that of the record before it."""

    partition: TopicPartition
    offset: int
    timestamp: int
    error: CorruptRecord

    @property
    def place(self) -> str:
        """Where it stands: ``topic/partition/offset``."""
        return f"{self.partition}/{self.offset}"


Found: TypeAlias = Record | Damaged


class Page(NamedTuple):
    """Records in their order, or a damaged one alone; ``next`` is where the following page begins."""

    records: Sequence[Record]
    damaged: Damaged | None
    next: int

    def sound(self) -> Sequence[Record]:
        """Return the records, for who cannot go on without one. Raises :class:`~bus.errors.CorruptRecord`."""
        if self.damaged is not None:
            raise self.damaged.error
        return self.records


def pages(log: Transport, partition: TopicPartition, start: int, end: int, size: int = PAGE) -> Iterator[Page]:
    """Yield what stands from ``start`` up to ``end``; the last page leads to ``end``, also over a gap.

    A page is read when it is asked for. Raises what :meth:`~bus.transport.Transport.read` raises, but for damage.
    """
    timestamp = 0
    while start < end:
        damaged, records = None, list[Record]()
        try:
            records = [one for one in log.read(partition, start, min(size, end - start)) if one.offset < end]
        except CorruptRecord as error:
            offset = _offset_of(error, log, partition, (start, end))
            damaged = Damaged(partition=partition, offset=offset, timestamp=timestamp, error=error)
            start = offset + 1
        else:
            start = records[-1].offset + 1 if records else end
            timestamp = records[-1].timestamp if records else timestamp
        yield Page(records, damaged, start)


def read_between(log: Transport, partition: TopicPartition, start: int, end: int, size: int = PAGE) -> Iterator[Found]:
    """Yield what stands from ``start`` up to ``end``, in order, damaged records in their places."""
    for page in pages(log, partition, start, end, size):
        yield from page.records
        if page.damaged is not None:
            yield page.damaged


def read_back(log: Transport, partition: TopicPartition, start: int, end: int, size: int) -> Iterator[list[Found]]:
    """Yield the pages from ``end`` back to ``start``, newest first; within a page records keep their order."""
    while start < end:
        first = max(start, end - size)
        yield list(read_between(log, partition, first, end, size))
        end = first


def _offset_of(error: CorruptRecord, log: Transport, partition: TopicPartition, within: tuple[int, int]) -> int:
    """Return the damaged record's offset: over a hole it is met from every offset before its own, in the same words."""
    offset, end = within
    while offset + 1 < end:
        try:
            log.read(partition, offset + 1, 1)
        except CorruptRecord as another:
            if str(another) != str(error):
                break
            offset += 1
        else:
            break
    return offset
