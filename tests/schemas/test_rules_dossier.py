"""Dossier, agency and procedure codes: shapes of all generations, and agencies on their day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.rules import RULES, DossierCode, Finding, parse_dossier_code

IN_2024, IN_2026 = date(2024, 5, 6), date(2026, 5, 6)
LAST_DAY, FIRST_DAY = date(2025, 6, 30), date(2025, 7, 1)


def rules_broken(system: str, code: str, on: date = IN_2026) -> list[tuple[str, str]]:
    """Return rule and severity of each finding."""
    return [(found.rule, found.severity) for found in RULES[system](code, on)]


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("000.17.22.H56-210531-0001", ("000.17.22.H56", date(2021, 5, 31), 1)),
        ("000.00.14.H56-200203-0118", ("000.00.14.H56", date(2020, 2, 3), 118)),
        ("G09.20-20260609-0092637", ("G09.20", date(2026, 6, 9), 92637)),
        ("H56.14-261124-0001", ("H56.14", date(2026, 11, 24), 1)),
        ("H56-261124-12345", ("H56", date(2026, 11, 24), 12345)),
    ],
)
def test_a_dossier_code_of_any_generation_is_read(code: str, parts: tuple[str, date, int]) -> None:
    agency, day, sequence = parts
    assert parse_dossier_code(code) == DossierCode(agency=agency, day=day, sequence=sequence)
    assert rules_broken("VN-DOSSIER", code) == []


@settings(deadline=None)
@given(
    agency=st.sampled_from(["H56", "H56.14", "G09.20.A1", "000.00.14.H56", "001.17.22.G12"]),
    day=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    sequence=st.integers(0, 9_999_999),
    form=st.sampled_from([("%y%m%d", 4), ("%Y%m%d", 7)]),
)
def test_every_code_that_is_written_by_the_rule_is_read_back(
    agency: str, day: date, sequence: int, form: tuple[str, int]
) -> None:
    code = f"{agency}-{day.strftime(form[0])}-{sequence:0{form[1]}}"
    assert parse_dossier_code(code) == DossierCode(agency=agency, day=day, sequence=sequence)


@pytest.mark.parametrize(
    "code",
    [
        "", "A1", "S39451", "H56.14-261124-001", "H56.14-2611240-0001", "H56.14_261124_0001", "h56.14-261124-0001",
        "000.17.22-210531-0001", "00.17.22.H56-210531-0001", "H56..14-261124-0001", "H56.14-261124-0001\n",
        "H56.14-261124-٠٠٠١", "H56.14-261124-0001-20261124101500",
    ],
)  # fmt: skip
def test_what_is_no_dossier_code_is_refused(code: str) -> None:
    assert rules_broken("VN-DOSSIER", code) == [("dossier-code.shape", "hard")]
    assert parse_dossier_code(code) is None


@pytest.mark.parametrize("code", ["H56.14-261324-0001", "H56.14-250229-0001", "G09.20-00000101-0000001"])
def test_a_day_outside_the_calendar_is_refused(code: str) -> None:
    assert rules_broken("VN-DOSSIER", code) == [("dossier-code.day", "hard")]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_judged_without_a_fault(code: str) -> None:
    for system in RULES:
        assert all(isinstance(found, Finding) for found in RULES[system](code, IN_2026))


def test_an_old_dossier_of_a_closed_agency_is_known_for_ever() -> None:
    assert rules_broken("VN-DOSSIER", "000.00.14.H54-241203-0001", IN_2026) == []


def test_a_closed_agency_gives_out_no_dossier_code() -> None:
    assert rules_broken("VN-DOSSIER", "000.00.14.H54-250701-0001") == [("agency.date", "hard")]
    assert rules_broken("VN-DOSSIER", "000.00.14.H54-250630-0001") == []


@pytest.mark.parametrize("code", ["H54", "H54.3", "000.00.14.H54"])
def test_a_closed_agency_is_accepted_in_2024_and_refused_in_2026(code: str) -> None:
    assert rules_broken("VN-AGENCY", code, IN_2024) == []
    assert rules_broken("VN-AGENCY", code, IN_2026) == [("agency.date", "hard")]


def test_an_agency_closes_between_the_last_of_june_and_the_first_of_july() -> None:
    assert rules_broken("VN-AGENCY", "H54", LAST_DAY) == []
    assert rules_broken("VN-AGENCY", "H54", FIRST_DAY) == [("agency.date", "hard")]


def test_a_province_that_never_was_is_refused_and_a_central_body_that_is_not_listed_is_noted() -> None:
    assert rules_broken("VN-AGENCY", "H64") == [("agency.unknown", "hard")]
    assert rules_broken("VN-AGENCY", "G98") == [("agency.unlisted", "soft")]


def test_bodies_of_other_letters_are_welcome_unchecked() -> None:
    assert rules_broken("VN-AGENCY", "A46.1") == []


@pytest.mark.parametrize("code", ["", "56", "H5", "H56.", ".H56", "H56-14", "000.00.14", f"H56{'.1' * 17}"])
def test_what_is_no_agency_code_is_refused(code: str) -> None:
    assert rules_broken("VN-AGENCY", code) == [("agency.shape", "hard")]


def test_an_agency_code_has_at_most_thirty_five_characters() -> None:
    assert rules_broken("VN-AGENCY", f"H56{'.1' * 16}") == []


@pytest.mark.parametrize("code", ["1.010708.000.00.00.H56", "2.000635", "1.004194.000.00.00.G12"])
def test_a_procedure_code_stands_with_or_without_its_agency(code: str) -> None:
    assert rules_broken("VN-PROCEDURE", code) == []


@pytest.mark.parametrize("code", ["1.01070", "1.010708.", "1.010708.H56", "10.010708", "1.010708.000.00.00.H56.01"])
def test_what_is_no_procedure_code_is_refused(code: str) -> None:
    assert rules_broken("VN-PROCEDURE", code) == [("procedure.shape", "hard")]


def test_a_procedure_of_a_closed_agency_is_only_noted() -> None:
    assert rules_broken("VN-PROCEDURE", "1.001776.000.00.00.H54") == [("agency.date", "soft")]
