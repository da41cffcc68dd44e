"""What every table must be true of, and the figures that the law gives."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest

from schemas import codes
from schemas.codes import Entry

SYSTEMS = codes.systems()
FIRST_DAY = date(2025, 7, 1)
AREAS = {"33": {"33", "34"}, "38": {"38"}, "82": {"82", "87"}}
"""Today's provinces whose communes are held, and those that they were made of."""


def entries(system: str, level: str = "", parents: frozenset[str] = frozenset()) -> list[Entry]:
    """Return a table's entries of a level, those below ``parents`` where given."""
    found = [each for each in codes.table(system).entries if level in ("", each.level)]
    return [each for each in found if each.parent in parents] if parents else found


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_table_tells_its_source(system: str) -> None:
    table = codes.table(system)
    assert table.source
    assert all(each.source for each in table.entries)


@pytest.mark.parametrize("system", SYSTEMS)
def test_names_are_there_in_both_languages_and_in_nfc(system: str) -> None:
    names = [name for each in codes.table(system).entries for name in (each.vi, each.en)]
    assert all(name and name == name.strip() for name in names)
    assert [name for name in names if not unicodedata.is_normalized("NFC", name)] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_english_names_need_no_diacritics(system: str) -> None:
    assert [each.en for each in codes.table(system).entries if not each.en.isascii()] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_code_has_the_shape_of_its_table(system: str) -> None:
    table = codes.table(system)
    assert [each.code for each in table.entries if not table.shape.fullmatch(each.code)] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_successor_was_there_on_the_day_of_the_end(system: str) -> None:
    ended = [each for each in codes.table(system).entries if each.successors]
    assert all(len(codes.successors(each)) == len(each.successors) for each in ended)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_state_that_may_follow_is_a_state(system: str) -> None:
    table = codes.table(system)
    following = {code for each in table.entries for code in (*(each.followers or ()), *each.with_reason)}
    assert following <= {each.code for each in table.entries}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_parent_is_in_the_table(system: str) -> None:
    table = codes.table(system)
    assert {each.parent for each in table.entries} - {""} <= {each.code for each in table.entries}


def test_twenty_nine_of_sixty_three_people_s_committees_closed() -> None:
    committees = [each for each in codes.table("VN-AGENCY").entries if each.code.startswith("H")]
    closed = [each for each in committees if each.valid_to == FIRST_DAY]
    assert (len({each.code for each in committees}), len(closed)) == (63, 29)
    assert all(each.successors for each in closed)


def test_thirty_four_provinces_are_left_of_sixty_three() -> None:
    before = {each.code for each in entries("GSO-pre2025", "province")}
    after = {each.code for each in entries("GSO-2025", "province")}
    assert (len(before), len(after), after - before) == (63, 34, set())


def name_of(each: Entry) -> str:
    """Return a province's bare name, from its own or from its People's Committee's."""
    return re.sub(r"^(Ủy ban nhân dân )?(tỉnh|thành phố) ", "", each.vi, flags=re.IGNORECASE)


def test_agencies_and_units_agree_on_which_province_took_in_which() -> None:
    """The agency's code follows the name and the unit's the seat, so only the names can be compared."""
    committees = [each for each in entries("VN-AGENCY") if each.code.startswith("H") and each.successors]
    units = {name_of(each): codes.successors(each) for each in entries("GSO-pre2025", "province")}
    heirs = {name_of(each): [name_of(heir) for heir in codes.successors(each)] for each in committees}
    assert heirs == {name: [name_of(heir) for heir in units[name]] for name in heirs}


@pytest.mark.parametrize(("province", "communes"), [("33", 104), ("38", 166), ("82", 102)])
def test_a_province_has_as_many_communes_as_the_decision_counts(province: str, communes: int) -> None:
    assert len(entries("GSO-2025", "commune", frozenset({province}))) == communes


@pytest.mark.parametrize("province", AREAS)
def test_old_communes_become_all_the_new_ones_of_their_province_and_no_others(province: str) -> None:
    districts = {each.code for each in entries("GSO-pre2025", "district", frozenset(AREAS[province]))}
    heirs = {
        code for each in entries("GSO-pre2025", "commune", frozenset(districts)) for code in each.successors
    }  # fmt: skip
    assert heirs == {each.code for each in entries("GSO-2025", "commune", frozenset({province}))}


def test_every_old_commune_has_a_successor_and_no_district_has() -> None:
    assert all(each.successors for each in entries("GSO-pre2025", "commune"))
    assert not any(each.successors for each in entries("GSO-pre2025", "district"))


def test_report_groups_of_statuses_are_those_that_reports_use() -> None:
    groups: dict[str, set[str]] = {}
    for each in codes.table("VN-DOSSIER-STATUS").entries:
        groups.setdefault(each.group, set()).add(each.code)
    assert groups == {
        "not received": {"1", "3"},
        "in process": {"2", "4"},
        "paused": {"5", "6", "8"},
        "done": {"7", "9", "10"},
    }
