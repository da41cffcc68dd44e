"""The source of what stays silent: open payments without a notice are asked about, again and again. See README.md.

A payment is due when its age passes ``silent_after_s``, twice that, four times, and so on, then after each
``longest_rest_s``, and a last time when it is given up. So the cursor is one moment, however many are open: everything
that was due up to it has been asked about.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import ConnectorError, CursorLost, PartnerUnavailable, Rejected
from connectors.payment import mapping, orders
from connectors.payment.config import DVCQG, Settings
from connectors.payment.gateways import Gateways, gateway_of
from connectors.payment.mapping import By, Payment, confirmed_event, difference, reconciled_event, unpaid_event
from connectors.payment.orders import INIT, RECONCILED, TOPIC, Charge, Order
from connectors.sdk import Batch, Fetched

if TYPE_CHECKING:
    from connectors.ledger import Entry, Ledger

_MOST_ASKED, _LONGEST_S = 100, 2.0
"""Questions of one fetch, and how long it goes on: so much is asked again if the runtime is killed."""

_MOST_WAITING = 20_000


class Mark(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cursor: the moment (milliseconds UTC) and the reference that were asked about last, in that order."""

    due: int = 0
    reference: str = ""


class Patience(NamedTuple):
    """How long a payment may be silent, how long it then rests at most, and when it is given up, in milliseconds."""

    silent: int
    rest: int
    given_up: int


class Due(NamedTuple):
    """A payment and when it was to be asked about; ``is_last`` if it is given up then."""

    at: int
    reference: str
    entry: Entry
    is_last: bool


class Silence(Struct, frozen=True, kw_only=True):
    """What a question about a silent payment has told."""

    payment: Payment
    charge: Charge
    what: str


class SilentPayments:
    """Open payments that no notice has settled."""

    topic = TOPIC

    def __init__(
        self, settings: Settings, gateways: Gateways, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        config = settings.config
        self.name, self.interval_s = config.name, config.interval_s
        self._by = By(source=config.name, agency=config.agency)
        self._gateways, self._clock = gateways, clock
        self._patience = Patience(
            silent=int(config.silent_after_s * 1000),
            rest=int(config.longest_rest_s * 1000),
            given_up=int(config.gives_up_after_h * 3_600_000),
        )
        self._ledger: Ledger | None = None

    def keep(self, ledger: Ledger) -> None:
        """Take the ledger: it knows what is open."""
        self._ledger = ledger

    def fetch(self, cursor: bytes | None) -> Batch:
        """Ask about what is due, the longest due first; as the port says."""
        mark = _decoded(cursor)
        due = self._due(mark)
        items, asked = self._asked(due[:_MOST_ASKED])
        if asked:
            mark = Mark(due=due[asked - 1].at, reference=due[asked - 1].reference)
        return Batch(items=items, cursor=msgspec.json.encode(mark), more=asked < len(due))

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return what a question has told; as the port says."""
        told: Silence = item.value
        if told.what in (mapping.UNPAID, mapping.MISSING_THERE):
            after = timedelta(milliseconds=self._patience.given_up)
            return [unpaid_event(told.payment, told.charge, told.what, after, self._by)]
        reconciled = reconciled_event(told.payment, told.charge, told.what, None, self._by)
        if not mapping.is_paid(told.what):
            return [reconciled]
        return [confirmed_event(told.payment, told.charge, mapping.QUERY, self._by), reconciled]

    def close(self) -> None:
        """Let go of connections. May be repeated."""
        for gateway in self._gateways.values():
            gateway.close()

    def _due(self, mark: Mark) -> Sequence[Due]:
        if self._ledger is None:
            raise ConnectorError("the source of silent payments was given no ledger")
        now = self._clock()
        waiting = self._ledger.waiting(self.name, INIT, RECONCILED, now - self._patience.silent, _MOST_WAITING)
        found = (due_at(entry, now, self._patience) for entry in waiting)
        return sorted((due for due in found if (due.at, due.reference) > (mark.due, mark.reference)), key=_order)

    def _asked(self, due: Sequence[Due]) -> tuple[Sequence[Fetched], int]:
        """Ask one after the other, and return what was told and how many were asked.

        Where a gateway stays away, or it has taken long, what was told before is kept.
        """
        items: list[Fetched] = []
        deadline = time.monotonic() + _LONGEST_S
        for number, one in enumerate(due):
            if number and time.monotonic() > deadline:
                return items, number
            try:
                found = self._ask(one)
            except PartnerUnavailable:
                if number == 0:
                    raise
                return items, number
            items += [] if found is None else [found]
        return items, len(due)

    def _ask(self, due: Due) -> Fetched | None:
        """Return what a question told; None if the payment is open still."""
        order = orders.read(due.entry.asked, Order)
        key, place = due.entry.record_key.decode("utf-8", "replace"), f"payment {due.reference} at {order.gateway}"
        try:
            charge = gateway_of(self._gateways, order).query(due.reference, order)
        except Rejected as fault:
            return Fetched(raw=due.entry.asked, value=None, place=place, fault=fault, native_id=due.reference, key=key)
        what = outcome(order, charge, is_last=due.is_last)
        if what is None:
            return None
        payment = Payment(reference=due.reference, key=key, order=order, causation=due.entry.event_id)
        value = Silence(payment=payment, charge=charge, what=what)
        return Fetched(raw=orders.written(charge), value=value, place=place, native_id=due.reference, key=key)


def outcome(order: Order, charge: Charge, *, is_last: bool) -> str | None:
    """Return what is to be told of a payment that was asked about; None to ask again later."""
    what = difference(order, charge, None)
    if what == mapping.MISSING_THERE and order.gateway != DVCQG:
        what = mapping.STATUS  # VNPay hears of a payment when somebody follows its link
    if what not in (mapping.STATUS, mapping.MISSING_THERE):
        return what
    if not is_last:
        return None
    return mapping.UNPAID if what == mapping.STATUS else mapping.MISSING_THERE


def due_at(entry: Entry, now: int, patience: Patience) -> Due:
    """Return when a payment that has been silent for long enough was last due, up to ``now``."""
    age = now - entry.begun_at
    if age >= patience.given_up:
        return Due(entry.begun_at + patience.given_up, entry.reference, entry, is_last=True)
    passed = patience.silent
    while passed < patience.rest and passed * 2 <= age:
        passed *= 2
    if passed >= patience.rest:
        passed += (age - passed) // patience.rest * patience.rest
    return Due(entry.begun_at + passed, entry.reference, entry, is_last=False)


def _order(due: Due) -> tuple[int, str]:
    return due.at, due.reference


def _decoded(cursor: bytes | None) -> Mark:
    if cursor is None:
        return Mark()
    try:
        return msgspec.json.decode(cursor, type=Mark)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CursorLost(
            "the stored cursor is none of a payment connector",
            hint="Give this connector another `name`: as a new one it asks about what is open from then on.",
        ) from error
