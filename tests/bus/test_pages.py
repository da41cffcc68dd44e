"""Reading page by page: damage is named once, by its own place, and nothing around it is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bus.errors import CorruptRecord
from bus.pages import Damaged, pages, read_back, read_between
from bus.records import Record, TopicPartition

FIRST = TopicPartition("dossier.events", 0)


class WornLog:
    """A log of some offsets; those of ``damaged`` can be met and not be read."""

    def __init__(self, offsets: Sequence[int], damaged: Sequence[int] = ()) -> None:
        self._offsets, self._damaged = offsets, damaged

    def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        found: list[Record] = []
        for offset in [offset for offset in self._offsets if offset >= start][:limit]:
            if offset in self._damaged:
                if found:
                    break
                raise CorruptRecord(f"{partition}/{offset} is not what was written")
            topic, number = partition
            record = Record(topic=topic, partition=number, offset=offset, timestamp=offset, key=None, value=b"")
            found.append(record)
        return found


def told(log: Any, start: int, end: int, size: int = 3) -> list[str]:
    """Return what is read between two offsets, in short."""
    return [
        f"{one.place} is damaged, after {one.timestamp}" if isinstance(one, Damaged) else str(one.offset)
        for one in read_between(log, FIRST, start, end, size)
    ]


def test_everything_up_to_the_end_is_read_and_nothing_behind_it() -> None:
    assert told(WornLog(range(20)), 2, 10) == [str(offset) for offset in range(2, 10)]


def test_a_damaged_record_stands_in_its_place_and_those_around_it_are_read() -> None:
    found = told(WornLog(range(9), damaged=[4, 5]), 0, 9)
    worn = [f"dossier.events/0/{offset} is damaged, after 3" for offset in (4, 5)]
    assert found == ["0", "1", "2", "3", *worn, "6", "7", "8"]


def test_damage_behind_a_gap_is_named_once_by_its_own_offset() -> None:
    assert told(WornLog([0, 1, 8, 9], damaged=[8]), 0, 10) == ["0", "1", "dossier.events/0/8 is damaged, after 1", "9"]


def test_the_last_page_leads_to_the_end_over_a_gap() -> None:
    found = list(pages(WornLog([0, 1, 2, 50]), FIRST, 0, 40, 3))  # type: ignore[arg-type]
    assert [([record.offset for record in page.records], page.next) for page in found] == [([0, 1, 2], 3), ([], 40)]


def test_backwards_pages_come_newest_first_and_keep_their_order_within() -> None:
    found = read_back(WornLog(range(7)), FIRST, 0, 7, 3)  # type: ignore[arg-type]
    assert [[one.offset for one in page] for page in found] == [[4, 5, 6], [1, 2, 3], [0]]


def test_who_cannot_go_on_without_a_record_is_told() -> None:
    (page,) = pages(WornLog([0], damaged=[0]), FIRST, 0, 1)  # type: ignore[arg-type]
    with pytest.raises(CorruptRecord, match=r"dossier\.events/0/0 "):
        page.sound()
