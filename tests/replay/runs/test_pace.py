"""The pace: gaps as they were, at a multiple, never longer than asked, and never out of order."""

from __future__ import annotations

import pytest

from bus.records import Record
from replay.runs.pace import Pacer
from replay.runs.plan import Pace


def a_record(second: int | None, accepted_s: int = 0) -> Record:
    headers = () if second is None else (("ce_time", f"2026-11-24T09:00:{second:02}.000Z".encode()),)
    return Record(topic="a", partition=0, offset=0, timestamp=accepted_s * 1000, key=None, value=b"", headers=headers)


def dues(pace: Pace, *seconds: int | None) -> list[float]:
    pacer = Pacer(pace)
    return [pacer.due_s(a_record(second)) for second in seconds]


def test_flat_out_nothing_waits() -> None:
    assert dues(Pace(), 0, 10, 59) == [0, 0, 0]


@pytest.mark.parametrize(("speed", "wanted"), [(1.0, [0, 10, 30]), (10.0, [0, 1, 3]), (0.5, [0, 20, 60])])
def test_gaps_are_as_they_were_at_a_multiple(speed: float, wanted: list[float]) -> None:
    assert dues(Pace(speed=speed), 5, 15, 35) == wanted


def test_what_happened_earlier_than_its_neighbours_waits_for_nothing() -> None:
    assert dues(Pace(speed=1.0), 10, 20, 12, 25) == [0, 10, 10, 15]


def test_a_record_without_a_time_goes_with_the_one_before() -> None:
    assert dues(Pace(speed=1.0), 10, None, 20) == [0, 0, 10]


def test_a_longest_gap_shortens_only_what_is_longer() -> None:
    assert dues(Pace(speed=2.0, max_gap_s=3.0), 0, 4, 40, 42) == [0, 2, 5, 6]


def test_the_pace_of_acceptance_goes_by_the_bus_s_own_time() -> None:
    pacer = Pacer(Pace(speed=1.0, by="accepted"))
    assert [pacer.due_s(a_record(0, accepted)) for accepted in (100, 103, 110)] == [0, 3, 10]
