"""A gateway's notice, proven: what both gateways' notices come to, and why one is not believed or not taken. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from msgspec import Struct

from bus.errors import NotProven
from connectors import times
from connectors.payment.orders import Order

UNKNOWN, AMOUNT, OTHER = "unknown", "amount", "other"
"""Why a proven notice is refused, as the gateways' own words tell it."""

_CLOCKS = timedelta(minutes=5)
"""How far the gateway's clock and the asker's may be apart."""


class Mismatch(NamedTuple):
    """Why a proven notice does not fit what was asked."""

    reason: str
    message: str


class Notice(Struct, frozen=True, kw_only=True):
    """What a notice says; texts as they came. ``order`` is what was asked, None if nothing was, and ``key`` its key.

    ``proof`` is the signature, over some of the bytes of which ``digest`` is the hash.
    """

    gateway: str
    reference: str
    amount: Decimal | None
    currency: str
    transaction: str
    bank: str
    paid_at: str
    code: str
    is_success: bool
    digest: str
    proof: str
    order: Order | None = None
    key: str = ""

    @property
    def native_id(self) -> str:
        """What tells a repeat from something new: the same transaction, outcome and amount."""
        return f"{self.gateway}/{self.reference}/{self.transaction}/{self.code}/{self.amount}"


def amount_of(text: str, hundredths: bool = False) -> Decimal | None:
    """Return an amount in đồng; None for a text that is none.

    >>> amount_of("5000000", hundredths=True), amount_of("-1")
    (Decimal('50000'), None)
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    try:
        return Decimal(text) / 100 if hundredths else Decimal(text)
    except InvalidOperation:
        return None


def unproven(gateway: str, message: str) -> NotProven:
    """Return the error of a notice that is not proven, noted with whose words it is to be answered in."""
    error = NotProven(message)
    error.add_note(gateway)
    return error


def is_of(error: Exception | None, gateway: str) -> bool:
    """Tell whether an error that :func:`unproven` made is about a gateway's notice."""
    return gateway in getattr(error, "__notes__", ())


def check_age(notice: Notice, at_ms: int, window_h: float) -> None:
    """Refuse to believe what is older than the window, or of another time. ``window_h`` 0 believes any time.

    Raises :class:`~bus.errors.NotProven`.
    """
    if window_h == 0:
        return
    paid = times.parse(notice.paid_at)
    if paid is None:
        raise unproven(notice.gateway, f"a notice of {notice.gateway} tells no time")
    age_s = at_ms / 1000 - paid.timestamp()
    if not -_CLOCKS.total_seconds() <= age_s <= window_h * 3600:
        raise unproven(notice.gateway, f"a notice of {notice.gateway} is not of the last {window_h:g} hours")


def mismatch(notice: Notice) -> Mismatch | None:
    """Compare a notice with what was asked; None if it fits."""
    order = notice.order
    if order is None or order.gateway != notice.gateway:
        return Mismatch(UNKNOWN, "names a payment that was never asked for there")
    if notice.currency != order.currency:
        return Mismatch(OTHER, "has another currency than was asked for")
    if notice.amount != order.amount:
        return Mismatch(AMOUNT, "has another amount than was asked for")
    paid, asked = times.parse(notice.paid_at), times.parse(order.requested)
    if paid is None or asked is None:
        return Mismatch(OTHER, "has no time that can be read")
    if paid < asked - _CLOCKS:
        return Mismatch(OTHER, "tells of a time before the payment was asked for")
    return None
