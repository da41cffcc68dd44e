"""The exchange: the sink's contract at the payment platform, what each event asks for, and what a question tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bus.envelope import Envelope
from bus.errors import CredentialsRefused, Rejected
from connectors.payment import mapping, orders
from connectors.payment.config import Settings
from connectors.payment.exchange import Found, PaymentExchange
from connectors.payment.gateways import open_gateways
from connectors.payment.mapping import Told, difference
from connectors.payment.notices import Notice
from connectors.payment.orders import Charge, Order, State
from connectors.payment.simulator.server import Simulator
from connectors.sdk import Delivery, Operation
from tests.connectors.payment.world import (
    ASKED_AT,
    NUMBER,
    PAYER,
    a_dossier,
    a_fee,
    a_reference,
    a_request,
    code,
    money,
    settings_of,
    with_payload,
)  # fmt: skip
from tests.contracts.sink import Partner, SinkContract, delivery_of

ORDER = Order(gateway="DVCQG", amount=50_000, requested="20260609081500", dossier=a_dossier(1))
PAID = Charge(state=State.PAID, code="00", amount=Decimal(50_000), transaction="77", paid_at="20260609082500")
TOLD = Told(transaction="77", paid_at="20260609082500", is_success=True)
BY = mapping.By(source="payment", agency="H31")


def open_exchange(settings: Settings) -> PaymentExchange:
    return PaymentExchange(settings, open_gateways(settings))


class TestPaymentExchange(SinkContract):
    @pytest.fixture
    def partner(self, tmp_path: Path) -> Iterator[Partner]:
        def effects(operation: Operation) -> int:
            calls = simulator.books.store.calls()
            return len([call for call in calls if call.acted and call.reference == operation.reference])

        with Simulator(tmp_path / "sim") as simulator:
            yield Partner(
                base_url=simulator.base_url,
                open_sink=lambda base_url: open_exchange(settings_of(tmp_path, base_url)),
                open_stranger=lambda base_url: open_exchange(settings_of(tmp_path, base_url, platform_secret="wrong")),
                events=[a_request(1), a_request(2, amount=12_000), a_request(3, fees=[])],
                bad_events=[
                    a_request(4, fees=[a_fee(1)]), a_request(5, "MOMO"), a_request(6, amount=0),
                    with_payload(a_request(7), gateway=None),
                ],
                effects=effects,
                personal=[PAYER, NUMBER],
            )  # fmt: skip


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[PaymentExchange]:
    with closing(open_exchange(settings_of(tmp_path))) as one:
        yield one


def a_notice(*, is_success: bool = True) -> Envelope:
    notice = Notice(
        gateway="DVCQG", reference=a_reference(1), amount=Decimal(50_000), currency="VND", transaction="77", bank="NCB",
        paid_at="20260609082500", code="00" if is_success else "24", is_success=is_success, digest="0" * 64,
        proof="1" * 64, order=ORDER, key=a_dossier(1),
    )  # fmt: skip
    return mapping.notice_event(notice, BY)


def test_cash_asks_nothing_of_a_gateway(exchange: PaymentExchange) -> None:
    assert exchange.operation(a_request(1, method=code("tien-mat", "ONE-STOP-METHOD"))) is None
    assert exchange.operation(with_payload(a_request(1), method=None, gateway=None)) is None


def test_a_gateway_without_settings_is_another_connectors(tmp_path: Path) -> None:
    with closing(open_exchange(settings_of(tmp_path, vnpay=None))) as exchange:
        assert exchange.operation(a_request(1, "VNPAY")) is None


@pytest.mark.parametrize("amount", [money("50000.50"), {**money(50_000), "currency": "USD"}])
def test_only_whole_dong_are_asked_for(exchange: PaymentExchange, amount: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        exchange.operation(with_payload(a_request(1), amount=amount))


def test_what_is_entered_before_the_call_is_what_a_notice_is_compared_with(exchange: PaymentExchange) -> None:
    operation = exchange.operation(a_request(1))
    assert operation is not None
    assert (operation.name, operation.reference, operation.repeatable) == ("init", a_reference(1), False)
    assert orders.read(operation.asked, Order) == ORDER


def test_vnpay_is_asked_nothing_to_open_a_payment(exchange: PaymentExchange) -> None:
    """No gateway listens here: the link is made and signed at home."""
    delivery = delivery_of(exchange, a_request(1, "VNPAY"))
    (opened,) = exchange.reply(delivery.event, exchange.deliver(delivery))
    fields = parse_qs(urlsplit(opened.payload["payUrl"]).query)
    assert (fields["vnp_Amount"], fields["vnp_TxnRef"]) == (["5000000"], [a_reference(1)])
    assert (delivery.operation.repeatable, opened.time) == (True, ASKED_AT)


def test_a_notice_of_success_asks_and_one_of_failure_only_tells(exchange: PaymentExchange) -> None:
    asked = [exchange.operation(a_notice(is_success=success)) for success in (True, False)]
    assert [(one.name, one.repeatable) for one in asked if one] == [("query", True), ("failure", True)]


def test_what_others_tell_of_payments_asks_for_nothing(exchange: PaymentExchange) -> None:
    other = mapping.By(source="another", agency="H31")
    payment = mapping.Payment(reference="R", key="R", order=ORDER, causation=a_request(1).id)
    assert exchange.operation(mapping.reconciled_event(payment, PAID, "ok", TOLD, other)) is None


@pytest.fixture
def payment() -> mapping.Payment:
    return mapping.Payment(reference="R", key="R", order=ORDER, causation=a_request(1).id)


def test_a_settled_payment_is_entered_with_its_transaction(exchange: PaymentExchange, payment: mapping.Payment) -> None:
    settled = mapping.reconciled_event(payment, PAID, "missing-here", None, BY)
    assert exchange.operation(settled) == Operation("reconciled", "R", b"77", True)
    assert exchange.deliver(Delivery(event=settled, operation=Operation("reconciled", "R"), key="")) == b""


@pytest.mark.parametrize("what", ["status", "double"])
def test_what_does_not_settle_a_payment_is_not_entered(
    exchange: PaymentExchange, payment: mapping.Payment, what: str
) -> None:
    """It is still asked about: it may be paid later, or have been paid before by a transaction without a notice."""
    assert exchange.operation(mapping.reconciled_event(payment, PAID, what, TOLD, BY)) is None


def test_a_second_transaction_is_told_under_its_own_number(payment: mapping.Payment) -> None:
    second = Told(transaction="78", paid_at="20260609083000", is_success=True)
    first, double = (mapping.reconciled_event(payment, PAID, what, told, BY)
                     for what, told in (("ok", TOLD), ("double", second)))  # fmt: skip
    assert (double.payload["gatewayTransaction"], double.id != first.id) == ("78", True)


@pytest.mark.parametrize(("charge", "told", "earlier", "what"), [
    (PAID, TOLD, "", "ok"),
    (PAID, TOLD, "77", "ok"),
    (PAID, None, "", "missing-here"),
    (Charge(state=State.UNKNOWN), TOLD, "", "missing-there"),
    (Charge(state=State.PAID, amount=Decimal(40_000), transaction="77"), TOLD, "", "amount"),
    (Charge(state=State.PAID, transaction="77"), TOLD, "", "amount"),
    (Charge(state=State.FAILED, code="02"), TOLD, "", "status"),
    (Charge(state=State.SUSPECT, code="07"), TOLD, "", "status"),
    (Charge(state=State.REFUNDED, code="04"), TOLD, "", "refund"),
    (PAID, Told(transaction="78", paid_at="", is_success=True), "", "double"),
    (PAID, TOLD, "76", "double"),
])  # fmt: skip
def test_every_class_of_difference_has_its_cause(charge: Charge, told: Told | None, earlier: str, what: str) -> None:
    assert difference(ORDER, charge, told, earlier) == what


def test_both_ways_lead_to_the_same_ids(exchange: PaymentExchange) -> None:
    """What came first is told; the inbox leaves out the other."""
    notice = a_notice()
    told = exchange.reply(notice, orders.written(Found(order=ORDER, charge=PAID)))
    payment = mapping.Payment(reference=a_reference(1), key=a_dossier(1), order=ORDER, causation=a_request(1).id)
    silent = [
        mapping.confirmed_event(payment, PAID, "query", BY),
        mapping.reconciled_event(payment, PAID, "missing-here", None, BY),
    ]
    assert [event.id for event in told] == [event.id for event in silent]


def test_a_wrong_key_for_questions_stops_the_connector(tmp_path: Path) -> None:
    with Simulator(tmp_path / "sim") as simulator:
        settings = settings_of(tmp_path, simulator.base_url, platform_secret="wrong")
        with closing(open_exchange(settings)) as exchange, pytest.raises(CredentialsRefused):
            exchange.settle(delivery_of(exchange, a_request(1)))
