"""From an answer's bytes to what is kept of it: little, and only of an answer that is whole and agrees with itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import ConnectorError, CredentialsRefused, LienthongError, PartnerUnavailable, Rejected
from connectors.population.answers import kept, opened
from connectors.population.looks import look
from tests.connectors.population.world import an_answer, an_asked

LOOK = look(an_asked(), "H31")
NOBODY = {"maLoi": "201", "thongBao": "Không tìm thấy", "ketQua": None, "CongDan": None}


@pytest.mark.parametrize(
    ("changes", "outcome", "fields"),
    [
        ({}, "match", ("HoVaTen", "NgayThangNamSinh")),
        ({"ketQua": 1, "maLoi": 0, "thongBao": None}, "match", ("HoVaTen", "NgayThangNamSinh")),
        ({"ketQua": "0", "truongKhop": ["HoVaTen"]}, "no-match", ("HoVaTen",)),
        ({"ketQua": "0", "truongKhop": []}, "no-match", ()),
        (NOBODY, "not-found", ()),
        (NOBODY | {"truongKhop": ["HoVaTen"]}, "not-found", ()),
    ],
)
def test_an_outcome_and_the_names_of_the_fields_that_agree_are_kept(
    changes: dict[str, Any], outcome: str, fields: tuple[str, ...]
) -> None:
    found = opened(kept(an_answer(**changes), LOOK))
    assert (found.outcome, found.fields, found.time) == (outcome, fields, "20250626081512")


def test_a_field_that_was_not_asked_for_is_not_told_though_it_agrees() -> None:
    asked = look(an_asked(fieldsAsked=["HoVaTen"]), "H31")
    assert opened(kept(an_answer(), asked)).fields == ("HoVaTen",)


def test_a_name_that_the_partner_makes_up_is_not_told() -> None:
    answer = an_answer(truongKhop=["HoVaTen", "NgayThangNamSinh", "Bà ấy theo đạo Phật"])
    assert b"Ph" not in kept(answer, LOOK)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"maLoi": "-1", "thongBao": "Hệ thống đang bận"}, PartnerUnavailable),
        ({"thongBao": "Không thành công"}, PartnerUnavailable),
        ({"thongBao": "Khong thanh cong"}, PartnerUnavailable),
        ({"maLoi": "302", "thongBao": "Thành công"}, PartnerUnavailable),
        ({"maYeuCau": "R-0"}, PartnerUnavailable),
        ({"CongDan": {"SoDinhDanh": "001199000001"}}, PartnerUnavailable),
        ({"CongDan": {}}, PartnerUnavailable),
        ({"ketQua": "0"}, PartnerUnavailable),
        ({"truongKhop": ["HoVaTen"]}, PartnerUnavailable),
        ({"ketQua": None}, PartnerUnavailable),
        ({"ketQua": "2"}, PartnerUnavailable),
        ({"thoiGian": None}, PartnerUnavailable),
        ({"thoiGian": "20250631000000"}, PartnerUnavailable),
        (NOBODY | {"ketQua": "1"}, PartnerUnavailable),
        (NOBODY | {"CongDan": {}}, PartnerUnavailable),
        ({"maLoi": "100", "thongBao": "Sai chữ ký"}, CredentialsRefused),
        ({"maLoi": "101", "thongBao": None}, CredentialsRefused),
        ({"maLoi": "106", "thongBao": None}, ConnectorError),
        ({"maLoi": "109", "thongBao": None}, Rejected),
        ({"maLoi": "200", "thongBao": None}, Rejected),
        ({"maLoi": "302", "thongBao": None}, Rejected),
        ({"maLoi": "777", "thongBao": None}, ConnectorError),
    ],
)
def test_any_other_answer_has_its_class(changes: dict[str, Any], kind: type[LienthongError]) -> None:
    with pytest.raises(LienthongError) as caught:
        kept(an_answer(**changes), LOOK)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b"<html>", b"\xff\xfe", b"[" * 100_000, an_answer()[:-1], b'{"maLoi": 0}',
     an_answer(maLoi=["0"]), an_answer(maYeuCau=None), an_answer(truongKhop="HoVaTen"), an_answer(CongDan=[])],
)  # fmt: skip
def test_half_an_answer_or_another_thing_is_an_outage(body: bytes) -> None:
    with pytest.raises(PartnerUnavailable):
        kept(body, LOOK)


def test_what_an_answer_says_is_in_no_error_nor_in_its_cause() -> None:
    for body in (an_answer(maLoi="canary"), an_answer(thongBao="canary"), an_answer(ketQua="canary"), b'{"canary'):
        with pytest.raises(LienthongError) as caught:
            kept(body, LOOK)
        error = caught.value
        assert "canary" not in f"{error!r} {error.hint}"
        assert (error.__cause__, error.__context__) == (None, None)


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_whatever_bytes_come_nothing_but_an_error_of_ours_is_raised(body: bytes) -> None:
    with pytest.raises(LienthongError):
        kept(body, LOOK)


def test_the_same_answer_is_kept_as_the_same_bytes() -> None:
    reordered = json.dumps(dict(reversed(json.loads(an_answer()).items()))).encode()
    assert kept(an_answer(), LOOK) == kept(reordered, LOOK)
