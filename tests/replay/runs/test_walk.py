"""The walk: one order over all partitions, the same wherever it begins, however the log is paged."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import CorruptRecord
from bus.pages import Damaged
from bus.records import Record, TopicPartition
from bus.transport import Transport
from replay.runs.walk import Part, walk

Gap = tuple[TopicPartition, int, int, bool]


class Shelves:
    """A log of ready records: what a walk needs of one, with times as a Kafka topic may have them."""

    def __init__(self, partitions: Mapping[TopicPartition, Sequence[Record]], damaged: frozenset[int] = frozenset()):
        self._partitions, self._damaged = partitions, damaged

    def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        """Return records from ``start`` on. Raises CorruptRecord where the first is damaged."""
        found: list[Record] = []
        for record in self._partitions[partition]:
            if record.offset < start:
                continue
            if record.offset in self._damaged:
                if not found:
                    raise CorruptRecord(f"{partition}/{record.offset} is not what was written")
                break
            found.append(record)
            if len(found) == limit:
                break
        return found


def a_record(topic: str, partition: int, offset: int, timestamp: int) -> Record:
    return Record(topic=topic, partition=partition, offset=offset, timestamp=timestamp, key=b"k", value=b"v")


def filled(times: Mapping[tuple[str, int], Sequence[int]]) -> dict[TopicPartition, list[Record]]:
    return {
        TopicPartition(*name): [a_record(*name, offset, moment) for offset, moment in enumerate(moments)]
        for name, moments in times.items()
    }


def walked(
    shelves: Mapping[TopicPartition, Sequence[Record]], starts: Mapping[TopicPartition, tuple[int, int]] | None = None,
    *, damaged: frozenset[int] = frozenset(), gaps: list[Gap] | None = None,
) -> list[Record]:  # fmt: skip
    """Walk all partitions, from offsets and latest times where they are given."""
    begin = starts or {}
    parts = [
        Part(name=name, runs=[(begin.get(name, (0, 0))[0], records[-1].offset + 1)], high=begin.get(name, (0, 0))[1])
        for name, records in shelves.items()
        if records
    ]

    def on_gap(name: TopicPartition, first: int, end: int, found: Damaged | None) -> None:
        if gaps is not None:
            gaps.append((name, first, end, found is not None))

    log: Transport = Shelves(shelves, damaged)  # type: ignore[assignment]
    return [record for some in walk(log, parts, lambda records: records, on_gap) for record in some]


def expected(shelves: Mapping[TopicPartition, Sequence[Record]]) -> list[Record]:
    """Return all records in the order that is promised."""
    keyed = [
        ((moment, *name, record.offset), record)
        for name, records in shelves.items()
        for record, moment in zip(records, accumulate((one.timestamp for one in records), max), strict=True)
    ]
    return [record for _, record in sorted(keyed, key=lambda pair: pair[0])]


names = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 2))
histories = st.dictionaries(names, st.lists(st.integers(0, 40), max_size=120), max_size=6)


@given(histories)
def test_records_come_by_time_of_acceptance_then_by_place(times: dict[tuple[str, int], list[int]]) -> None:
    shelves = filled(times)
    assert walked(shelves) == expected(shelves)


@given(histories, st.data())
def test_a_walk_that_begins_anew_goes_on_in_the_same_order(
    times: dict[tuple[str, int], list[int]], data: st.DataObject
) -> None:
    shelves = filled(times)
    whole = expected(shelves)
    cut = data.draw(st.integers(0, len(whole)))
    reached: dict[TopicPartition, tuple[int, int]] = {}
    for record in whole[:cut]:
        name = TopicPartition(record.topic, record.partition)
        reached[name] = record.offset + 1, max(reached.get(name, (0, 0))[1], record.timestamp)
    assert walked(shelves, reached) == whole[cut:]


def test_thousands_of_records_of_one_moment_stay_in_order() -> None:
    shelves = filled({("a", 0): [7] * 5000, ("a", 1): [7] * 3000, ("b", 0): [6, 7, 8]})
    assert walked(shelves) == expected(shelves)


def test_large_pages_are_read_in_small_bites() -> None:
    sizes = random.Random(1)
    shelves = filled({("a", 0): sorted(sizes.choices(range(900), k=700)), ("b", 0): list(range(900))})
    asked: list[int] = []
    heavy = {
        name: [Record(**{field: getattr(one, field) for field in one.__struct_fields__} | {"value": bytes(100_000)})
               for one in records]
        for name, records in shelves.items()
    }  # fmt: skip

    class Watched(Shelves):
        def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
            asked.append(limit)
            return super().read(partition, start, limit)

    parts = [Part(name=name, runs=[(0, len(records))]) for name, records in heavy.items()]
    log: Transport = Watched(heavy)  # type: ignore[assignment]
    assert sum(len(some) for some in walk(log, parts, lambda records: records, lambda *_: None)) == 1600
    assert max(asked) <= 4


def test_damage_is_told_and_passed_over() -> None:
    gaps: list[Gap] = []
    shelves = filled({("a", 0): list(range(50))})
    found = walked(shelves, damaged=frozenset({9, 10, 49}), gaps=gaps)
    name = TopicPartition("a", 0)
    assert [record.offset for record in found] == [n for n in range(49) if n not in (9, 10)]
    assert gaps == [(name, 9, 10, True), (name, 10, 11, True), (name, 49, 50, True)]


def test_offsets_that_are_not_there_are_told() -> None:
    gaps: list[Gap] = []
    name = TopicPartition("a", 0)
    shelves = {name: [one for one in filled({("a", 0): list(range(50))})[name] if not 20 <= one.offset < 31]}
    walked(shelves, gaps=gaps)
    assert gaps == [(name, 20, 31, False)]


@pytest.fixture
def picks() -> list[tuple[int, int]]:
    return [(3, 5), (17, 18), (40, 44)]


def test_only_the_offsets_that_were_picked_are_read(picks: list[tuple[int, int]]) -> None:
    name = TopicPartition("a", 0)
    log: Transport = Shelves(filled({("a", 0): list(range(50))}))  # type: ignore[assignment]
    found = walk(log, [Part(name=name, runs=picks)], lambda records: records, lambda *_: None)
    assert [one.offset for some in found for one in some] == [3, 4, 17, 40, 41, 42, 43]
