"""Reading a partition: pages of records, and the offset of a moment. Nothing that was written is left out in silence.

The offsets of a topic that is not compacted have no gaps, but for holes that a person has accepted. A page ends
before damage or a loss, and what would then be the first to be read is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from sqlite3 import Connection
from typing import TypeAlias

from bus.errors import CorruptRecord, DamagedStore, MissingRecords, OffsetOutOfRange
from bus.records import Record, TopicPartition
from bus.transport import Span
from bus.transports.sqlite.directory import Directory
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.holes import Holes, holes_of, past
from bus.transports.sqlite.pack import unpack
from bus.transports.sqlite.schema import log_sql, span_of
from bus.transports.sqlite.store import Store, snapshot

Row: TypeAlias = tuple[int, int, bytes | None, bytes | None, bytes]
"""Offset, time stamp, key, value, and the packed headers."""

_LAST = (1 << 63) - 1


class Reader:
    """Reads pages. Threads share it."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        """Return a page; see :class:`~bus.transport.Transport`."""
        part = self._directory.part(partition)
        if limit < 1:
            return []
        with sqlite_errors(self._store.path), self._store.reader() as connection:
            rows: Sequence[Row] = connection.execute(log_sql(part).page, (min(start, _LAST), limit)).fetchall()
            if not rows and start == span_of(connection, part).end:
                return []
        if [row[0] for row in rows] != list(range(start, start + len(rows))) or not rows:
            rows = self._page_with_gaps(partition, part, start, limit)
        return _records(partition, rows)

    def _page_with_gaps(self, partition: TopicPartition, part: int, start: int, limit: int) -> Sequence[Row]:
        """Return the page, and see in one snapshot whether offsets that are not there may be missing."""
        with snapshot(self._store) as connection:
            span = span_of(connection, part)
            if start > span.end:
                raise OffsetOutOfRange(str(partition), start, *span)
            rows = connection.execute(log_sql(part).page, (start, limit)).fetchall()
            holes = holes_of(connection, part)
        if self._directory.topic(partition.topic).compacted:
            return _rising(partition, rows, start)
        return _unbroken(partition, rows, Span(max(start, span.first), span.end), holes)


def offset_at(connection: Connection, part: int, timestamp: int) -> int:
    """Return the first offset accepted at or after ``timestamp``, within one snapshot, by halving."""
    low, end = span_of(connection, part)
    high, found = end, end
    statement = log_sql(part).at_or_after
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(statement, (middle,)).fetchone()
        if row is not None and not isinstance(row[1], int):
            raise DamagedStore(f"the time stamp at offset {row[0]} of partition number {part} is not what was written")
        if row is None or row[1] >= timestamp:
            high, found = middle, end if row is None else row[0]
        else:
            low = row[0] + 1
    return found


def _unbroken(partition: TopicPartition, rows: Sequence[Row], span: Span, holes: Holes) -> Sequence[Row]:
    """Return the rows before the first offset that is missing. Raises MissingRecords if that is the first of all."""
    place, kept = past(holes, span.first), 0
    for row in rows:
        if row[0] != place:
            break
        place, kept = past(holes, place + 1), kept + 1
    if not kept and place < span.end:
        following = rows[0][0] if rows else span.end
        raise MissingRecords(
            f"{partition}/{place} is missing, and what follows up to {following - 1}",
            hint="Keep the file as it is; `lienthong doctor` tells more.",
        )
    return rows[:kept]


def _rising(partition: TopicPartition, rows: Sequence[Row], start: int) -> Sequence[Row]:
    """Return the rows before the first whose offset is not between its neighbours'. Raises CorruptRecord if none is."""
    for offset, following in pairwise([start - 1, *(row[0] for row in rows)]):
        if offset >= following:
            kept = [row for row in rows if row[0] < following]
            if not kept:
                raise CorruptRecord(f"{partition}/{offset} stands in a place that is not its own")
            return kept
    return rows


def _records(partition: TopicPartition, rows: Sequence[Row]) -> list[Record]:
    topic, number = partition
    records: list[Record] = []
    for offset, timestamp, key, value, stored in rows:
        headers = unpack(key, value, stored)
        if headers is None:
            if records:
                break
            raise CorruptRecord(f"{partition}/{offset} is not what was written: its checksum differs")
        records.append(
            Record(
                topic=topic, partition=number, offset=offset, timestamp=timestamp,
                key=key, value=value, headers=headers,
            )
        )  # fmt: skip
    return records
