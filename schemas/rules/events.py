"""Rules of one event type, over several of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from schemas.rules.amounts import sums_to
from schemas.rules.dossier import day_of
from schemas.rules.finding import Finding
from schemas.rules.order import in_order

EventRule = Callable[[Mapping[str, Any], date], Sequence[Finding]]

_DIGITS = 18
_RECEPTION = (
    Finding(
        rule="dossier-code.reception",
        message="names another day than that of the reception",
        severity="soft",
        path="dossierCode.code",
    ),
)


def _received(payload: Mapping[str, Any], day: date) -> Sequence[Finding]:
    """Compare the day in the dossier's code with the day of its reception."""
    code = payload.get("dossierCode")
    if type(code) is not dict or code.get("codeSystem") != "VN-DOSSIER" or type(code.get("code")) is not str:
        return ()
    named = day_of(code["code"])
    return () if named is None or named == day else _RECEPTION


def _requested(payload: Mapping[str, Any], _day: date) -> Sequence[Finding]:
    """Compare the amount with the sum of the fees, where all are of one currency."""
    fees = payload.get("fees")
    given = [fee.get("amount") if type(fee) is dict else None for fee in fees] if type(fees) is list else []
    moneys = [_money(payload.get("amount")), *(_money(amount) for amount in given)]
    known = [money for money in moneys if money is not None]
    if len(known) < len(moneys) or any(currency != known[0][1] for _, currency in known):
        return ()
    total, *parts = (amount for amount, _ in known)
    return [replace(found, path="amount") for found in sums_to(total, parts)]


def _step_done(payload: Mapping[str, Any], _day: date) -> Sequence[Finding]:
    return in_order([(name, _moment(payload.get(name))) for name in ("startedAt", "dueAt")])


def _suspended(payload: Mapping[str, Any], _day: date) -> Sequence[Finding]:
    days = ((name, payload.get(name)) for name in ("suspendedFrom", "suspendedUntil"))
    return in_order([(name, day if type(day) is date else None) for name, day in days])


def _moment(value: Any) -> datetime | None:
    at = value.get("at") if type(value) is dict else None
    return at if type(at) is datetime and at.utcoffset() is not None else None


def _money(value: Any) -> tuple[Decimal, Any] | None:
    """Return amount and currency; None for what no contract takes, which the codec refuses."""
    amount = value.get("amount") if type(value) is dict else None
    if type(amount) is not Decimal or not amount.is_finite() or abs(amount.adjusted()) > _DIGITS:
        return None
    return amount, value.get("currency")


EVENT_RULES: Mapping[str, EventRule] = {
    "BusinessSuspended": _suspended,
    "DossierReceived": _received,
    "DossierStepDone": _step_done,
    "PaymentRequested": _requested,
}
"""By the name of the event's record."""
