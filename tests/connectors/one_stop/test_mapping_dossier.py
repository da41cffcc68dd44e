"""A dossier's version becomes events: which ones, with what, and under ids that last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import pytest

from bus.errors import Unmappable
from tests.connectors.one_stop.items import ASKED, CODE, DONE, FILED, GIVEN, RECEIVED, dossier, ids, only, types

A_FEE = {"MaPhiLePhi": "LP1", "TenPhiLePhi": "Lệ phí", "HinhThucThu": "1", "Gia": "8000", "LoaiPhiLePhi": "2"}
A_FILE = {
    "TepDinhKemId": "T1", "TenTepDinhKem": "Tờ khai.pdf", "MaThanhPhanHoSo": "000.00.00.G15-KQ000001", "DuocSoHoa": "1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("item", "changes", "expected"),
    [
        (FILED, {}, ["DossierSubmitted"]),
        (FILED, {"NgayNopHoSo": None}, ["DossierSubmitted"]),
        (FILED, {"TrangThaiHoSo": "0"}, ["DossierSubmitted"]),
        (FILED, {"TrangThaiHoSo": "3", "NgayTuChoi": "20260609090000"}, ["DossierSubmitted", "DossierRefused"]),
        (FILED, {"TrangThaiHoSo": "7"}, ["DossierSubmitted", "DossierWithdrawn"]),
        (RECEIVED, {}, ["DossierSubmitted", "DossierReceived"]),
        (RECEIVED, {"TrangThaiHoSo": 4}, ["DossierSubmitted", "DossierReceived"]),
        (RECEIVED, {"TrangThaiHoSo": "5"}, ["DossierSubmitted", "DossierReceived", "DossierPaused"]),
        (RECEIVED, {"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [ASKED]},
         ["DossierSubmitted", "DossierReceived", "SupplementAsked"]),
        (RECEIVED, {"TrangThaiHoSo": "4", "NgayHenTra": "20260615170000", "DanhSachHoSoBoSung": [GIVEN]},
         ["DossierSubmitted", "DossierReceived", "SupplementAsked", "SupplementGiven", "AppointmentChanged"]),
        (RECEIVED, {"TrangThaiHoSo": "8", "NgayKetThucXuLy": "20260610090000"},
         ["DossierSubmitted", "DossierReceived", "DossierStopped"]),
        (RECEIVED, {"DanhSachLePhi": [A_FEE]}, ["DossierSubmitted", "DossierReceived", "FeeAsked"]),
        (FILED, {"DanhSachLePhi": [A_FEE]}, ["DossierSubmitted"]),
        (FILED, {"TaiLieuNop": [A_FILE]}, ["DossierSubmitted", "ComponentAttached"]),
        (FILED, {"TaiLieuNop": [A_FILE | {"IsDeleted": "1"}]}, ["DossierSubmitted"]),
        (FILED, {"TaiLieuNop": [A_FILE | {"DuocTaiSuDung": "1"}]}, ["DossierSubmitted", "ComponentReused"]),
        (DONE, {}, ["DossierSubmitted", "DossierReceived", "ResultIssued", "DossierResolved", "DossierReturned"]),
    ],
)  # fmt: skip
def test_a_version_tells_its_facts_as_they_happened(
    item: dict[str, Any], changes: dict[str, Any], expected: list[str]
) -> None:
    assert types(dossier(item, **changes)) == expected


def test_an_event_says_who_what_and_when() -> None:
    event = only(dossier(RECEIVED), "DossierReceived")
    assert (event.source, event.key, event.correlation, event.agency) == ("one-stop", CODE, CODE, "H31")
    assert event.time == datetime(2026, 6, 9, 1, 15, tzinfo=UTC)
    assert event.payload["sourceTime"] == "20260609081500"
    assert event.payload["appointment"] == {"at": datetime(2026, 6, 12, 10, tzinfo=UTC), "text": "20260612170000"}


def test_codes_name_their_tables() -> None:
    told = only(dossier(RECEIVED), "DossierReceived").payload
    named = {name: (told[name]["code"], told[name]["codeSystem"]) for name in ("procedure", "channel", "returnMethod")}
    assert named == {
        "procedure": ("1.001193", "VN-PROCEDURE"), "channel": ("2", "VN-CHANNEL"),
        "returnMethod": ("1", "DVCQG-RETURN"),
    }  # fmt: skip
    assert told["applicant"]["kind"]["codeSystem"] == "ONE-STOP-PARTY"


def test_the_agency_is_the_one_of_the_code_on_the_codes_day() -> None:
    told = only(dossier(RECEIVED, MaHoSo="000.00.12.H54-250626-0041"), "DossierReceived").payload
    agency = told["receivingAgency"]
    assert (agency["code"], agency["codeSystem"], str(agency["validAt"])) == (
        "000.00.12.H54",
        "VN-AGENCY",
        "2025-06-26",
    )


def test_telephone_and_mail_stay_with_the_partner() -> None:
    event = only(dossier(FILED, SoDienThoai="0900000001", Email="mau@example.vn"), "DossierSubmitted")
    assert "0900000001" not in str(event.payload)
    assert "mau@example.vn" not in str(event.payload)


@pytest.mark.parametrize(
    ("number", "system"),
    [("034190000001", "VN-PERSON"), ("000000001", "VN-CMND"), ("0100233488", "VN-TAX"), ("B1234567", "VN-PAPER")],
)
def test_a_number_is_called_by_its_shape(number: str, system: str) -> None:
    told = only(dossier(FILED, SoGiayToChuHoSo=number), "DossierSubmitted").payload
    assert (told["applicant"]["number"]["code"], told["applicant"]["number"]["codeSystem"]) == (number, system)


def test_the_number_may_stand_in_the_identity_alone() -> None:
    identity = {"LoaiDinhDanh": "1", "SoDinhDanh": "034190000001"}
    told = only(dossier(FILED, SoGiayToChuHoSo=None, DinhDanhCHS=identity), "DossierSubmitted").payload
    assert told["applicant"]["number"]["code"] == "034190000001"


# -- ids --------------------------------------------------------------------------------------------------


def test_a_fact_seen_in_two_snapshots_has_one_id() -> None:
    later = dossier(DONE, SoDienThoai="0900000002", DonViXuLy="Sở Tư pháp", GhiChu="Đã gọi điện")
    assert ids(dossier(RECEIVED)) < ids(later)


def test_the_same_fact_is_told_in_the_same_words_by_any_snapshot() -> None:
    first, later = only(dossier(RECEIVED), "DossierReceived"), only(dossier(DONE), "DossierReceived")
    assert first == later


def test_a_corrected_date_gives_a_new_version_of_that_fact_alone() -> None:
    before, after = dossier(DONE), dossier(DONE, NgayTiepNhan="20260609081000")
    assert [event.type for event in after if str(event.id) not in ids(before)] == ["DossierReceived"]


def test_a_corrected_name_is_told() -> None:
    before, after = dossier(FILED), dossier(FILED, ChuHoSo="Nguyễn Thị Mậu")
    assert ids(before).isdisjoint(ids(after))


def test_letters_and_marks_apart_are_the_same_text() -> None:
    assert ids(dossier(FILED)) == ids(dossier(FILED, ChuHoSo=normalize("NFD", str(FILED["ChuHoSo"]))))


def test_two_sources_never_share_an_id() -> None:
    assert ids(dossier(FILED)).isdisjoint(ids(dossier(FILED, MaHoSo="H31.12-20260609-0000008")))


def test_a_fact_without_a_date_has_the_time_of_its_snapshot_and_keeps_its_id() -> None:
    first = only(dossier(RECEIVED, TrangThaiHoSo="8", ThoiDiemCapNhat="20260610090000"), "DossierStopped")
    again = only(dossier(RECEIVED, TrangThaiHoSo="8", ThoiDiemCapNhat="20260611090000"), "DossierStopped")
    assert first.time == datetime(2026, 6, 10, 2, tzinfo=UTC)
    assert first.id == again.id


def test_a_second_pause_for_another_fee_is_another_pause() -> None:
    duty = {"MaPhiLePhi": "NVTC", "HinhThucThu": "2", "Gia": "500000"}
    first = only(dossier(RECEIVED, TrangThaiHoSo="6", DanhSachLePhi=[duty]), "DossierPaused")
    other = only(dossier(RECEIVED, TrangThaiHoSo="6", DanhSachLePhi=[duty, A_FEE]), "DossierPaused")
    assert first.id != other.id


def test_two_equal_fees_are_two() -> None:
    fees = [event for event in dossier(RECEIVED, DanhSachLePhi=[A_FEE, A_FEE]) if event.type == "FeeAsked"]
    assert len(ids(fees)) == 2


# -- appointments and supplements -------------------------------------------------------------------------


def test_reception_keeps_the_appointment_that_was_given_first() -> None:
    moved = dossier(RECEIVED, NgayHenTra="20260615170000", DanhSachHoSoBoSung=[GIVEN])
    assert only(moved, "DossierReceived").payload["appointment"]["text"] == "20260612170000"
    assert ids(dossier(RECEIVED)) < ids(moved)


def test_a_new_appointment_says_the_old_one_and_why() -> None:
    moved = dossier(RECEIVED, NgayHenTra="20260615170000", DanhSachHoSoBoSung=[GIVEN])
    told = only(moved, "AppointmentChanged").payload
    assert told["oldAppointment"]["text"] == "20260612170000"
    assert told["newAppointment"]["text"] == "20260615170000"
    assert told["reason"] == "Thiếu giấy chứng sinh"


def test_an_appointment_that_was_set_in_silence_is_told_without_a_reason() -> None:
    later = {"NgayHenTra": "20260630170000", "ThoiDiemCapNhat": "20260620090000"}
    moved = dossier(RECEIVED, DanhSachHoSoBoSung=[GIVEN], **later)
    silent = [event.payload for event in moved if event.type == "AppointmentChanged"][-1]
    assert (silent["oldAppointment"]["text"], silent["newAppointment"]["text"], silent["reason"]) == (
        "20260615170000", "20260630170000", None,
    )  # fmt: skip


def test_a_supplement_names_its_request_its_papers_and_its_form() -> None:
    told = only(dossier(RECEIVED, TrangThaiHoSo="5", DanhSachHoSoBoSung=[ASKED]), "SupplementAsked").payload
    assert (told["requestId"], told["papers"], told["form"], told["officer"]) == (
        "BS1", ["Giấy chứng sinh"], "02", "Lê Văn Cán",
    )  # fmt: skip


def test_a_file_that_came_with_a_supplement_came_then() -> None:
    given = {**GIVEN, "DanhSachGiayToBoSung": [{"TenGiayTo": "Giấy chứng sinh", "TepDinhKemId": "T1"}]}
    event = only(dossier(RECEIVED, TaiLieuNop=[A_FILE], DanhSachHoSoBoSung=[given]), "ComponentAttached")
    assert event.payload["sourceTime"] == "20260610090000"


# -- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"TrangThaiHoSo": "11"}, "TrangThaiHoSo"),
        ({"TrangThaiHoSo": None}, "TrangThaiHoSo"),
        ({"NgayTiepNhan": None}, "NgayTiepNhan"),
        ({"NgayTiepNhan": "09/06/2026"}, "NgayTiepNhan"),
        ({"NgayHenTra": "20260631170000"}, "NgayHenTra"),
        ({"ChuHoSo": {"Ho": "Nguyễn"}}, "ChuHoSo"),
        ({"TaiKhoanDuocXacThucVoiVNeID": "có"}, "TaiKhoanDuocXacThucVoiVNeID"),
        ({"DanhSachLePhi": "không"}, "DanhSachLePhi"),
        ({"DanhSachLePhi": [A_FEE, A_FEE | {"Gia": "tám nghìn"}]}, "DanhSachLePhi[1].Gia"),
        ({"DanhSachLePhi": [A_FEE | {"Gia": "-1"}]}, "DanhSachLePhi[0].Gia"),
        ({"DanhSachLePhi": [A_FEE | {"Gia": 0.001}]}, "DanhSachLePhi[0].Gia"),
        ({"DanhSachHoSoBoSung": [ASKED | {"NgayBoSung": "hôm qua"}]}, "DanhSachHoSoBoSung[0].NgayBoSung"),
    ],
)
def test_a_refusal_names_the_field_and_never_its_value(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Unmappable) as caught:
        dossier(RECEIVED, **changes)
    assert f"`{field}`" in str(caught.value)
    assert not any(str(value) in str(caught.value) for value in ("tám", "hôm qua", "09/06", "Nguyễn"))
