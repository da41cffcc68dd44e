"""What events are to the partner: which service, which item, under which name, and what is no matter for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bus.envelope import Envelope
from bus.errors import Unmappable
from connectors.one_stop.delivering import TYPES, Message, message
from tests.connectors.one_stop.agencies import AT, an_event, code

CODE = "H31.12-20250701-0000003"
MONEY = {"amount": Decimal("16000.00"), "currency": "VND"}
ANSWERED = an_event("CitizenLookupAnswered", "population", CODE, requestNumber="XT-1",
                    outcome=code("VN-LOOKUP-OUTCOME", "match"))  # fmt: skip
OPENED = an_event("PaymentOpened", "payment", CODE, reference="R1", amount=MONEY, payUrl="https://pay.example.vn/R1",
                  gateway=code("VN-PAYMENT-GATEWAY", "VNPAY"))  # fmt: skip
PAID = an_event("PaymentConfirmed", "payment", CODE, reference="R1", amount=MONEY, gatewayTransaction="77",
                method=code("VN-PAYMENT-METHOD", "truc-tuyen"), bank=code("VNPAY-BANK", "NCB"),
                paidAt={"at": AT + timedelta(minutes=3), "text": None})  # fmt: skip
STEP = an_event("DossierStepDone", "police", CODE, step="Đăng ký thường trú", officer="Lê Văn Mẫu",
                note="Ghi chú về cháu bé")  # fmt: skip
RESULT = an_event("ResultIssued", "insurance", CODE, fileId="BHYT-1", title="Thẻ bảo hiểm y tế",
                  kind=code("VN-RESULT", "KQ.G24.000001"))  # fmt: skip
DELIVERED = an_event("PostalStatusChanged", "postal", CODE, orderNumber=CODE, status=code("VNPOST-LEGACY", "100"))
ALL = (ANSWERED, OPENED, PAID, STEP, RESULT, DELIVERED)


def sent(event: Envelope) -> Message:
    """Return what an event is to the partner."""
    found = message(event)
    assert found is not None
    return found


def test_every_type_that_is_accepted_is_something_to_the_partner() -> None:
    assert {event.type for event in ALL} == TYPES
    assert all(sent(event).dossier == CODE for event in ALL)


def test_names_differ_and_the_same_event_has_the_same() -> None:
    assert len({(sent(event).name, sent(event).reference) for event in ALL}) == len(ALL)
    assert [message(event) for event in ALL] == [message(event) for event in ALL]


def test_an_outcome_is_a_step_of_progress_under_the_events_id() -> None:
    told = sent(ANSWERED)
    assert (told.service, told.reference, told.is_repeatable) == ("CapNhatTienDoHoSoMC", str(ANSWERED.id), False)
    assert told.item["KetQua"] == "match"
    assert told.item["ThoiDiemXuLy"] == "20250626100000"
    assert told.fields() == {"data": [told.item]}


def test_another_agencys_step_has_its_name_and_no_free_words() -> None:
    told = sent(STEP)
    assert (told.item["NoiDungXuLy"], told.item["NguoiXuLy"]) == ("Đăng ký thường trú", "Lê Văn Mẫu")
    assert "cháu bé" not in str(told.item)


def test_an_open_payment_brings_its_link_and_a_paid_one_its_transaction() -> None:
    opened, paid = sent(OPENED), sent(PAID)
    assert (opened.service, opened.is_repeatable) == ("CapNhatThanhToan", True)
    assert (opened.item["TrangThai"], opened.item["DuongDanThanhToan"]) == (
        "Chờ thanh toán", "https://pay.example.vn/R1",
    )  # fmt: skip
    assert (paid.item["TrangThai"], paid.item["MaGiaoDich"], paid.item["ThoiGianGD"]) == (
        "Đã thanh toán", "77", "20250626100300",
    )  # fmt: skip
    assert opened.item["MaThamChieu"] == paid.item["MaThamChieu"] == "R1"


def test_a_result_is_an_update_of_the_dossier() -> None:
    told = sent(RESULT)
    assert told.fields()["isUpdating"] == "True"
    assert told.item["DanhSachGiayToKetQua"][0]["MaThanhPhanHoSo"] == "KQ.G24.000001"


def test_a_result_without_a_name_is_refused() -> None:
    with pytest.raises(Unmappable, match="`fileId`"):
        message(an_event("ResultIssued", "insurance", CODE, title="Thẻ"))


@pytest.mark.parametrize(
    ("system", "status", "is_told"),
    [
        ("VNPOST", "14", True), ("VNPOST", "19", True), ("VNPOST", "10", False), ("VNPOST", "100", False),
        ("VNPOST-LEGACY", "100", True), ("VNPOST-LEGACY", "170", True), ("VNPOST-LEGACY", "10", False),
        ("OTHER", "14", False),
    ],
)  # fmt: skip
def test_only_the_end_of_a_parcels_way_concerns_the_office(system: str, status: str, is_told: bool) -> None:
    event = an_event("PostalStatusChanged", "postal", CODE, orderNumber=CODE, status=code(system, status))
    assert (message(event) is not None) is is_told


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type)
def test_what_is_about_no_dossier_concerns_no_office(event: Envelope) -> None:
    assert message(replace(event, payload={**event.payload, "dossierCode": None})) is None
