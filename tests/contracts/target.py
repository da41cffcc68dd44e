"""What every target of a replay promises: subclass :class:`TargetContract` and give it three fixtures.

```python
class TestLines(TargetContract):
    @pytest.fixture
    def open_target(self, tmp_path: Path, wire: Wire) -> OpenTarget: ...

    @pytest.fixture
    def arrived(self, tmp_path: Path) -> Callable[[], list[Arrived]]: ...

    @pytest.fixture
    def is_whole(self, tmp_path: Path) -> Callable[[], bool]: ...
```

A target that tells less than the log, tells it otherwise, or keeps the order per key only, says so by overriding
:meth:`TargetContract.told`, :meth:`TargetContract.in_order` and :meth:`TargetContract.keep`; no test is left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias, final

import pytest
from msgspec import Struct

from bus.records import Header, Record
from bus.replays import ORIGIN, RUN, TIME
from bus.wire import Wire
from replay.runs.target import Settled, Target
from tests.contracts.history import BEGAN, a_header, a_record, a_wire, bytes_of, history, odd_records
from tests.contracts.history import RUN as RUN_ID

OpenTarget: TypeAlias = Callable[[], Target]


class Arrived(Struct, frozen=True, kw_only=True):
    """A record as a reader of the target finds it: its origin, what it holds, and its marks.

    ``headers`` are those that it had in history, in their order; ``marks`` those that the run has added.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: Any
    headers: tuple[Header, ...]
    marks: tuple[Header, ...]


class TargetContract:
    """Each test is a promise of the port.

    ``open_target`` opens the same target anew, as another process would; ``arrived`` reads what is there now, whole or
    not; ``is_whole`` says whether somebody could take it for a whole replay.
    """

    @pytest.fixture
    def wire(self) -> Iterator[Wire]:
        """The wire that knows the records' contracts."""
        with a_wire() as wire:
            yield wire

    @pytest.fixture
    def opened(self, open_target: OpenTarget) -> Iterator[OpenTarget]:
        """Open as often as asked; what a test leaves open, as a killed process does, is closed at its end."""
        targets: list[Target] = []

        def opening() -> Target:
            targets.append(open_target())
            return targets[-1]

        yield opening
        for target in targets:
            target.close()

    def keep(self, settled: Settled) -> bytes:
        """Do what the runner's commit does, and return the mark that it keeps; with ``appends``, append them."""
        assert not settled.appends
        return settled.mark

    def told(self, record: Record) -> Arrived:
        """Return how a record of history arrives."""
        return Arrived(
            topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp,
            key=record.key, value=record.value, headers=record.headers, marks=marks_of(record),
        )  # fmt: skip

    def in_order(self, found: Sequence[Arrived], records: Sequence[Record]) -> bool:
        """Say whether just these records arrived, once each, in this order; :func:`in_order_per_key` is the other."""
        return list(found) == [self.told(record) for record in records]

    # -- what arrives ------------------------------------------------------------------------------------

    @final
    def test_records_arrive_once_in_their_order_with_their_marks(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]
    ) -> None:
        records = history(10)
        self.run_through(opened(), records)
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("kind", sorted(odd_records()))
    def test_odd_records_arrive_as_they_are(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], kind: str
    ) -> None:
        records = [odd_records()[kind]]
        self.run_through(opened(), records)
        assert self.in_order(arrived(), records)

    @final
    def test_odd_records_arrive_between_others(self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]) -> None:
        records = [one for odd in odd_records().values() for one in (odd, a_record(1001 + odd.offset % 1000))]
        self.run_through(opened(), records)
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("most", [1, 7, 1000, 3000])
    def test_thousands_of_records_arrive_however_they_are_cut(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], most: int
    ) -> None:
        records = history(3000 if most > 1 else 300)
        self.run_through(opened(), records, most=most)
        assert self.in_order(arrived(), records)

    @final
    def test_records_may_be_taken_in_many_parts_before_they_are_settled(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]
    ) -> None:
        target, records = opened(), history(20)
        target.begin(a_header(20), None)
        for record in records:
            target.take([record])
        self.keep(target.settle())
        target.finish()
        assert self.in_order(arrived(), records)

    @final
    def test_a_replay_of_nothing_is_a_whole_and_empty_one(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_whole: Callable[[], bool]
    ) -> None:
        self.run_through(opened(), [])
        assert (is_whole(), arrived()) == (True, [])

    @final
    def test_settling_with_nothing_new_changes_nothing(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]
    ) -> None:
        target, records = opened(), history(6)
        target.begin(a_header(6), None)
        self.keep(target.settle())
        self.give(target, records)
        self.keep(target.settle())
        target.finish()
        assert self.in_order(arrived(), records)

    @final
    def test_room_is_positive_and_never_changes(self, opened: OpenTarget) -> None:
        target = opened()
        before = target.room
        assert before.records > 0
        assert before.bytes > 0
        self.run_through(target, history(3))
        assert (target.room, opened().room) == (before, before)

    # -- crashes -----------------------------------------------------------------------------------------

    @final
    @pytest.mark.parametrize("is_closed", [True, False])
    def test_what_was_not_settled_is_there_once_after_it_was_taken_again(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_closed: bool
    ) -> None:
        records = history(12)
        mark = self.begun(opened(), records, settled=5, taken=4, is_closed=is_closed)
        self.go_on(opened(), records, 5, mark)
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("is_closed", [True, False])
    def test_what_was_settled_without_its_mark_being_kept_is_there_once(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_closed: bool
    ) -> None:
        records = history(12)
        mark = self.begun(opened(), records, settled=5, lost=4, is_closed=is_closed)
        self.go_on(opened(), records, 5, mark)
        assert self.in_order(arrived(), records)

    @final
    def test_batches_may_be_cut_elsewhere_the_second_time(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]
    ) -> None:
        records = history(24)
        mark = self.begun(opened(), records, settled=5, lost=9, taken=3)
        self.go_on(opened(), records, 5, mark, most=4)
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("facts", [{"lost": 4}, {"taken": 4}, {"lost": 3, "taken": 2}, {}], ids=str)
    def test_a_run_whose_first_mark_was_never_kept_begins_anew(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], facts: dict[str, int]
    ) -> None:
        records = history(12)
        self.begun(opened(), records, lost=facts.get("lost", 0), taken=facts.get("taken", 0))
        self.run_through(opened(), records, most=5)
        assert self.in_order(arrived(), records)

    @final
    def test_odd_records_that_come_again_are_there_once(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]
    ) -> None:
        records = list(odd_records().values())
        mark = self.begun(opened(), records, settled=4, lost=6, taken=3)
        self.go_on(opened(), records, 4, mark, most=2)
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("seed", range(8))
    def test_crashes_at_any_moment_leave_neither_a_gap_nor_a_repeat(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], seed: int
    ) -> None:
        drawn, records = random.Random(seed), history(60)
        kept, mark = 0, None
        while kept < len(records):
            target = opened()
            target.begin(a_header(len(records)), mark)
            kept, mark = self._go_on_until_killed(target, records, kept, mark, drawn)
        self.go_on(opened(), records, kept, mark)
        assert self.in_order(arrived(), records)

    @final
    def test_what_was_settled_stays_before_the_rest_comes(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]]
    ) -> None:
        records = history(12)
        mark = self.begun(opened(), records, settled=5, taken=4)
        again = opened()
        again.begin(a_header(12), mark)
        assert self.in_order(arrived()[:5], records[:5])

    # -- the end -----------------------------------------------------------------------------------------

    @final
    def test_nothing_is_whole_before_it_is_finished(self, opened: OpenTarget, is_whole: Callable[[], bool]) -> None:
        target, records = opened(), history(8)
        said = [is_whole()]
        target.begin(a_header(8), None)
        said.append(is_whole())
        self.give(target, records)
        said.append(is_whole())
        self.keep(target.settle())
        said.append(is_whole())
        target.close()
        said.append(is_whole())
        assert not any(said)

    @final
    def test_what_is_finished_is_whole(self, opened: OpenTarget, is_whole: Callable[[], bool]) -> None:
        target = opened()
        self.run_through(target, history(8))
        before = is_whole()
        target.close()
        assert (before, is_whole()) == (True, True)

    @final
    def test_finishing_may_be_repeated(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_whole: Callable[[], bool]
    ) -> None:
        target, records = opened(), history(8)
        self.run_through(target, records)
        target.finish()
        assert is_whole()
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("number", [0, 8])
    def test_another_process_may_finish_again(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_whole: Callable[[], bool], number: int
    ) -> None:
        records = history(number)
        mark = self.run_through(opened(), records)
        self.go_on(opened(), records, number, mark)
        assert is_whole()
        assert self.in_order(arrived(), records)

    @final
    @pytest.mark.parametrize("number", [0, 8])
    def test_another_process_may_finish_what_one_has_settled(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_whole: Callable[[], bool], number: int
    ) -> None:
        records = history(number)
        mark = self.begun(opened(), records, settled=number)
        self.go_on(opened(), records, number, mark)
        assert is_whole()
        assert self.in_order(arrived(), records)

    @final
    def test_another_process_may_do_again_what_left_no_mark(
        self, opened: OpenTarget, arrived: Callable[[], list[Arrived]], is_whole: Callable[[], bool]
    ) -> None:
        """A run of nothing has nothing to settle: its end is all that is kept of it."""
        for _ in range(2):
            target = opened()
            target.begin(a_header(0), None)
            target.finish()
        assert (is_whole(), arrived()) == (True, [])

    @final
    @pytest.mark.parametrize("after", ["open", "begin", "take", "settle", "finish"])
    def test_closing_may_be_repeated_at_every_point(self, opened: OpenTarget, after: str) -> None:
        target, points = opened(), ["open", "begin", "take", "settle", "finish"]
        steps: list[Callable[[], object]] = [
            lambda: None, lambda: target.begin(a_header(3), None), lambda: target.take(history(3)),
            lambda: self.keep(target.settle()), target.finish,
        ]  # fmt: skip
        for step in steps[: points.index(after) + 1]:
            step()
        target.close()
        target.close()

    # -- what the tests do -------------------------------------------------------------------------------

    @final
    def run_through(self, target: Target, records: Sequence[Record], *, most: int = 1000) -> bytes:
        """Do a whole run, and return its last mark."""
        return self.go_on(target, records, 0, None, most=most)

    @final
    def go_on(
        self, target: Target, records: Sequence[Record], kept: int, mark: bytes | None, *, most: int = 1000
    ) -> bytes:
        """Go on behind a mark, up to the end, and return the last mark."""
        target.begin(a_header(len(records)), mark)
        for batch in batches(records[kept:], target, most):
            target.take(batch)
            mark = self.keep(target.settle())
        if mark is None:
            mark = self.keep(target.settle())
        target.finish()
        return mark

    @final
    def give(self, target: Target, records: Sequence[Record]) -> None:
        """Let a target take records."""
        if records:
            target.take(records)

    @final
    def begun(
        self, target: Target, records: Sequence[Record], *, settled: int | None = None, lost: int = 0,
        taken: int = 0, is_closed: bool = False,
    ) -> bytes | None:  # fmt: skip
        """Begin a run and leave it: so many settled (None: never), then settled with their mark lost, then taken."""
        ahead, mark = iter(records), None
        target.begin(a_header(len(records)), None)
        if settled is not None:
            self.give(target, list(islice(ahead, settled)))
            mark = self.keep(target.settle())
        if lost:
            target.take(list(islice(ahead, lost)))
            target.settle()
        if taken:
            target.take(list(islice(ahead, taken)))
        if is_closed:
            target.close()
        return mark

    def _go_on_until_killed(
        self, target: Target, records: Sequence[Record], kept: int, mark: bytes | None, drawn: random.Random
    ) -> tuple[int, bytes | None]:
        at = kept
        while at < len(records):
            batch = records[at : at + drawn.randint(1, 9)]
            target.take(batch)
            at += len(batch)
            fate = drawn.choice(("taken", "settled", "kept", "kept", "lost", "killed"))
            if fate == "killed":
                break
            if fate != "taken":
                settled = target.settle()
                if fate == "lost":
                    break
                kept, mark = at, self.keep(settled)
        return kept, mark


def marks_of(record: Record) -> tuple[Header, ...]:
    """Return the marks that the run of these tests adds."""
    origin = f"{record.topic}/{record.partition}/{record.offset}"
    return (RUN, RUN_ID.encode()), (ORIGIN, origin.encode()), (TIME, BEGAN.encode())


def in_order_per_key(found: Sequence[Arrived], wanted: Sequence[Arrived]) -> bool:
    """Say whether all that is wanted was found, once each, and per key in this order; for targets with partitions."""
    keys = {one.key for one in wanted if one.key is not None}
    return sorted(map(repr, found)) == sorted(map(repr, wanted)) and all(
        [one for one in found if one.key == key] == [one for one in wanted if one.key == key] for key in keys
    )


def batches(records: Sequence[Record], target: Target, most: int) -> Iterator[Sequence[Record]]:
    """Cut records as a runner does: no more than there is room for, except that one record always goes."""
    batch: list[Record] = []
    size = 0
    for record in records:
        size += bytes_of([record])
        if batch and (len(batch) >= min(most, target.room.records) or size > target.room.bytes):
            yield batch
            batch, size = [], bytes_of([record])
        batch.append(record)
    if batch:
        yield batch
