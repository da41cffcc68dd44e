"""What was asked of a gateway, what it opened, and what it says of a payment: the words of the ledger. Pure.

None of them holds a person: a reference, a dossier's code, an amount, times, and codes of the gateway's. The link by
which it is paid is kept, since the event must be told again from the ledger alone.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from enum import Enum
from typing import TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)

TOPIC = "payment.events"
INIT, QUERY, FAILURE, RECONCILED = "init", "query", "failure", "reconciled"
"""The operations. The last two call nobody: that a try to pay failed, and that a payment is settled, by ``asked``."""


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment that was asked for; ``amount`` in whole đồng, ``requested`` as partners write times."""

    gateway: str
    amount: int
    requested: str
    dossier: str = ""
    currency: str = "VND"


class Opened(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment that is open at its gateway; ``at`` is the gateway's own time, if it told one."""

    pay_url: str
    at: str = ""


class State(Enum):
    """What a gateway says of a payment. ``UNKNOWN``: it has none of that reference."""

    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"
    REFUNDED = "refunded"
    SUSPECT = "suspect"
    UNKNOWN = "unknown"


class Charge(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a gateway's answer says of a payment; ``code`` is its own word for the state."""

    state: State
    code: str = ""
    amount: Decimal | None = None
    transaction: str = ""
    bank: str = ""
    paid_at: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of what is said, and not of the bytes: an answer has a number of its own each time."""
        return hashlib.sha256(written(self)).hexdigest()


_STATES = {
    "00": State.PAID, "01": State.PENDING, "02": State.FAILED, "04": State.REFUNDED, "05": State.REFUNDED,
    "06": State.REFUNDED, "07": State.SUSPECT, "09": State.PAID,
}  # fmt: skip


def state_of(code: str) -> State:
    """Return the state behind a transaction's status; one that is not known here may be anything but paid.

    >>> state_of("09"), state_of("42")
    (<State.PAID: 'paid'>, <State.SUSPECT: 'suspect'>)
    """
    return _STATES.get(code, State.SUSPECT)  # 09: it was to be paid back, and that was refused


def written(thing: Struct) -> bytes:
    """Return a thing's bytes for the ledger: the same for the same."""
    return msgspec.json.encode(thing, order="sorted")


def read(raw: bytes, kind: type[T]) -> T:
    """Return what :func:`written` wrote."""
    return msgspec.json.decode(raw, type=kind)
