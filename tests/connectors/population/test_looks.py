"""From an event to a request: what is asked, and what must not be."""

from __future__ import annotations

from typing import Any

import pytest

from bus.errors import Unmappable
from connectors.population.looks import look
from tests.connectors.population.world import BORN, DOSSIER, NAME, NUMBER, OFFICIAL, an_asked, code


def test_a_look_says_who_asks_for_what_purpose_and_whom_it_compares() -> None:
    assert look(an_asked(), "H31").fields == {
        "maYeuCau": "H31-250626-000001", "maTichHop": "003", "maDVC": "1.004616", "maCanBo": OFFICIAL,
        "maDonVi": "H31.14", "thoiGianYeuCau": "20250626081500", "soDinhDanh": NUMBER, "hoVaTen": "NGUYỄN THỊ HẠNH",
        "ngayThangNam": BORN,
    }  # fmt: skip


def test_a_birth_of_which_only_the_year_is_known_is_asked_by_year() -> None:
    fields = look(an_asked(birthDate="1948"), "H31").fields
    assert (fields["nam"], "ngayThangNam" in fields) == ("1948", False)


def test_an_old_identity_card_is_asked_by_its_own_field() -> None:
    fields = look(an_asked(person=code("151234567", "VN-CMND")), "H31").fields
    assert (fields["soCMND"], "soDinhDanh" in fields) == ("151234567", False)


def test_an_event_without_an_agency_is_asked_by_our_unit() -> None:
    assert look(an_asked(askingAgency=None), "H31.7").fields["maDonVi"] == "H31.7"


def test_the_name_or_the_date_alone_can_be_compared() -> None:
    assert "hoVaTen" not in look(an_asked(fullName=None), "H31").fields
    assert "ngayThangNam" not in look(an_asked(birthDate=None), "H31").fields


@pytest.mark.parametrize("field", ["procedure", "officerNumber", "person", "requestNumber"])
@pytest.mark.parametrize("absent", [None, ""])
def test_a_look_without_a_reason_is_refused(field: str, absent: str | None) -> None:
    given = absent if field == "requestNumber" or absent is None else code(absent, "VN-PERSON")
    with pytest.raises(Unmappable, match=f"a look without a reason: `{field}` is missing"):
        look(an_asked(**{field: given}), "H31")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("person", code("03419000123", "VN-PERSON")),
        ("person", code("034190001234 ", "VN-TAX")),
        ("person", code("03419000123x", "VN-PERSON")),
        ("person", code("٠٣٤١٩٠٠٠١٢٣٤", "VN-PERSON")),
        ("person", code("000000001", "VN-CMND")),
        ("person", code("000000000001", "VN-PERSON")),
        ("person", code("034190001234", "VN-CMND")),
        ("birthDate", "12/05/1990"), ("birthDate", "19900231"), ("birthDate", "199005"), ("birthDate", "0000"),
        ("birthDate", "١٩٩٠"), ("procedure", code("khai sinh", "VN-PROCEDURE")), ("fullName", "N" * 101),
        ("requestNumber", "R" * 41), ("service", code("037", "VN-POPULATION-SERVICE")),
        ("officerNumber", code("9" * 21, "VN-PERSON")), ("askingAgency", code("H31." + "1" * 40, "VN-AGENCY")),
    ],
)  # fmt: skip
def test_what_the_partner_does_not_take_is_refused_by_name_and_never_by_value(field: str, value: Any) -> None:
    with pytest.raises(Unmappable) as refused:
        look(an_asked(**{field: value}), "H31")
    told = f"{refused.value} {refused.value.hint}"
    assert f"`{field}`" in told
    assert (value["code"] if isinstance(value, dict) else value).strip() not in told.replace("yyyy", "")


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(Unmappable, match="nothing can be compared"):
        look(an_asked(fullName=None, birthDate=" "), "H31")


def test_a_refusal_names_no_one() -> None:
    with pytest.raises(Unmappable) as refused:
        look(an_asked(procedure=None), "H31")
    assert [text for text in (NUMBER, NAME, BORN, OFFICIAL, DOSSIER) if text in repr(refused.value)] == []


def test_a_first_version_of_the_event_that_had_no_name_yet_is_refused_as_such() -> None:
    event = an_asked()
    old = {name: value for name, value in event.payload.items() if name not in ("fullName", "birthDate")}
    with pytest.raises(Unmappable, match="`fullName` and `birthDate` are missing"):
        look(an_asked(**old, fullName=None, birthDate=None), "H31")
