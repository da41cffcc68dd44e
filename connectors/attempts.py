"""One event's way to a partner, by the ledger: what is there already decides whether to call, to ask, or neither.

A crash leaves an entry at ``sending``: the partner may have acted, so it is asked before it is called again, and not
before it can have come to an end. Everything else that a crash can cut off is found done, or was never begun.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from bus import logs, metrics, replays
from bus.deadletters import REDRIVES
from bus.envelope import Envelope
from bus.errors import (
    ContractError,
    CredentialsRefused,
    LeftAmbiguous,
    PartnerUnavailable,
    Rejected,
    RequestRefused,
)
from bus.records import Record
from connectors.ledger import AMBIGUOUS, DONE, REFUSED, Entry, Ledger
from connectors.sdk import Delivery, Exchange, Operation, Sink

_NOTHING = Operation("", "")
_MOST = 255
"""A reference's length, as the ledger keeps it."""

_LOG = logs.logger("connectors.delivery")


def idempotency_key(connector: str, operation: str, event_id: UUID, run: bytes = b"") -> str:
    """Return the key of what an event asks of a partner: the same for ever. ``run`` is a replay's, for who accepts it.

    >>> idempotency_key("postal", "order", UUID(int=7))
    '444935f5bb3f9ad14e9ce93dc93aed5efe4f3c4c2c4a45b9b32f7128736e066e'
    """
    parts = [connector.encode(), operation.encode(), str(event_id).encode(), *([run] if run else [])]
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()


class Course(Enum):
    """What is to be done about a delivery."""

    CALL = "call"
    SETTLE = "settle"
    KNOWN = "known"


def course(earlier: Entry | None, operation: Operation, record: Record) -> Course:
    """Decide by the earlier entry, if there is one. Pure."""
    if earlier is None or earlier.state == REFUSED:
        return Course.CALL
    if earlier.state == DONE:
        return Course.KNOWN
    if operation.repeatable or (earlier.state == AMBIGUOUS and _is_redriven(earlier, record)):
        return Course.CALL
    return Course.SETTLE if earlier.state == AMBIGUOUS or earlier.may_have_acted else Course.CALL


def _is_redriven(earlier: Entry, record: Record) -> bool:
    """Tell whether a person sent the record back since the entry was left; else it is the same one after a crash."""
    return record.header(REDRIVES) is not None and (record.partition, record.offset) != (
        earlier.partition,
        earlier.offset,
    )


class _Kept(NamedTuple):
    """Something that is known of the delivery in hand, and of no other."""

    key: str
    answer: bytes


class Attempts:
    """A consumer's handler that brings each event to one partner, and returns what the partner's answer tells.

    Belongs to one thread. May be called again for any event, at any time: that is what the ledger is for.
    ``outcomes`` counts events: ``delivered``, ``settled`` (an earlier call had acted), ``known``, ``nothing``,
    ``refused`` and ``ambiguous``.
    """

    def __init__(self, sink: Sink, ledger: Ledger) -> None:
        self._sink, self._ledger = sink, ledger
        self._exchange = sink if isinstance(sink, Exchange) else None
        self.outcomes: Counter[str] = Counter()
        self._unwritten: _Kept | None = None
        self._rest: tuple[str, float] = ("", 0.0)

    def __call__(self, event: Envelope, record: Record) -> Iterable[Envelope]:
        """Deliver one event."""
        operation = _checked(self._sink.operation(event))
        run = record.header(replays.RUN) or b""
        about = operation or _NOTHING
        delivery = Delivery(
            event=event, operation=about, key=idempotency_key(self._sink.name, about.name, event.id, run)
        )
        if operation is None:
            self._ledger.pass_over(delivery, record, self._sink.name)
            self._count("nothing")
            return ()
        answer = self._answered(delivery, record)
        return () if self._exchange is None else self._exchange.reply(event, answer)

    def _answered(self, delivery: Delivery, record: Record) -> bytes:
        """Return the answer that stands in the ledger, once one does."""
        if self._unwritten is not None and self._unwritten.key == delivery.key:
            return self._finish(delivery.key, self._unwritten.answer, "delivered")
        earlier = self._ledger.begin(delivery, record, self._sink.name)
        if earlier is None:
            return self._call(delivery, 1)
        decided = course(earlier, delivery.operation, record)
        if decided is Course.KNOWN:
            self._count("known")
            return earlier.answer
        if decided is Course.SETTLE:
            settled = self._settle(delivery, earlier)
            if settled is not None:
                logs.tell(_LOG, logging.INFO, "an earlier call had acted", **_facts(earlier))
                return self._finish(delivery.key, settled, "settled")
        self._ledger.repeat(delivery, record, earlier)
        return self._call(delivery, earlier.attempts + 1)

    def _call(self, delivery: Delivery, attempt: int) -> bytes:
        """Make call number ``attempt``, which is entered, and enter how it ended where that is known."""
        key = delivery.key
        try:
            answer = self._sink.deliver(delivery)
        except PartnerUnavailable as error:
            if not error.may_have_acted:
                self._ledger.forget(key, attempt)
                raise
            if delivery.operation.repeatable:
                raise
            raise self._broken_off(key, error) from error
        except (CredentialsRefused, RequestRefused):
            self._ledger.forget(key, attempt)
            raise
        except LeftAmbiguous:
            self._park(key, attempt)
            raise
        except ContractError:
            self._refuse(key, attempt)
            raise
        return self._finish(key, answer, "delivered")

    def _settle(self, delivery: Delivery, earlier: Entry) -> bytes | None:
        """Ask what became of the earlier call, or raise that it is too early to ask: then a retry waits."""
        self._let_rest(earlier)
        try:
            return self._sink.settle(delivery)
        except Rejected:
            self._refuse(earlier.key, earlier.attempts)
            raise
        except ContractError:
            self._park(earlier.key, earlier.attempts)
            raise

    def _let_rest(self, earlier: Entry) -> None:
        """Wait by raising, so that the consumer's retry keeps the lease and hears when it is to stop.

        The wall clock only says how long ago another process began; once taken in hand, time is counted by ours.
        """
        key, until = self._rest
        if key != earlier.key:
            longest = self._sink.settles_after_s
            begun_s_ago = time.time() - earlier.begun_at / 1000
            until = time.monotonic() + min(max(longest - begun_s_ago, 0.0), longest)
            self._rest = (earlier.key, until)
        left = until - time.monotonic()
        if left > 0:
            raise PartnerUnavailable(
                f"{earlier.connector}: an earlier call of {earlier.operation} may still be at work",
                wait_s=left, may_have_acted=True,
                hint="The partner is asked what became of it, before anything is repeated.",
            )  # fmt: skip

    def _broken_off(self, key: str, error: PartnerUnavailable) -> PartnerUnavailable:
        """Return the same outage, with a wait that lets the partner come to an end before it is asked."""
        longest = self._sink.settles_after_s
        self._rest = (key, time.monotonic() + longest)
        wait_s = max(error.wait_s or 0.0, longest)
        return PartnerUnavailable(str(error), wait_s=wait_s, may_have_acted=True, hint=error.hint)

    def _finish(self, key: str, answer: bytes, outcome: str) -> bytes:
        """Enter the answer. It is kept at hand until that has come about: a full ledger is no reason to ask for it."""
        self._unwritten = _Kept(key, answer)
        stands = self._ledger.finish(key, answer)
        self._unwritten = None
        self._count(outcome)
        return stands

    def _refuse(self, key: str, attempt: int) -> None:
        self._ledger.refuse(key, attempt)
        self._count("refused")

    def _park(self, key: str, attempt: int) -> None:
        self._ledger.park(key, attempt)
        self._count("ambiguous")

    def _count(self, outcome: str) -> None:
        self.outcomes[outcome] += 1
        metrics.delivered(self._sink.name, outcome)


def _checked(operation: Operation | None) -> Operation | None:
    """Refuse what no ledger can hold. Raises :class:`~bus.errors.ContractError`."""
    if operation is not None and not (0 < len(operation.reference) <= _MOST and operation.reference.isprintable()):
        raise ContractError(
            f"{operation.name}: the event gives no reference, or one that no partner has",
            hint=f"A reference is a code of 1 to {_MOST} printable characters.",
        )
    return operation


def _facts(entry: Entry) -> dict[str, object]:
    place = f"{entry.topic}/{entry.partition}/{entry.offset}"
    return {"connector": entry.connector, "operation": entry.operation, "place": place, "attempts": entry.attempts}
