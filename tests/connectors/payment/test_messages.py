"""What is said to the gateways, and what is made of their answers, sound ones and others."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bus.errors import CredentialsRefused, PartnerUnavailable, Rejected
from connectors.payment import dvcqg, signatures, vnpay
from connectors.payment.config import Platform, Vnpay
from connectors.payment.orders import Charge, Opened, Order, State, read, state_of, written
from connectors.payment.simulator import PLATFORM_SECRET, VNPAY_SECRET, messages
from tests.connectors.payment.world import a_fee, a_request, an_order, code, settings_of, with_payload

ORDER = Order(gateway="DVCQG", amount=50_000, requested="20260609081500", dossier="H31.14-260609-0001")
URL = "https://pay.example.vn/x"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    found = settings_of(tmp_path).config.dvcqg
    assert found is not None
    return found


@pytest.fixture
def terminal(tmp_path: Path) -> Vnpay:
    found = settings_of(tmp_path).config.vnpay
    assert found is not None
    return found


def answer(error_code: Any, **message: Any) -> bytes:
    return json.dumps({"error_code": error_code, "message": json.dumps(message)}).encode()


def test_init_has_the_payment_its_parts_and_the_payer(platform: Platform) -> None:
    fees = [a_fee(30_000), a_fee(20_000, kind="1")]
    request = with_payload(a_request(1, fees=fees), beneficiaryBank=code("0111", "TREASURY"))
    message = dvcqg.init_message(platform, "k", ORDER, request.payload)
    receipt = message["ThongTinBienLai"]
    assert (message["SoTien"], message["LoaiHinhThanhToan"], message["ThoiGianGD"]) == (
        "50000", "PAY", "20260609081500",
    )  # fmt: skip
    assert [(fee["LoaiPhiLePhi"], fee["SoTien"]) for fee in receipt["PhiLePhi"]] == [("2", "30000"), ("1", "20000")]
    assert (receipt["HoTenNguoiNop"], receipt["MaNHThuHuong"]) == ("Nguyễn Thị Mẫu", "0111")
    assert message["MaXacThuc"] == signatures.platform_hash(message, signatures.INIT, "k")


def test_parts_that_are_not_the_whole_are_never_asked_for(platform: Platform) -> None:
    with pytest.raises(Rejected, match="add up"):
        dvcqg.init_message(platform, "k", ORDER, a_request(1, fees=[a_fee(49_999)]).payload)


def test_a_reference_with_the_mark_is_never_signed(platform: Platform, terminal: Vnpay) -> None:
    with pytest.raises(Rejected):
        dvcqg.init_message(platform, "k", ORDER, {**a_request(1).payload, "reference": "a|b"})
    with pytest.raises(Rejected):
        vnpay.query_message(terminal, "k", "a|b", ORDER)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 5000, b'{"error_code":"0","message":"{"}', b"\xff",
                                  answer("0"), answer("0", UrlThanhToan="javascript:x"), answer("-1")])  # fmt: skip
def test_no_whole_answer_is_no_answer(body: bytes) -> None:
    with pytest.raises(PartnerUnavailable):
        dvcqg.read_init(body)


def test_an_answer_is_judged_by_its_code() -> None:
    assert dvcqg.read_init(answer(0, UrlThanhToan=URL)) == Opened(pay_url=URL)
    with pytest.raises(dvcqg.Known):
        dvcqg.read_init(answer("2"))
    with pytest.raises(CredentialsRefused):
        dvcqg.read_init(answer("97"))
    with pytest.raises(Rejected, match="code 3"):
        dvcqg.read_init(answer("3"))


def test_what_query_says_of_a_payment() -> None:
    paid = Charge(state=State.PAID, code="00", amount=Decimal(50_000), transaction="77000001", bank="NCB",
                  paid_at="20260609082500")  # fmt: skip
    assert dvcqg.read_query(messages.platform_answer("0", messages.platform_state(an_order(1), URL))) == paid
    assert dvcqg.read_query(answer("1")) == Charge(state=State.UNKNOWN)
    asked = {"vnp_RequestId": "1", "vnp_TxnRef": "R"}
    assert vnpay.read_query(messages.vnpay_answer(asked, "00", an_order(1, "VNPAY")), VNPAY_SECRET) == paid
    assert vnpay.read_query(messages.vnpay_answer(asked, "91"), VNPAY_SECRET) == Charge(state=State.UNKNOWN)


@pytest.mark.parametrize(("code", "error"), [
    ("97", CredentialsRefused), ("02", CredentialsRefused), ("94", PartnerUnavailable), ("99", Rejected),
])  # fmt: skip
def test_what_vnpay_does_not_answer(code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        vnpay.read_query(messages.vnpay_answer({}, code), VNPAY_SECRET)


def test_an_answer_that_vnpay_did_not_sign_is_not_believed() -> None:
    with pytest.raises(CredentialsRefused):
        vnpay.read_query(messages.vnpay_answer({}, "00", an_order(1)), "another")
    with pytest.raises(PartnerUnavailable):
        vnpay.read_query(b"<html>", VNPAY_SECRET)


def test_the_link_to_vnpay_is_signed_and_always_the_same(terminal: Vnpay) -> None:
    links = {vnpay.pay_link(terminal, VNPAY_SECRET, "R1", ORDER).pay_url for _ in range(3)}
    (link,) = links
    fields = dict(pair.split("=") for pair in link.partition("?")[2].split("&"))
    assert (fields["vnp_Amount"], fields["vnp_CreateDate"]) == ("5000000", "20260609081500")
    assert len(fields["vnp_SecureHash"]) == 128


def test_a_status_that_nobody_knows_is_never_taken_for_paid() -> None:
    assert [state_of(code) for code in ("", "7", "PAID", "000")] == [State.SUSPECT] * 4


def test_the_ledgers_words_are_read_as_they_were_written() -> None:
    charge = Charge(state=State.PAID, code="00", amount=Decimal("50000.01"), transaction="77")
    assert (read(written(charge), Charge), read(written(ORDER), Order)) == (charge, ORDER)


def test_a_confirm_may_have_numbers_for_texts(platform: Platform) -> None:
    fields = {**messages.confirm(an_order(1)), "SoTien": 50_000, "ThoiGianGD": 20260609082500}
    notice = dvcqg.notice(json.dumps(fields).encode(), platform, PLATFORM_SECRET)
    assert (notice.amount, notice.paid_at, notice.is_success) == (Decimal(50_000), "20260609082500", True)
