"""The exchange: requests are opened at their gateway, notices of success are confirmed by asking it. See README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import ConnectorError, PartnerUnavailable, Rejected
from connectors import times
from connectors.ledger.entry import REFUSED
from connectors.payment import mapping, orders
from connectors.payment.config import DVCQG, VNPAY, Settings
from connectors.payment.gateways import Gateways, gateway_of
from connectors.payment.mapping import By, Payment, Told, confirmed_event, difference, opened_event, reconciled_event
from connectors.payment.orders import FAILURE, INIT, QUERY, RECONCILED, TOPIC, Charge, Opened, Order, State
from connectors.sdk import Delivery, Operation

if TYPE_CHECKING:
    from connectors.ledger import Ledger


_UNSETTLED = (mapping.STATUS, mapping.DOUBLE)
"""After a failure it may still be paid; and another transaction's notice tells nothing of the first one."""


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ledger's answer of ``query``: what was asked first, what the gateway says, and what had settled it before."""

    order: Order
    charge: Charge
    earlier: str = ""


class PaymentExchange:
    """Commands to the gateways, and what they answer; one member of group ``name`` for each process."""

    topics = (TOPIC,)
    accepts = frozenset({"PaymentRequested", "PaymentNoticeReceived", "PaymentReconciled"})
    not_from: frozenset[str] = frozenset()  # its own notices are what it asks about

    def __init__(self, settings: Settings, gateways: Gateways) -> None:
        config = settings.config
        self.name, self.settles_after_s = config.name, config.settles_after_s
        self._by = By(source=config.name, agency=config.agency)
        self._gateways, self._online = gateways, frozenset(config.online_methods)
        self._ledger: Ledger | None = None

    def keep(self, ledger: Ledger) -> None:
        """Take the ledger: a notice is compared with what was asked."""
        self._ledger = ledger

    def operation(self, event: Envelope) -> Operation | None:
        """Return what an event asks of a gateway; None for cash, and for what others tell."""
        if event.type == "PaymentRequested":
            return self._init(event)
        if event.source != self.name:
            return None
        reference = event.payload["reference"]
        if event.type == "PaymentNoticeReceived":
            name = QUERY if _code(event.payload["state"]) == mapping.PAID else FAILURE
            return Operation(name, reference, repeatable=True)
        if _code(event.payload["difference"]) in _UNSETTLED:
            return None
        settled_by = (event.payload["gatewayTransaction"] or "").encode()
        return Operation(RECONCILED, reference, asked=settled_by, repeatable=True)

    def deliver(self, delivery: Delivery) -> bytes:
        """Open a payment, or ask for one; as the port says."""
        operation = delivery.operation
        if operation.name == INIT:
            order = orders.read(operation.asked, Order)
            return orders.written(gateway_of(self._gateways, order).open(order, delivery.event.payload))
        if operation.name == RECONCILED:
            return b""
        order = self._order_of(operation.reference)
        if operation.name == FAILURE:
            return orders.written(Found(order=order, charge=_failed(delivery.event.payload)))
        return orders.written(self._asked(operation.reference, order))

    def settle(self, delivery: Delivery) -> bytes | None:
        """Ask the platform whether a payment is open; as the port says."""
        order = orders.read(delivery.operation.asked, Order)
        found = gateway_of(self._gateways, order).find(delivery.operation.reference, order)
        return None if found is None else orders.written(found)

    def reply(self, event: Envelope, answer: bytes) -> Sequence[Envelope]:
        """Return PaymentOpened; or PaymentReconciled, after PaymentConfirmed if the gateway has the money."""
        if event.type == "PaymentRequested":
            opened = orders.read(answer, Opened)
            return [opened_event(_payment(event, _order(event)), opened, event, self._by)]
        if event.type != "PaymentNoticeReceived":
            return []
        found = orders.read(answer, Found)
        return confirmed(event, found, self._by)

    def close(self) -> None:
        """Let go of connections. May be repeated."""
        for gateway in self._gateways.values():
            gateway.close()

    def _init(self, event: Envelope) -> Operation | None:
        if _code(event.payload["method"]) not in self._online:
            return None
        order = _order(event)
        if order.gateway not in self._gateways:
            return None  # another connector's
        gateway = self._gateways[order.gateway]
        return Operation(INIT, event.payload["reference"], orders.written(order), gateway.is_repeatable)

    def _asked(self, reference: str, order: Order) -> Found:
        charge = gateway_of(self._gateways, order).query(reference, order)
        if charge.state is State.PENDING:
            raise PartnerUnavailable(f"{order.gateway} notified a payment that it has not booked yet")
        settled = self._kept().find(self.name, RECONCILED, reference)
        return Found(order=order, charge=charge, earlier=settled.asked.decode() if settled is not None else "")

    def _order_of(self, reference: str) -> Order:
        opened = self._kept().find(self.name, INIT, reference, but=REFUSED)
        if opened is None:
            raise Rejected("this payment was never asked for", hint="Is the ledger an older copy? Then restore it.")
        return orders.read(opened.asked, Order)

    def _kept(self) -> Ledger:
        if self._ledger is None:
            raise ConnectorError("the exchange of payments was given no ledger")
        return self._ledger


def confirmed(event: Envelope, found: Found, by: By) -> Sequence[Envelope]:
    """Return what a notice's question told. Pure."""
    told = Told(
        transaction=event.payload["gatewayTransaction"] or "", paid_at=event.payload["sourceTime"] or "",
        is_success=_code(event.payload["state"]) == mapping.PAID,
    )  # fmt: skip
    payment = _payment(event, found.order)
    what = difference(found.order, found.charge, told, found.earlier)
    reconciled = reconciled_event(payment, found.charge, what, told, by)
    return (
        [confirmed_event(payment, found.charge, mapping.NOTICE, by), reconciled]
        if mapping.is_paid(what)
        else [reconciled]
    )


def _payment(event: Envelope, order: Order) -> Payment:
    return Payment(reference=event.payload["reference"], key=event.key, order=order, causation=event.id)


def _order(event: Envelope) -> Order:
    """Return what a request asks for. Raises :class:`~bus.errors.Rejected`."""
    payload = event.payload
    amount, currency = payload["amount"]["amount"], payload["amount"]["currency"]
    if currency != "VND" or amount <= 0 or amount != int(amount):
        raise Rejected("this payment is not of whole đồng")
    gateway = _code(payload["gateway"])
    if gateway not in (DVCQG, VNPAY):
        raise Rejected("this online payment names no gateway that is known here", hint="See VN-PAYMENT-GATEWAY.")
    return Order(
        gateway=gateway, amount=int(amount), requested=times.told(event.time), dossier=_code(payload["dossierCode"])
    )


def _failed(payload: Mapping[str, Any]) -> Charge:
    """Return what a notice of failure says of the payment, as the gateway would if it were asked."""
    return Charge(
        state=State.FAILED, code=_code(payload["responseCode"]), amount=payload["amount"]["amount"],
        transaction=payload["gatewayTransaction"] or "", paid_at=payload["sourceTime"] or "",
    )  # fmt: skip


def _code(value: Mapping[str, Any] | None) -> str:
    return str(value["code"]) if value else ""
