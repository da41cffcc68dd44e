"""The loop of a sink or an exchange: a consumer whose handler walks the ledger.

One commit holds the offset, the replies and their ids, so a reply is told once; the ledger sees to it that the partner
acts once. An outage never buries and never skips: it ends the loop after the policy's patience, and who runs it starts
it again. Refused credentials and settings end it too, with a sentence, and bury nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Event

from msgspec import Struct

from bus import replays
from bus.consumer import REPLAY, Consumer, Subscription, Wire
from bus.envelope import Envelope
from bus.producer import Check
from bus.records import Record
from bus.retry import PATIENT, RetryPolicy
from bus.transport import Engine
from connectors.attempts import Attempts
from connectors.ledger import Ledger
from connectors.sdk import Replayable, Sink
from connectors.telling import encoded

PASSED_OVER = "passed_over"
"""The outcome of a replayed record that a sink does not accept: it never comes to the sink."""

_PAGE = 16
"""Few, since a page's replies are told together and calls are slow."""


class Deliver(Struct, frozen=True, kw_only=True):
    """How to run a sink.

    ``once`` ends when all that was there at the start is handled, ``stop`` ends after the record in hand. ``progress``
    hears the counts so far after each event, and ``passed_over`` how many replayed records, which the sink does not
    accept, a page of the log had, where it had some. ``check`` raises ContractError for a reply that breaks a value
    rule: then its command is buried. ``partner`` says how patiently the partner is called again.
    """

    once: bool = False
    stop: Event | None = None
    progress: Callable[[Mapping[str, int]], None] | None = None
    passed_over: Callable[[int], None] | None = None
    check: Check | None = None
    partner: RetryPolicy = PATIENT


def run_sink(engine: Engine, wire: Wire, sink: Sink, ledger: Ledger, how: Deliver) -> Mapping[str, int]:
    """Deliver what is in the log and what comes, and return how many events had which outcome.

    Those of :class:`~connectors.attempts.Attempts`, and ``passed_over`` where there were such records.
    Several processes may run one sink: they share its topics' partitions.
    Raises what ends the loop: see above.
    """
    attempts = Attempts(sink, ledger)

    def handle(event: Envelope, record: Record) -> Iterable[Envelope]:
        replies = list(attempts(event, record))
        for reply in replies:
            if how.check is not None:
                how.check(reply)
            encoded(reply, wire)  # too large a reply buries its command; the log would refuse the whole page
        if how.progress is not None:
            how.progress(attempts.outcomes)
        return replies

    def hear(page: Mapping[str, int]) -> None:
        if how.passed_over is not None and REPLAY in page:
            how.passed_over(page[REPLAY])

    consumer = Consumer(engine, wire, subscription(sink, how.partner), handle)
    consumer.run(how.stop or Event(), once=how.once, hear=hear)
    replayed = {PASSED_OVER: consumer.outcomes[REPLAY]} if REPLAY in consumer.outcomes else {}
    return {**attempts.outcomes, **replayed}


def subscription(sink: Sink, policy: RetryPolicy = PATIENT) -> Subscription:
    """Return what a sink's group reads, and how: its topics, and the one that everyone reads for replays."""
    return Subscription(
        group=sink.name,
        topics=tuple(dict.fromkeys((*sink.topics, replays.TOPIC))),
        types=sink.accepts,
        not_from=sink.not_from,
        tells_once=True,
        accepts_replays=isinstance(sink, Replayable) and sink.accepts_replays,
        page=_PAGE,
        policy=policy,
    )
