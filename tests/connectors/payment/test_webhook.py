"""The webhook: its contract for both gateways, and each gateway's words for what it does not take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from bus.envelope import Envelope
from bus.records import Record
from connectors.attempts import idempotency_key
from connectors.ledger import Ledger, open_ledger
from connectors.payment import orders, signatures
from connectors.payment.orders import Order
from connectors.payment.simulator import PLATFORM_SECRET, VNPAY_SECRET, messages
from connectors.payment.webhook import PaymentWebhook
from connectors.sdk import Call, Delivery, Operation, Verdict
from tests.connectors.payment.world import (
    BOTH,
    House,
    a_dossier,
    a_house,
    a_reference,
    a_request,
    an_order,
    settings_of,
)
from tests.contracts.webhook import Notices, OpenWebhook, WebhookContract

NOW = datetime(2026, 6, 9, 3, 0, tzinfo=UTC)
OLD = "20260601081500"
FAR = "20260709081500"


def entered(ledger: Ledger, *events: Envelope) -> None:
    """Enter requests in the ledger as calls that are on their way."""
    for offset, event in enumerate(events):
        gateway = event.payload["gateway"]["code"]
        order = Order(gateway=gateway, amount=int(event.payload["amount"]["amount"]), requested="20260609081500",
                      dossier=event.key)  # fmt: skip
        operation = Operation("init", event.payload["reference"], orders.written(order))
        key = idempotency_key("payment", "init", event.id)
        record = Record(
            topic="payment.events", partition=0, offset=offset, timestamp=0, key=event.key.encode(), value=b""
        )
        assert ledger.begin(Delivery(event=event, operation=operation, key=key), record, "payment") is None


def confirm(number: int, secret: str = PLATFORM_SECRET, code: str = "00", **changes: Any) -> Call:
    content = messages.confirm(an_order(number), code, secret, **changes)
    return posted(json.dumps(content).encode())


def posted(body: bytes) -> Call:
    return Call(method="POST", path="/hooks/payment", query="", headers={}, body=body, at=int(NOW.timestamp() * 1000))


def ipn(number: int, secret: str | None = None, code: str = "00", **changes: Any) -> Call:
    order = an_order(number, "VNPAY")
    query = messages.ipn(order, code, **({} if secret is None else {"secret": secret}), **changes)
    return Call(method="GET", path="/hooks/payment", query=query, headers={}, body=b"", at=int(NOW.timestamp() * 1000))


class _PaymentContract(WebhookContract):
    gateway = ""

    @pytest.fixture
    def open_webhook(self, tmp_path: Path) -> Iterator[OpenWebhook]:
        ledger = open_ledger(f"sqlite:///{tmp_path / 'connectors.db'}")
        entered(ledger, *(a_request(number, self.gateway) for number in range(1, 5)))

        def opened() -> PaymentWebhook:
            webhook = PaymentWebhook(settings_of(tmp_path, notice_window_h=72))
            webhook.keep(ledger)
            return webhook

        yield opened
        ledger.close()


class TestPlatform(_PaymentContract):
    gateway = "DVCQG"

    @pytest.fixture
    def notices(self) -> Notices:
        unsigned = {**messages.confirm(an_order(1)), "MaXacThuc": ""}
        return Notices(
            good=confirm,
            forged=[confirm(1, "another"), posted(json.dumps(unsigned).encode()), confirm(1, MaDoiTac="SOMEBODY"),
                    confirm(1, LoaiBanTin="QUERY")],
            stale=[confirm(1, ThoiGianGD=OLD), confirm(1, ThoiGianGD=FAR), confirm(1, ThoiGianGD="hôm nay")],
            refused=[confirm(1, SoTien="49999"), confirm(99), confirm(1, MaTienTe="USD"), confirm(1, SoTien="năm"),
                     confirm(1, ThoiGianGD="20260609080000")],
        )  # fmt: skip


class TestVnpay(_PaymentContract):
    gateway = "VNPAY"

    @pytest.fixture
    def notices(self) -> Notices:
        twice = ipn(1)
        return Notices(
            good=ipn,
            forged=[ipn(1, "another"), ipn(1, vnp_TmnCode="SOMEBODY"), with_query(twice, twice.query + "&vnp_Amount=1"),
                    with_query(twice, twice.query.partition("&vnp_SecureHash")[0])],
            stale=[ipn(1, vnp_PayDate=OLD), ipn(1, vnp_PayDate=FAR), ipn(1, vnp_PayDate="")],
            refused=[ipn(1, vnp_Amount="4999900"), ipn(99), ipn(1, vnp_Amount="-5"), ipn(1, vnp_Amount="5000001"),
                     ipn(1, vnp_PayDate="20260609080000")],
        )  # fmt: skip


def with_query(call: Call, query: str) -> Call:
    return Call(method="GET", path=call.path, query=query, headers={}, body=b"", at=call.at)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path) as one:
        one.move_in("http://127.0.0.1:1")
        entered(one.ledger, a_request(1), a_request(2, "VNPAY"))
        yield one


def send(house: House, call: Call) -> tuple[int, dict[str, Any]]:
    """Send a call through the door, and return status and answer."""
    connection = HTTPConnection("127.0.0.1", house.door.port, timeout=10)
    try:
        connection.request(call.method, f"{call.path}?{call.query}" if call.query else call.path, call.body or None)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


Make = Callable[..., Call]
GOOD = {"DVCQG": (confirm, 1), "VNPAY": (ipn, 2)}
WORDS = [
    ("DVCQG", {}, 200, "00"), ("DVCQG", {"secret": "another"}, 401, "99"), ("DVCQG", {"SoTien": "1"}, 200, "99"),
    ("DVCQG", {"MaThamChieu": "R"}, 200, "99"), ("DVCQG", {"MaTienTe": "USD"}, 200, "99"),
    ("VNPAY", {}, 200, "00"), ("VNPAY", {"secret": "another"}, 200, "97"), ("VNPAY", {"vnp_Amount": "1"}, 200, "04"),
    ("VNPAY", {"vnp_TxnRef": "R"}, 200, "01"), ("VNPAY", {"vnp_PayDate": "20200101000000"}, 200, "99"),
]  # fmt: skip


@pytest.mark.parametrize(("gateway", "changes", "status", "code"), WORDS)
def test_each_gateway_is_answered_in_its_own_words(
    house: House, gateway: str, changes: dict[str, str], status: int, code: str
) -> None:
    make, number = GOOD[gateway]
    said = send(house, make(number, **changes))
    assert (said[0], said[1].get("MaLoi", said[1].get("RspCode"))) == (status, code)


@pytest.mark.parametrize(("gateway", "code"), [("DVCQG", "00"), ("VNPAY", "02")])
def test_a_repeated_notice_is_known_in_its_gateways_words(house: House, gateway: str, code: str) -> None:
    make, number = GOOD[gateway]
    send(house, make(number))
    said = send(house, make(number))[1]
    assert (said.get("MaLoi", said.get("RspCode")), len(house.told("PaymentNoticeReceived"))) == (code, 1)


def test_another_amount_under_a_known_transaction_is_refused_too(house: House) -> None:
    send(house, confirm(1))
    assert send(house, confirm(1, SoTien="1"))[1]["MaLoi"] == "99"
    assert (len(house.told("PaymentNoticeReceived")), len(house.letters())) == (1, 1)


def test_an_empty_field_that_nobody_signed_does_not_turn_a_notice(house: House) -> None:
    fields = dict(parse_qsl(ipn(2).query))
    del fields["vnp_TransactionStatus"]
    fields["vnp_SecureHash"] = signatures.vnpay_hash(fields, VNPAY_SECRET)
    signed = with_query(ipn(2), urlencode(fields))
    emptied = with_query(signed, f"{signed.query}&vnp_TransactionStatus=")
    codes = [send(house, call)[1]["RspCode"] for call in (emptied, signed)]
    (told,) = house.told("PaymentNoticeReceived")
    assert (codes, told.payload["state"]["code"]) == (["00", "02"], "da-thanh-toan")


def rewritten(call: Call) -> list[Call]:
    """Return a call with the same signature in other bytes, as whoever has seen it can make them."""
    if call.method == "GET":
        turned = "&".join(reversed(call.query.split("&")))
        return [with_query(call, query) for query in (turned, f"{call.query}&x=1", f"{call.query}&vnp_Empty=")]
    fields = json.loads(call.body)
    turned = dict(reversed(fields.items()))
    shouted = {**fields, "MaXacThuc": fields["MaXacThuc"].upper()}
    return [posted(json.dumps(content).encode()) for content in (turned, {**fields, "x": "1"}, shouted)]


@pytest.mark.parametrize("gateway", BOTH)
def test_a_refused_notice_in_other_bytes_is_the_same_letter(house: House, gateway: str) -> None:
    make, _ = GOOD[gateway]
    refused = make(99)
    answers = [send(house, call) for call in (refused, *rewritten(refused))]
    assert ([answer == answers[0] for answer in answers], len(house.letters())) == ([True] * 4, 1)


def test_the_answer_to_a_confirm_is_signed_by_us(house: House) -> None:
    said = send(house, confirm(1))[1]
    right = signatures.platform_hash(said, signatures.CONFIRM_REPLY, PLATFORM_SECRET)
    assert (said["MaXacThuc"], said["MaThamChieu"]) == (right, a_reference(1))


def test_a_stranger_gets_no_signature_of_ours_and_no_echo(house: House) -> None:
    said = send(house, confirm(1, "another", MaThamChieu="R00"))[1]
    assert set(said) == {"MaLoi", "MoTaLoi"}


@pytest.mark.parametrize("gateway", BOTH)
def test_a_notice_for_a_call_that_is_on_its_way_is_known(house: House, gateway: str) -> None:
    """The gateway may be faster than its own answer to INIT: the ledger has it from before the call."""
    make, number = GOOD[gateway]
    send(house, make(number))
    (told,) = house.told("PaymentNoticeReceived")
    assert (told.key, told.correlation) == (a_dossier(number), a_dossier(number))
    assert told.payload["state"]["code"] == "da-thanh-toan"


@pytest.mark.parametrize("gateway", BOTH)
def test_a_failed_try_to_pay_is_told_and_confirms_nothing(house: House, gateway: str) -> None:
    make, number = GOOD[gateway]
    send(house, make(number, code="24"))
    house.deliver()
    assert (house.differences(), house.told("PaymentConfirmed")) == (["status"], [])
    assert house.told("PaymentNoticeReceived")[0].payload["state"] is None


@pytest.mark.parametrize(("body", "status"), [(b"{" * 70_000, 413), (b'{"LoaiBanTin":', 401), (b"", 401)])
def test_oversize_and_half_bodies_leave_nothing(house: House, body: bytes, status: int) -> None:
    connection = HTTPConnection("127.0.0.1", house.door.port, timeout=10)
    connection.request("POST", "/hooks/payment", body)
    assert connection.getresponse().status == status
    connection.close()
    assert (house.records(), house.letters()) == ([], [])


def test_a_gateway_without_settings_proves_nothing(tmp_path: Path) -> None:
    webhook = PaymentWebhook(settings_of(tmp_path, vnpay=None))
    said = webhook.answer(Verdict.NOT_PROVEN, None, raised(webhook, ipn(1)))
    assert json.loads(said.body)["RspCode"] == "97"


def raised(webhook: PaymentWebhook, call: Call) -> Any:
    try:
        webhook.read(call)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
        return error
    raise AssertionError("it was believed")
