"""Answers and items as bytes: what is read, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest

from bus.errors import PartnerUnavailable, Unreadable
from bus.http import Reply
from connectors.one_stop.answers import Answer, Meaning, meaning
from connectors.one_stop.bookmark import Bookmark
from connectors.one_stop.rows import MAX_ITEM_BYTES, read, rows

MARK = Bookmark(feed="dossiers", time="20250701120000", id="B")
KEYS = {"MaHoSo": "C", "ThoiDiemCapNhat": "20250701120001"}


def an_answer(body: bytes) -> Answer:
    """Return the answer in a body."""
    return Reply(status=200, body=body, headers={}, seen_at=None).read(Answer, "DanhSachHoSo")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"error_code": 0}, Meaning.DONE),
        ({"error_code": "00", "message": "THÀNH CÔNG"}, Meaning.DONE),
        ({"message": "Thành công"}, Meaning.DONE),
        ({"error_code": "0", "message": "Lỗi hệ thống"}, Meaning.CONTRADICTS_ITSELF),
        ({"error_code": "0", "message": "Không thành công"}, Meaning.CONTRADICTS_ITSELF),
        ({}, Meaning.CONTRADICTS_ITSELF),
        ({"error_code": -2}, Meaning.SESSION_OVER),
        ({"error_code": "7", "message": "Phiên đăng nhập hết hạn"}, Meaning.SESSION_OVER),
        ({"error_code": "-1", "message": "Hệ thống đang bận"}, Meaning.BUSY),
        ({"error_code": "3", "message": "Hồ sơ đã tồn tại"}, Meaning.EXISTS),
        ({"error_code": "0", "message": "Hồ sơ đã tồn tại"}, Meaning.EXISTS),
        ({"error_code": "-6", "message": "Hồ sơ không tồn tại"}, Meaning.NOT_THIS_ONE),
        ({"error_code": "-7", "message": "Thành công"}, Meaning.CONTRADICTS_ITSELF),
        ({"error_code": "-3"}, Meaning.REFUSED),
    ],
)
def test_code_and_text_are_judged_together(answer: dict[str, Any], expected: Meaning) -> None:
    assert meaning(an_answer(json.dumps(answer).encode())) is expected


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b'{"error_code": 1.5}', b'{"data": {}}', b"[" * 100_000, b"\xff\xfe", b'{"a'],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_answer_is_an_outage(body: bytes) -> None:
    with pytest.raises(PartnerUnavailable):
        an_answer(body)


@pytest.mark.parametrize(
    "raw",
    [
        b"17", b"null", b"[]", b"{", b'{"a": NaN}', b'{"MaHoSo": "C"}', b"\xff", b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}", b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": "' + b"x" * MAX_ITEM_BYTES + b'"}', json.dumps(KEYS | {"ThoiDiemCapNhat": "today"}).encode(),
        json.dumps(KEYS | {"MaHoSo": 7}).encode(), json.dumps(KEYS | {"MaHoSo": " "}).encode(),
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_item_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw, "dossiers")


def test_an_item_is_read_in_nfc_without_what_is_empty() -> None:
    raw = json.dumps(
        KEYS | {"ChuHoSo": normalize("NFD", " Lê Thị Mẫu "), "GhiChu": " ", "Email": None, "DanhSach": ["", "a"]}
    )
    assert read(raw.encode(), "dossiers").content == KEYS | {"ChuHoSo": "Lê Thị Mẫu", "DanhSach": ["a"]}


def test_a_bad_item_keeps_its_bytes_and_its_place_and_those_around_it_pass() -> None:
    good = json.dumps(KEYS).encode()
    found = rows([good, b'{"bad": 1}', good], MARK)
    assert [item.fault is None for item in found] == [True, False, True]
    assert (found[1].raw, found[1].place) == (b'{"bad": 1}', "DanhSachHoSo, item 2 behind 20250701120000 B")
    assert found[0].place == "DanhSachHoSo C, changed 20250701120001"


@pytest.mark.parametrize(
    "keys",
    [
        [("20250701115959", "A")],
        [("20250701120000", "B")],
        [("20250701120002", "C"), ("20250701120001", "D")],
    ],
    ids=["from before", "the row itself again", "out of order"],
)
def test_a_page_that_does_not_keep_the_order_is_refused_whole(keys: list[tuple[str, str]]) -> None:
    page = [json.dumps({"ThoiDiemCapNhat": time, "MaHoSo": name}).encode() for time, name in keys]
    with pytest.raises(PartnerUnavailable):
        rows(page, MARK)


def test_equal_times_and_a_row_twice_keep_the_order() -> None:
    keys = [("20250701120000", "C"), ("20250701120001", "A"), ("20250701120001", "A")]
    page = [json.dumps({"ThoiDiemCapNhat": time, "MaHoSo": name}).encode() for time, name in keys]
    assert len(rows(page, MARK)) == 3


@pytest.mark.parametrize("feed", ["dossiers", "steps", "payments"])
def test_a_thing_of_any_feed_names_its_dossier(feed: str) -> None:
    item = {**KEYS, "MaTienDo": "T", "MaThamChieu": "P"}
    (found,) = rows([json.dumps(item).encode()], Bookmark(feed=feed, time="20250701120000", id="B"))
    assert found.key == "C"
