"""Payments as events: opened, notified, confirmed, reconciled. Pure: an id is a function of what the gateway calls it.

The notice's way and the silent way lead to the same ids, so whichever comes first is told and the other is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from bus.envelope import Envelope, event_id
from bus.errors import Unmappable
from connectors import times
from connectors.payment.notices import Notice
from connectors.payment.orders import Charge, Opened, Order, State

OK, MISSING_HERE, MISSING_THERE, AMOUNT = "ok", "missing-here", "missing-there", "amount"
STATUS, DOUBLE, REFUND, UNPAID = "status", "double", "refund", "unpaid"
"""Codes of VN-PAYMENT-DIFFERENCE."""

PAID, WAITING = "da-thanh-toan", "cho-thanh-toan"
"""Codes of VN-PAYMENT-STATE."""

NOTICE, QUERY = "notice", "query"
"""Codes of VN-PAYMENT-EVIDENCE."""

_ONLINE = "truc-tuyen"


class By(Struct, frozen=True, kw_only=True):
    """Who tells: the connector's name, and the agency that vouches."""

    source: str
    agency: str


class Payment(Struct, frozen=True, kw_only=True):
    """Which payment: its reference, the key of its events, what was asked, and the event that leads here."""

    reference: str
    key: str
    order: Order
    causation: UUID


class _Fact(NamedTuple):
    """What an event says; ``own`` tells it apart among its payment's events of this type."""

    type: str
    time: datetime
    payload: Mapping[str, Any]
    own: str = ""


class Told(Struct, frozen=True, kw_only=True):
    """What a notice had said before the gateway was asked."""

    transaction: str
    paid_at: str
    is_success: bool


def difference(order: Order, charge: Charge, told: Told | None, earlier: str = "") -> str:
    """Return the difference between our books and the gateway's; ``earlier`` is a transaction that settled it before.

    >>> order = Order(gateway="VNPAY", amount=50000, requested="20260609081500")
    >>> difference(order, Charge(state=State.PAID, amount=Decimal(40000)), None)
    'amount'
    """
    if charge.state is State.UNKNOWN:
        return MISSING_THERE
    if charge.state is State.REFUNDED:
        return REFUND
    if charge.state is not State.PAID:
        return STATUS
    if charge.amount != order.amount:
        return AMOUNT
    if any(known != charge.transaction for known in (earlier, told.transaction if told else "") if known):
        return DOUBLE
    return MISSING_HERE if told is None else OK


def is_paid(what: str) -> bool:
    """Tell whether a payment with this difference is confirmed: both sides have the same money, once."""
    return what in (OK, MISSING_HERE)


def opened_event(payment: Payment, opened: Opened, event: Envelope, by: By) -> Envelope:
    """Return PaymentOpened. It happened when the gateway says, else when it was asked for."""
    at = times.parse(opened.at) or event.time
    payload = {
        "amount": _money(payment.order.amount, payment.order.currency), "state": _code("VN-PAYMENT-STATE", WAITING),
        "gateway": _code("VN-PAYMENT-GATEWAY", payment.order.gateway), "payUrl": opened.pay_url,
        "sourceTime": opened.at or None, "rawHash": hashlib.sha256(opened.pay_url.encode()).hexdigest(),
    }  # fmt: skip
    return _event(_Fact("PaymentOpened", at, payload), payment, by)


def notice_event(notice: Notice, by: By) -> Envelope:
    """Return PaymentNoticeReceived. Raises :class:`~bus.errors.Unmappable` for one that was not compared."""
    order, at = notice.order, times.parse(notice.paid_at)
    if order is None or at is None or notice.amount is None:
        raise Unmappable("a notice lacks what it is compared with")
    return Envelope(
        id=event_id(by.source, notice.native_id, "PaymentNoticeReceived"), type="PaymentNoticeReceived",
        source=by.source, key=notice.key, time=at, agency=by.agency, correlation=order.dossier or None,
        causation=_id("PaymentOpened", order.gateway, notice.reference, by),
        payload={
            "dossierCode": _code("VN-DOSSIER", order.dossier), "reference": notice.reference,
            "amount": _money(notice.amount, notice.currency),
            "state": _code("VN-PAYMENT-STATE", PAID if notice.is_success else ""),
            "method": _code("VN-PAYMENT-METHOD", _ONLINE), "gateway": _code("VN-PAYMENT-GATEWAY", notice.gateway),
            "gatewayTransaction": notice.transaction or None, "bank": _code(f"{notice.gateway}-BANK", notice.bank),
            "responseCode": _code(f"{notice.gateway}-RESPONSE", notice.code), "paidAt": _moment(notice.paid_at),
            "signatureOk": True, "sourceTime": notice.paid_at, "rawHash": notice.digest,
        },
    )  # fmt: skip


def confirmed_event(payment: Payment, charge: Charge, evidence: str, by: By) -> Envelope:
    """Return PaymentConfirmed."""
    order = payment.order
    payload = {
        "amount": _money(order.amount, order.currency), "state": _code("VN-PAYMENT-STATE", PAID),
        "method": _code("VN-PAYMENT-METHOD", _ONLINE), "gateway": _code("VN-PAYMENT-GATEWAY", order.gateway),
        "gatewayTransaction": charge.transaction or None, "bank": _code(f"{order.gateway}-BANK", charge.bank),
        "paidAt": _moment(charge.paid_at), "confirmedBy": _code("VN-PAYMENT-EVIDENCE", evidence),
        "sourceTime": charge.paid_at or None, "rawHash": charge.digest,
    }  # fmt: skip
    return _event(_Fact("PaymentConfirmed", _paid_at(payment, charge), payload, charge.transaction), payment, by)


def reconciled_event(payment: Payment, charge: Charge, what: str, told: Told | None, by: By) -> Envelope:
    """Return PaymentReconciled: their books beside ours, and the class of the difference."""
    order, transaction = payment.order, told.transaction if told else charge.transaction
    at = times.parse(told.paid_at) if told else None
    at = at or _paid_at(payment, charge)
    is_paid = told is not None and told.is_success
    payload = {
        "difference": _code("VN-PAYMENT-DIFFERENCE", what), "gateway": _code("VN-PAYMENT-GATEWAY", order.gateway),
        "gatewayTransaction": transaction or charge.transaction or None,
        "ourAmount": _money(order.amount, order.currency),
        "theirAmount": None if charge.amount is None else _money(charge.amount, order.currency),
        "ourState": _code("VN-PAYMENT-STATE", PAID if is_paid else WAITING),
        "theirState": _code(f"{order.gateway}-TRANSACTION", charge.code),
        "ourTime": _moment(told.paid_at if told and is_paid else order.requested),
        "theirTime": _moment(charge.paid_at), "reconciledOn": _day(at),
        "sourceTime": None, "rawHash": charge.digest,
    }  # fmt: skip
    own = f"{transaction}/{charge.code}" if what == STATUS else transaction
    return _event(_Fact("PaymentReconciled", at, payload, own), payment, by)


def unpaid_event(payment: Payment, charge: Charge, what: str, after: timedelta, by: By) -> Envelope:
    """Return PaymentReconciled of a payment that was given up ``after`` so long."""
    at = _requested(payment) + after
    order = payment.order
    payload = {
        "difference": _code("VN-PAYMENT-DIFFERENCE", what), "gateway": _code("VN-PAYMENT-GATEWAY", order.gateway),
        "gatewayTransaction": charge.transaction or None, "ourAmount": _money(order.amount, order.currency),
        "theirAmount": None, "ourState": _code("VN-PAYMENT-STATE", WAITING),
        "theirState": _code(f"{order.gateway}-TRANSACTION", charge.code), "ourTime": _moment(order.requested),
        "theirTime": None, "reconciledOn": _day(at), "sourceTime": None, "rawHash": charge.digest,
    }  # fmt: skip
    return _event(_Fact("PaymentReconciled", at, payload, "given-up"), payment, by)


def _event(fact: _Fact, payment: Payment, by: By) -> Envelope:
    order = payment.order
    return Envelope(
        id=_id(fact.type, order.gateway, payment.reference, by, fact.own), type=fact.type,
        source=by.source, key=payment.key, time=fact.time, agency=by.agency, correlation=order.dossier or None,
        causation=payment.causation,
        payload={"dossierCode": _code("VN-DOSSIER", order.dossier), "reference": payment.reference, **fact.payload},
    )  # fmt: skip


def _id(event_type: str, gateway: str, reference: str, by: By, own: str = "") -> UUID:
    return event_id(by.source, f"{gateway}/{reference}/{own}", event_type)


def _paid_at(payment: Payment, charge: Charge) -> datetime:
    return times.parse(charge.paid_at) or _requested(payment)


def _requested(payment: Payment) -> datetime:
    return times.parse(payment.order.requested) or datetime.fromtimestamp(0, UTC)


def _day(at: datetime) -> date:
    """The gateways' days begin at midnight in Vietnam."""
    return at.astimezone(times.VIETNAM).date()


def _money(amount: Decimal | int, currency: str) -> dict[str, Any]:
    return {"amount": Decimal(amount).quantize(Decimal("0.01")), "currency": currency}


def _moment(text: str) -> dict[str, Any] | None:
    at = times.parse(text)
    return None if at is None else {"at": at, "text": text}


def _code(system: str, code: str) -> dict[str, Any] | None:
    return {"code": code, "codeSystem": system, "validAt": None} if code else None
