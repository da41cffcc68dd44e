"""Rows: when a floor is met, and what is kept of a run."""

from __future__ import annotations

import pytest

from bench.row import as_json, cost, limit, rate, rounds


def test_a_rate_is_met_when_the_middle_of_its_rounds_reaches_the_floor() -> None:
    row = rate("r", [90.0, 110.0, 300.0], [100.0, 100.0, 100.0], "events/s", 1.1)
    assert (row.ratio.min, row.ratio.median, row.ratio.max, row.met) == (0.9, 1.1, 3.0, True)


def test_a_rate_below_its_floor_is_missed_however_good_its_best_round() -> None:
    assert not rate("r", [10.0, 10.0, 900.0], [100.0, 100.0, 100.0], "events/s", 1.0).met


def test_rounds_are_compared_with_their_own_reference_and_not_medians_with_each_other() -> None:
    row = rate("r", [10.0, 200.0, 30.0], [10.0, 100.0, 60.0], "events/s", 1.0)
    assert row.ratio.median == 1.0


def test_of_a_cost_less_is_better() -> None:
    row = cost("c", [2.0], [3.0], "s", 1.5)
    assert (row.ratio.median, row.met) == (1.5, True)


def test_a_limit_says_how_often_ours_fits_into_it() -> None:
    row = limit("l", [5.0], [1.0], "ms", 20.0, timed=True)
    assert (row.ratio.median, row.floor, row.met) == (4.0, 1.0, True)


@pytest.mark.parametrize(("ours", "timed", "met"), [(30.0, True, True), (30.0, False, False), (30.1, True, False)])
def test_only_a_timed_limit_gives_way_to_a_slow_machine_and_up_to_twice_the_control(
    ours: float, timed: bool, met: bool
) -> None:
    assert limit("l", [ours], [15.0], "ms", 20.0, timed=timed).met is met


def test_who_is_measured_first_changes_every_round() -> None:
    told: list[str] = []

    def measured(name: str) -> float:
        told.append(name)
        return float(len(told))

    assert rounds(2, lambda: measured("ours"), lambda: measured("bare")) == ([2.0, 3.0], [1.0, 4.0])


def test_a_row_is_written_with_the_figures_that_the_rounds_can_mean() -> None:
    written = as_json(rate("r", [1.0, 3.0], [3.0, 3.0], "events/s", 0.5))
    assert written["ratio"] == {"min": 0.3333, "median": 0.6667, "max": 1.0}
    assert set(written) == {"row", "ours", "reference", "unit", "ratio", "floor", "met"}
