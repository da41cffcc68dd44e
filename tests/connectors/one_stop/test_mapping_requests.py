"""What the office asks of other agencies, on whose behalf somebody files, and what a fact rests on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus.envelope import Envelope
from bus.errors import Unmappable
from connectors.one_stop.mapping import events
from connectors.one_stop.rows import Row
from tests.connectors.one_stop.items import (
    BY,
    CODE,
    DONE,
    LOOK,
    PAID,
    PARCEL,
    RECEIVED,
    REQUEST,
    dossier,
    ids,
    only,
    told,
    types,
)

CAUSE = "5f0c5c0c-5c8b-5d6a-8f43-0f1b1b1b1b1b"


def online(item: dict[str, Any]) -> list[Envelope]:
    """Return the events of a payment's version where another connector confirms what is paid online."""
    row = Row(feed="payments", time=item["ThoiDiemCapNhat"], id=item["MaThamChieu"], content=item)
    return list(events(row, replace(BY, confirmed_elsewhere=frozenset({"truc-tuyen"}))))


def test_a_look_is_asked_for_with_its_reason_and_what_is_compared() -> None:
    (event,) = told("lookups", LOOK)
    payload = event.payload
    assert (event.type, event.key, payload["requestNumber"]) == ("CitizenLookupAsked", CODE, f"XT-{CODE}")
    assert (payload["fullName"], payload["birthDate"]) == ("Nguyễn Thị Mẫu", "19900203")
    assert payload["person"] == {"code": "034190000001", "codeSystem": "VN-PERSON", "validAt": None}
    assert (payload["service"]["code"], payload["procedure"]["code"]) == ("003", "1.001193")
    assert payload["fieldsAsked"] == ["HoVaTen", "NgayThangNamSinh"]


def test_a_look_without_a_number_or_with_something_else_than_names_of_fields_is_refused() -> None:
    for changes in ({"TruongThongTin": "HoVaTen"}, {"TruongThongTin": [7]}, {"ThoiDiemYeuCau": "hôm nay"}):
        with pytest.raises(Unmappable):
            told("lookups", LOOK | changes)


def test_a_parcel_is_ordered_for_who_receives_it() -> None:
    (event,) = told("parcels", PARCEL)
    assert (event.type, event.key, event.payload["orderNumber"]) == ("PostalOrdered", CODE, CODE)
    receiver = event.payload["receiver"]
    assert (receiver["phone"], receiver["address"]["province"]) == ("0900000001", "Hưng Yên")
    assert (event.payload["sender"], event.payload["cod"]) == (None, None)


def test_cash_on_delivery_is_an_amount() -> None:
    (event,) = told("parcels", PARCEL | {"TienThuHo": "8000"})
    assert (event.payload["cod"]["amount"], event.payload["cod"]["currency"]) == (8000, "VND")


def test_a_payment_is_requested_by_the_way_that_was_asked_for() -> None:
    (event,) = told("payments", REQUEST)
    payload = event.payload
    assert (payload["method"]["code"], payload["gateway"]["code"]) == ("truc-tuyen", "VNPAY")
    assert payload["gateway"]["codeSystem"] == "VN-PAYMENT-GATEWAY"
    assert [fee["amount"]["amount"] for fee in payload["fees"]] == [payload["amount"]["amount"]]


def test_how_it_was_paid_in_the_end_does_not_change_the_request() -> None:
    paid = REQUEST | {name: PAID[name] for name in ("TrangThai", "ThoiGianGD", "HinhThucThanhToan", "CongThanhToan")}
    assert ids(told("payments", REQUEST)) < ids(told("payments", paid))


def test_what_another_connector_confirms_is_not_told_as_paid() -> None:
    assert types(online(PAID)) == ["PaymentRequested"]
    assert types(online(PAID | {"HinhThucThanhToan": "tien-mat"})) == ["PaymentRequested", "PaymentConfirmed"]


def test_who_filed_for_the_owner_stands_in_the_filing() -> None:
    agent = {"HoTen": "Lê Thị Bưu", "SoDinhDanh": "034188000002", "MaDonVi": "411120", "DonVi": "Bưu cục Tiên Lữ"}
    event = only(dossier(RECEIVED, NguoiNopThay=agent), "DossierSubmitted")
    assert event.payload["submittedBy"]["name"] == "Lê Thị Bưu"
    assert event.payload["supportAgency"] == {"code": "411120", "codeSystem": "ONE-STOP-OFFICE", "validAt": None}
    assert only(dossier(RECEIVED), "DossierSubmitted").payload["submittedBy"] is None


def test_a_fact_that_rests_on_a_message_of_ours_names_it_as_its_cause() -> None:
    found = dossier(DONE, CanCu={"DossierReceived": CAUSE, "DossierResolved": "none of ours"})
    assert only(found, "DossierReceived").causation == UUID(CAUSE)
    assert only(found, "DossierResolved").causation is None
    assert ids(found) == ids(dossier(DONE))


def test_a_result_has_its_own_day_where_it_has_one() -> None:
    paper = DONE["DanhSachGiayToKetQua"][0] | {"NgayBanHanh": "20260610093000"}  # type: ignore[index]
    early = dossier(RECEIVED, DanhSachGiayToKetQua=[paper])
    late = dossier(DONE, DanhSachGiayToKetQua=[paper])
    assert only(early, "ResultIssued") == only(late, "ResultIssued")
    assert only(late, "ResultIssued").payload["sourceTime"] == "20260610093000"
