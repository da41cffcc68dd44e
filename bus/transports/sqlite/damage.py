"""Looking at every record: which are damaged, which are missing, and whether their times go back.

A page at a time, each in a snapshot of its own: a look that lasts minutes must not hold the write-ahead log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bus.records import TopicPartition
from bus.transport import Span
from bus.transports.sqlite.directory import Topic
from bus.transports.sqlite.holes import Holes, holes_of, past
from bus.transports.sqlite.pack import unpack
from bus.transports.sqlite.reading import Row
from bus.transports.sqlite.schema import log_sql, span_of
from bus.transports.sqlite.store import Store, snapshot

_PAGE = 1000


class Fault(NamedTuple):
    """What is wrong with the offsets from ``first`` to before ``end``."""

    partition: TopicPartition
    part: int
    first: int
    end: int
    what: str

    def __str__(self) -> str:
        return f"{self.partition}/{self.first}{f' to {self.end - 1}' * (self.end - self.first > 1)} {self.what}"


MISSING = "missing"
DAMAGED = "not what was written: the checksum differs"
MISPLACED = "out of order"


def faults_of(store: Store, topic: Topic) -> Iterator[Fault]:
    """Yield what is wrong with a topic's records, by partition and offset."""
    for number, part in enumerate(topic.parts):
        partition = TopicPartition(topic.name, number)
        for first, end, what in _spans(store, part, is_dense=not topic.compacted):
            yield Fault(partition, part, first, end, what)


def _spans(store: Store, part: int, *, is_dense: bool) -> Iterator[tuple[int, int, str]]:
    following, last = 0, 0
    while True:
        span, holes, rows = _page(store, part, following)
        place = past(holes, max(following, span.first))
        for offset, timestamp, key, value, stored in rows:
            if is_dense and offset > place:
                yield place, offset, MISSING
            if unpack(key, value, stored) is None or not isinstance(timestamp, int):
                yield offset, offset + 1, DAMAGED
            elif not span.first <= offset < span.end or timestamp < last:
                yield offset, offset + 1, MISPLACED
            else:
                last = timestamp
            place = past(holes, max(place, offset + 1))
        if len(rows) < _PAGE:
            break
        following = place
    if is_dense and place < span.end:
        yield place, span.end, MISSING


def _page(store: Store, part: int, start: int) -> tuple[Span, Holes, Sequence[Row]]:
    with snapshot(store) as connection:
        rows = connection.execute(log_sql(part).page, (start, _PAGE)).fetchall()
        return span_of(connection, part), holes_of(connection, part), rows
