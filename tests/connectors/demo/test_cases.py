"""Invented dossiers: the same for ever, extended by a larger number, and shaped as an office's export."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from connectors.demo import cases


def test_a_dossier_is_a_function_of_seed_and_number() -> None:
    assert cases.dossier(7, 250) == cases.dossier(7, 250)


def test_another_seed_tells_another_story() -> None:
    stories = [[row.cells["thoi_diem"] for row in cases.dossier(seed, 250)] for seed in (7, 8)]
    assert stories[0] != stories[1]


def test_more_dossiers_extend_those_that_were_there() -> None:
    fewer, more = cases.rows(7, range(50)), cases.rows(7, range(100))
    assert [row for row in more if row in fewer] == list(fewer)


def test_no_two_dossiers_share_a_code() -> None:
    codes = Counter(cases.dossier_code(number) for number in range(3000))
    assert max(codes.values()) == 1


def test_rows_come_in_the_order_of_their_times() -> None:
    times = [row.time for row in cases.rows(7, range(200))]
    assert times == sorted(times)


@pytest.mark.parametrize("number", range(0, 600, 7))
def test_an_office_works_on_working_days_only(number: int) -> None:
    worked = [row.time for row in cases.dossier(7, number) if row.cells["hoat_dong"] == "Xử lý"]
    assert all(moment.weekday() < 5 and 7 <= moment.hour < 17 for moment in worked)


def test_the_first_dossier_comes_on_a_monday_morning() -> None:
    assert cases.dossier(7, 0)[0].time.date() == date(2026, 1, 5)
