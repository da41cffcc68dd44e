"""Personal numbers and tax codes: what is sure is hard, what is custom is soft."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.rules import RULES, check_digit, person_number
from schemas.rules.person import Sex

TODAY = date(2026, 11, 24)
NINE = st.from_regex(r"[0-9]{2}(?!0000000)[0-9]{7}", fullmatch=True).filter(lambda nine: check_digit(nine) is not None)


def rules_broken(system: str, code: str, on: date = TODAY) -> list[tuple[str, str]]:
    """Return rule and severity of each finding."""
    return [(found.rule, found.severity) for found in RULES[system](code, on)]


@pytest.mark.parametrize("number", ["038095001234", "034190001234", "087304001234", "001226001234"])
def test_a_number_of_today_or_of_a_closed_province_is_sound(number: str) -> None:
    assert rules_broken("VN-PERSON", number) == []


@pytest.mark.parametrize("number", ["", "172345678", "03809500123", "0380950012345", "03809500123A", "٠٣٨٠٩٥٠٠١٢٣٤"])
def test_what_is_not_twelve_digits_is_refused(number: str) -> None:
    assert rules_broken("VN-PERSON", number) == [("person.digits", "hard")]


def test_a_province_that_never_was_is_noted() -> None:
    assert rules_broken("VN-PERSON", "003095001234") == [("person.birthplace", "soft")]


def test_a_place_abroad_is_not_doubted() -> None:
    assert rules_broken("VN-PERSON", "155095001234") == []


def test_a_year_of_birth_to_come_is_noted() -> None:
    assert rules_broken("VN-PERSON", "038227001234") == [("person.future", "soft")]


@pytest.mark.parametrize(
    ("born", "sex", "rules"),
    [
        (1995, "male", []),
        (1996, None, ["person.year"]),
        (None, "female", ["person.sex"]),
        (2095, "female", ["person.year", "person.sex"]),
    ],
)
def test_what_else_is_known_of_the_person_is_compared(born: int | None, sex: Sex | None, rules: list[str]) -> None:
    assert [found.rule for found in person_number("038095001234", TODAY, born=born, sex=sex)] == rules


@settings(deadline=None)
@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_twelve_digits_are_never_refused(number: str) -> None:
    assert all(severity == "soft" for _, severity in rules_broken("VN-PERSON", number))


@pytest.mark.parametrize("code", ["0100233488", "0314409058", "0314409058-002", "0314409058-999"])
def test_tax_codes_from_practice_check(code: str) -> None:
    assert rules_broken("VN-TAX", code) == []


@settings(deadline=None)
@given(NINE)
def test_every_generated_tax_code_checks(nine: str) -> None:
    ten = f"{nine}{check_digit(nine)}"
    assert rules_broken("VN-TAX", ten) == rules_broken("VN-TAX", f"{ten}-001") == []


@settings(deadline=None)
@given(NINE, st.integers(0, 9), st.integers(1, 9))
def test_any_one_mistyped_digit_is_found(nine: str, place: int, change: int) -> None:
    """Each weight has an inverse modulo 11 and no two digits are 11 apart, so one change always shows."""
    ten = f"{nine}{check_digit(nine)}"
    wrong = f"{ten[:place]}{(int(ten[place]) + change) % 10}{ten[place + 1 :]}"
    assert [severity for _, severity in rules_broken("VN-TAX", wrong)] == ["hard"]


def test_a_wrong_check_digit_and_a_serial_of_zeros_are_refused_by_name() -> None:
    assert rules_broken("VN-TAX", "0100233480") == [("tax.check-digit", "hard")]
    assert rules_broken("VN-TAX", "0100000001") == [("tax.serial", "hard")]


def test_nine_digits_whose_check_would_be_ten_are_never_given_out() -> None:
    assert check_digit("000000000") is None
    assert check_digit("010000111") is None


@pytest.mark.parametrize(
    "code", ["", "010023348", "0314409058-000", "0314409058002", "0314409058-02", "0314409058-0021", "0l00233488"]
)
def test_what_is_no_tax_code_is_refused(code: str) -> None:
    assert rules_broken("VN-TAX", code) == [("tax.shape", "hard")]


def test_a_person_s_number_is_a_tax_code_from_july_2025() -> None:
    assert rules_broken("VN-TAX", "038095001234", date(2025, 6, 30)) == [("tax.person-date", "soft")]
    assert rules_broken("VN-TAX", "038095001234", date(2025, 7, 1)) == []
