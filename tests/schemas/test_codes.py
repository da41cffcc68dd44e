"""A code is asked for by system, code and day, because codes end and are used again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas import codes
from schemas.codes.reading import read

LAST_DAY, FIRST_DAY = date(2025, 6, 30), date(2025, 7, 1)


def test_one_province_code_has_two_meanings() -> None:
    before = codes.entry("GSO-pre2025", "15", LAST_DAY)
    after = codes.entry("GSO-2025", "15", FIRST_DAY)
    assert (before.vi, after.vi) == ("Tỉnh Yên Bái", "Tỉnh Lào Cai")


@pytest.mark.parametrize(("system", "wrong_day"), [("GSO-pre2025", FIRST_DAY), ("GSO-2025", LAST_DAY)])
def test_a_unit_ends_on_the_first_day_of_the_new_ones(system: str, wrong_day: date) -> None:
    with pytest.raises(codes.NotValidOn):
        codes.entry(system, "33", wrong_day)


def test_a_closed_agency_is_known_before_its_end_and_not_after() -> None:
    assert codes.entry("VN-AGENCY", "H54", LAST_DAY).successors == ("H31",)
    with pytest.raises(codes.NotValidOn, match="2025-07-01"):
        codes.entry("VN-AGENCY", "H54", FIRST_DAY)


def test_a_code_that_lives_on_tells_all_its_periods() -> None:
    names = [each.vi for each in codes.table("VN-AGENCY").periods("G10")]
    assert names == ["Bộ Nông nghiệp và Phát triển nông thôn", "Bộ Nông nghiệp và Môi trường"]


def test_hue_is_a_city_from_the_first_of_january_2025() -> None:
    days = (date(2024, 12, 31), date(2025, 1, 1), FIRST_DAY)
    systems = ("GSO-pre2025", "GSO-pre2025", "GSO-2025")
    names = [codes.entry(system, "46", day).vi for system, day in zip(systems, days, strict=True)]
    assert names == ["Tỉnh Thừa Thiên Huế", "Thành phố Huế", "Thành phố Huế"]


def test_a_split_commune_has_several_successors_the_likeliest_first() -> None:
    split = codes.entry("GSO-pre2025", "15772", LAST_DAY)
    assert [each.vi for each in codes.successors(split)] == ["Xã Thiệu Hóa", "Xã Thiệu Quang", "Xã Thiệu Trung"]


def test_a_commune_of_a_closed_province_is_found_in_the_new_one() -> None:
    heirs = codes.successors(codes.entry("GSO-pre2025", "12457", LAST_DAY))
    assert [codes.entry("GSO-2025", each.parent, FIRST_DAY).vi for each in heirs] == ["Tỉnh Hưng Yên"]


def test_an_entry_that_goes_on_has_no_successors() -> None:
    assert codes.successors(codes.entry("GSO-2025", "33", FIRST_DAY)) == ()


def test_an_unknown_code_and_an_unknown_system_are_told_apart() -> None:
    with pytest.raises(codes.UnknownCode, match="VN-CHANNEL has no code 4"):
        codes.entry("VN-CHANNEL", "4", FIRST_DAY)
    with pytest.raises(codes.UnknownSystem, match="VN-CHANNEL"):
        codes.table("VN-CHANEL")


def test_a_system_name_never_becomes_a_path() -> None:
    with pytest.raises(codes.UnknownSystem):
        codes.table("../topics")


def test_errors_of_codes_are_value_errors() -> None:
    with pytest.raises(ValueError, match="no code table"):
        codes.table("IT-FINE")


@pytest.mark.parametrize(
    "wrong",
    [
        'nmae = "x"',
        '[[entry]]\ncode = "1"\nvi = "x"\nen = "x"\nsuccesors = ["2"]',
        '[[entry]]\ncode = "1"\nvi = "x"\nen = "x"\n[[entry]]\ncode = "1"\nvi = "y"\nen = "y"',
        '[[entry]]\ncode = "1"\nvi = "x"\nen = "x"\nvalid_from = 2025-07-01\nvalid_to = 2025-07-01',
    ],
    ids=["a key of the head", "a key of an entry", "two periods at once", "an empty period"],
)
def test_a_table_that_is_written_wrong_is_refused_by_name(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "TRIAL.toml").write_text(f'vi = "a"\nen = "b"\nsource = "c"\n{wrong}\n', "utf-8")
    with pytest.raises(ValueError, match="TRIAL"):
        read(tmp_path, "TRIAL")


def test_rows_of_a_long_table_stand_beside_it(tmp_path: Path) -> None:
    head = 'vi = "a"\nen = "b"\nsource = "c"\nrows = "TRIAL.csv"\n[defaults]\nlevel = "commune"\n'
    (tmp_path / "TRIAL.toml").write_text(head, "utf-8")
    (tmp_path / "TRIAL.csv").write_text("code,vi,en,valid_to,successors\n1,Xã A,A Commune,2025-07-01,2 3\n", "utf-8")
    (only,) = read(tmp_path, "TRIAL").entries
    assert (only.level, only.valid_to, only.successors) == ("commune", FIRST_DAY, ("2", "3"))
