"""Codes by their tables: closed ones refuse, open ones note, and each on its day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codes
from schemas.rules import RULES, in_order, sums_to, transition

TODAY, LAST_DAY, FIRST_DAY = date(2026, 11, 24), date(2025, 6, 30), date(2025, 7, 1)


def rules_broken(system: str, code: str, on: date = TODAY) -> list[tuple[str, str]]:
    """Return rule and severity of each finding."""
    return [(found.rule, found.severity) for found in RULES[system](code, on)]


@pytest.mark.parametrize("system", codes.systems())
def test_every_entry_is_sound_on_its_days_and_on_no_others(system: str) -> None:
    for each in codes.table(system).entries:
        if each.valid_from is not None:
            assert rules_broken(system, each.code, each.valid_from) == []
        if each.valid_to is not None:
            assert rules_broken(system, each.code, each.valid_to - timedelta(days=1)) == []


@pytest.mark.parametrize("code", ["0", "11", "99", "02"])
def test_a_status_that_is_not_one_of_ten_is_refused_with_the_ten(code: str) -> None:
    (found,) = RULES["VN-DOSSIER-STATUS"](code, TODAY)
    assert (found.rule, found.severity) == ("code.unknown", "hard")
    assert found.hint == "The codes are 1, 2, 3, 4, 5, 6, 7, 8, 9, 10."


@pytest.mark.parametrize(("system", "code"), [("VN-CHANNEL", "4"), ("GSO-2025", "99"), ("GSO-pre2025", "99")])
def test_closed_tables_refuse_what_they_do_not_have(system: str, code: str) -> None:
    assert rules_broken(system, code) == [("code.unknown", "hard")]


@pytest.mark.parametrize(
    ("system", "code"), [("VNPOST", "77"), ("VNPOST-LEGACY", "999"), ("EDOC-STATUS", "99"), ("VN-PAYMENT-STATE", "x")]
)
def test_open_tables_note_what_they_do_not_have(system: str, code: str) -> None:
    assert rules_broken(system, code) == [("code.unlisted", "soft")]


@pytest.mark.parametrize("system", ["GSO-2025", "GSO-pre2025"])
def test_a_commune_of_a_province_that_is_not_held_passes(system: str) -> None:
    assert rules_broken(system, "00070") == []


def test_there_are_no_districts_since_july_2025() -> None:
    assert rules_broken("GSO-2025", "336") == [("code.shape", "hard")]
    assert rules_broken("GSO-pre2025", "336", LAST_DAY) == []


@pytest.mark.parametrize("code", ["34", "12457"])
def test_a_unit_that_ended_is_sound_only_in_the_old_system_and_in_its_time(code: str) -> None:
    assert rules_broken("GSO-pre2025", code, LAST_DAY) == []
    assert rules_broken("GSO-pre2025", code, FIRST_DAY) == [("code.date", "hard")]
    assert rules_broken("GSO-2025", code, FIRST_DAY) == [("code.date", "hard")]


def test_a_unit_of_today_is_refused_for_a_day_before_its_time() -> None:
    assert rules_broken("GSO-2025", "33", LAST_DAY) == [("code.date", "hard")]


def test_one_reused_code_is_sound_under_both_systems() -> None:
    assert rules_broken("GSO-pre2025", "15", LAST_DAY) == rules_broken("GSO-2025", "15", FIRST_DAY) == []


@settings(deadline=None)
@given(st.sampled_from(sorted(RULES)), st.from_regex(r"[0-9]{5,14}", fullmatch=True))
def test_no_finding_tells_the_value(system: str, code: str) -> None:
    assert all(code not in found.message + found.hint + found.path for found in RULES[system](code, TODAY))


@pytest.mark.parametrize(("before", "after"), [("1", "2"), ("4", "4"), ("5", "2"), ("8", "4"), ("9", "10")])
def test_a_status_may_be_followed_by_those_of_its_graph(before: str, after: str) -> None:
    assert transition("VN-DOSSIER-STATUS", before, after, TODAY) == ()


@pytest.mark.parametrize(("before", "after"), [("1", "9"), ("9", "4"), ("3", "2"), ("7", "4"), ("10", "9")])
def test_any_other_change_of_status_is_noted_and_never_refused(before: str, after: str) -> None:
    (found,) = transition("VN-DOSSIER-STATUS", before, after, TODAY)
    assert (found.rule, found.severity) == ("state.transition", "soft")


def test_a_stopped_dossier_goes_on_only_with_a_reason() -> None:
    (found,) = transition("VN-DOSSIER-STATUS", "8", "4", TODAY, has_reason=False)
    assert (found.rule, found.severity) == ("state.reason", "soft")


def test_a_done_document_may_only_be_recalled_and_an_unknown_state_is_not_judged() -> None:
    assert transition("EDOC-STATUS", "06", "13", TODAY) == ()
    assert len(transition("EDOC-STATUS", "06", "05", TODAY)) == 1
    assert transition("EDOC-STATUS", "77", "05", TODAY) == ()


@settings(deadline=None)
@given(st.lists(st.datetimes(), max_size=5))
def test_moments_in_order_are_never_noted(moments: list[datetime]) -> None:
    assert in_order([(str(place), moment) for place, moment in enumerate(sorted(moments))]) == []


def test_a_date_that_goes_back_is_noted_against_the_known_one_before_it() -> None:
    days = [("filed", date(2026, 7, 2)), ("received", None), ("finished", date(2026, 7, 1)), ("returned", TODAY)]
    (found,) = in_order(days)
    assert (found.path, found.message, found.severity) == ("finished", "lies before filed", "soft")


@settings(deadline=None)
@given(st.lists(st.decimals(0, 10**12, places=2), min_size=1, max_size=9))
def test_a_sum_of_its_parts_is_sound_and_any_other_is_refused(parts: list[Decimal]) -> None:
    total = sum(parts, Decimal())
    assert sums_to(total, parts) == ()
    assert [found.severity for found in sums_to(total + 1, parts)] == ["hard"]


def test_an_amount_without_parts_has_nothing_to_add_up() -> None:
    assert sums_to(Decimal(5), []) == ()
