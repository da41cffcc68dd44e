"""The source of what stays silent: open payments without a notice are asked about, again and again. See README.md.

A payment is due when its age passes ``silent_after_s``, twice that, four times, and so on, then every hour, and a last
time when it is given up. So the cursor is one moment: everything that was due up to it has been asked.
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

_MOST_ASKED = 20
"""Questions of one fetch: so many answers are lost, and asked for again, if the runtime is killed."""

_MOST_WAITING = 20_000
_LONGEST_REST_S = 3600.0


class Mark(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cursor: the moment (milliseconds UTC) and the reference that were asked about last, in that order."""

    due: int = 0
    reference: str = ""


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
        self._silent_ms, self._given_up_ms = int(config.silent_after_s * 1000), int(config.gives_up_after_h * 3_600_000)
        self._ledger: Ledger | None = None

    def keep(self, ledger: Ledger) -> None:
        """Take the ledger: it knows what is open."""
        self._ledger = ledger

    def fetch(self, cursor: bytes | None) -> Batch:
        """Ask about what is due, the longest due first; as the port says."""
        mark = _decoded(cursor)
        due = self._due(mark)
        items, behind = self._asked(due[:_MOST_ASKED], mark)
        more = len(due) > _MOST_ASKED
        return Batch(items=items, cursor=msgspec.json.encode(behind), more=more)

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return what a question has told; as the port says."""
        told: Silence = item.value
        if told.what in (mapping.UNPAID, mapping.MISSING_THERE):
            after = timedelta(milliseconds=self._given_up_ms)
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
        waiting = self._ledger.waiting(self.name, INIT, RECONCILED, now - self._silent_ms, _MOST_WAITING)
        found = (due_at(entry, now, self._silent_ms, self._given_up_ms) for entry in waiting)
        return sorted((due for due in found if (due.at, due.reference) > (mark.due, mark.reference)), key=_order)

    def _asked(self, due: Sequence[Due], mark: Mark) -> tuple[Sequence[Fetched], Mark]:
        """Ask one after the other; where the gateway stays away, keep what was told before."""
        items: list[Fetched] = []
        for one in due:
            try:
                found = self._ask(one)
            except PartnerUnavailable:
                if one is due[0]:
                    raise
                break
            items += [] if found is None else [found]
            mark = Mark(due=one.at, reference=one.reference)
        return items, mark

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


def due_at(entry: Entry, now: int, silent_ms: int, given_up_ms: int) -> Due:
    """Return when a payment that is older than ``silent_ms`` was last due, up to ``now``."""
    age = now - entry.begun_at
    if age >= given_up_ms:
        return Due(entry.begun_at + given_up_ms, entry.reference, entry, is_last=True)
    step = silent_ms
    passed = silent_ms
    while passed + step <= age:
        passed += step
        step = min(passed, int(_LONGEST_REST_S * 1000))
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
