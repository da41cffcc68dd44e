"""Reading several partitions as one history: ordered by when the bus accepted, and within a partition by offset.

The order is the same whoever walks and wherever they begin: by time of acceptance, then topic, partition and offset. A
time that goes back within a partition, as on Kafka it may, counts as the latest before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from bus.pages import Damaged, Page, pages
from bus.records import Record, TopicPartition
from bus.transport import Transport
from replay.runs.choice import Choice

_MANY = 500
_PAGE_BYTES = 256 * 1024
"""About how much of a partition is held in memory: there may be many partitions, and records of a megabyte."""

OnGap = Callable[[TopicPartition, int, int, Damaged | None], None]
"""Told of offsets, half open, that are not there; with what was found where there are bytes that nobody wrote."""


class Part(Struct, frozen=True, kw_only=True):
    """What to read of one partition: half-open runs of offsets, rising, from ``start`` on.

    ``high`` is the latest time of acceptance before that.
    """

    name: TopicPartition
    runs: Sequence[tuple[int, int]]
    start: int = 0
    high: int = 0


def walk(log: Transport, parts: Sequence[Part], choice: Choice, on_gap: OnGap) -> Iterator[Sequence[Record]]:
    """Yield all records that are meant, in order, a few at a time.

    Raises what the log raises; damage is told to ``on_gap`` and passed over.
    """
    lanes = [_Lane(log, part, choice, on_gap) for part in sorted(parts, key=lambda part: part.name)]
    while lanes := [lane for lane in lanes if lane.fill()]:
        horizon = min((lane.times[-1] for lane in lanes if lane.may_go_on), default=None)
        together = _sorted([lane.before(horizon) for lane in lanes])
        if together:
            yield together
        elif horizon is not None:
            # All that is left at hand is of one moment, and there may be more of it: one partition after another.
            for lane in lanes:
                yield from lane.at(horizon)


class _Lane:
    """One partition: what was read of it and not yet given."""

    __slots__ = (
        "_at", "_choice", "_high", "_log", "_name", "_next", "_on_gap", "_records", "_runs", "_size", "times",
    )  # fmt: skip

    def __init__(self, log: Transport, part: Part, choice: Choice, on_gap: OnGap) -> None:
        self._log, self._name, self._choice, self._on_gap = log, part.name, choice, on_gap
        self._runs, self._next = part.runs, part.start
        self._at = bisect_right(part.runs, part.start, key=lambda run: run[1])
        self._high, self._size = part.high, 1
        self._records: Sequence[Record] = ()
        self.times: list[int] = []

    @property
    def may_go_on(self) -> bool:
        """Tell whether there is more to read."""
        return self._at < len(self._runs)

    def fill(self) -> bool:
        """Read on until something is at hand; return whether anything is."""
        while not self.times and self.may_go_on:
            self._read()
        return bool(self.times)

    def before(self, horizon: int | None) -> tuple[Sequence[Record], list[int]]:
        """Take out what was accepted before ``horizon``; all that is at hand if it is None."""
        return self._cut(len(self.times) if horizon is None else bisect_left(self.times, horizon))

    def at(self, moment: int) -> Iterator[Sequence[Record]]:
        """Take out all that was accepted at ``moment``, reading on as far as it goes."""
        while self.fill() and self.times[0] == moment:
            yield self._cut(bisect_right(self.times, moment))[0]

    def _cut(self, count: int) -> tuple[Sequence[Record], list[int]]:
        taken = self._records[:count], self.times[:count]
        self._records, self.times = self._records[count:], self.times[count:]
        return taken

    def _read(self) -> None:
        first, end = self._runs[self._at]
        start = max(first, self._next)
        if start >= end:
            self._at += 1
            return
        page = next(pages(self._log, self._name, start, end, self._size))
        self._next = page.next
        if page.next >= end:
            self._at += 1
        self._tell_gaps(page, start)
        self._size = _fitting(page.records, self._size)
        self._records = self._choice(page.records)
        times = list(accumulate((record.timestamp for record in self._records), max, initial=self._high))
        self._high, self.times = times[-1], times[1:]

    def _tell_gaps(self, page: Page, start: int) -> None:
        """Tell of what lies between ``start`` and the page's end without being there."""
        if page.damaged is not None:
            self._on_gap(self._name, page.damaged.offset, page.damaged.offset + 1, page.damaged)
            if start < page.damaged.offset:
                self._on_gap(self._name, start, page.damaged.offset, None)
            return
        if page.next - start == len(page.records):
            return
        expected = start
        for record in page.records:
            if record.offset > expected:
                self._on_gap(self._name, expected, record.offset, None)
            expected = record.offset + 1
        if expected < page.next:
            self._on_gap(self._name, expected, page.next, None)


def _sorted(taken: Iterable[tuple[Sequence[Record], list[int]]]) -> Sequence[Record]:
    """Return the records of several partitions by their times; of equal ones, in the order of the partitions."""
    filled = [one for one in taken if one[1]]
    if len(filled) <= 1:
        return filled[0][0] if filled else ()
    records = [record for some, _ in filled for record in some]
    times = [moment for _, some in filled for moment in some]
    return [records[place] for place in sorted(range(len(times)), key=times.__getitem__)]


def _fitting(records: Sequence[Record], size: int) -> int:
    """Return how many records to read next, by how large the last were."""
    if not records:
        return size
    total = sum(len(record.value or b"") + len(record.key or b"") + 256 for record in records)
    return max(1, min(_MANY, _PAGE_BYTES * len(records) // total, size * 4))
