"""The walk of a notice: read → known? → compare → map → check → encode → one commit with the inbox → answer.

What is not proven leaves nothing but a line in the log. What is proven is a record, a letter, or comes again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TypeAlias

from msgspec import Struct

from bus import logs, metrics, retry
from bus.deadletters import Failure
from bus.envelope import event_id
from bus.errors import ConnectorError, ContractError, Duplicate, LienthongError, NotProven
from bus.producer import Check, Encoder
from bus.records import NewRecord
from bus.retry import RetryPolicy
from bus.transport import Commit, Seen, Transport
from connectors.ingress.sparing import Sparing
from connectors.letters import letter, letter_id
from connectors.sdk import Call, Fetched, Said, Verdict, Webhook
from connectors.telling import Refused, Told, tell

BRISK = RetryPolicy(attempts=3, timeout_s=2.0, first_wait_s=0.05, max_wait_s=0.5)
"""For our own log, while a partner waits for its answer; then it is asked to come again."""

_LOG = logs.logger("connectors.ingress")


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a call; ``stage`` is where it was refused, if it was."""

    verdict: Verdict
    item: Fetched | None = None
    error: LienthongError | None = None
    stage: str = ""


Hear: TypeAlias = Callable[[str, Outcome], None]
"""Hears of each call what became of it, with the webhook's name."""


class Intake:
    """Takes notices into the log. Threads share it, and their commits share flushes."""

    def __init__(self, log: Transport, wire: Encoder, *, check: Check | None = None,
                 policy: RetryPolicy = BRISK, hear: Hear | None = None) -> None:  # fmt: skip
        self._log, self._wire, self._check, self._policy, self._hear = log, wire, check, policy, hear
        self._sparing = Sparing()

    def take(self, webhook: Webhook, call: Call) -> Said:
        """Do all that a call asks for, and return the webhook's answer: success only for what is durable."""
        try:
            outcome = self._outcome(webhook, call)
        except Exception as error:  # noqa: BLE001 - the outermost loop of a webhook: the partner comes again
            outcome = Outcome(verdict=Verdict.BUSY, error=_fault(webhook, error))
        metrics.notice(webhook.name, outcome.verdict.value)
        _tell(webhook, outcome, self._sparing)
        if self._hear is not None:
            self._hear(webhook.name, outcome)
        return webhook.answer(outcome.verdict, outcome.item, outcome.error)

    def _outcome(self, webhook: Webhook, call: Call) -> Outcome:
        try:
            item = webhook.read(call)
        except NotProven as error:
            return Outcome(verdict=Verdict.NOT_PROVEN, error=error)
        except ContractError as error:  # nobody has proven that it is the partner's, so nothing of it is kept
            return Outcome(verdict=Verdict.REFUSED, error=error, stage="read")
        except LienthongError as error:
            return Outcome(verdict=Verdict.BUSY, error=error)
        try:
            return self._taken(webhook, item)
        except LienthongError as error:
            return Outcome(verdict=Verdict.BUSY, item=item, error=error)

    def _taken(self, webhook: Webhook, item: Fetched) -> Outcome:
        notice = notice_id(webhook, item)
        if self._log.seen(webhook.name, [notice]):
            return Outcome(verdict=Verdict.KNOWN, item=item)
        try:
            told = self._told(webhook, item)
        except Refused as refused:
            return self._buried(webhook, item, refused)
        return Outcome(verdict=self._committed(webhook, notice, told), item=item)

    def _told(self, webhook: Webhook, item: Fetched) -> Sequence[Told]:
        """Compare and map. Raises :class:`Refused`."""
        if item.fault is None:
            try:
                webhook.examine(item)
            except ContractError as error:
                raise Refused("examine", error) from error
        return tell(item, webhook, self._wire, self._check)

    def _committed(self, webhook: Webhook, notice: bytes, told: Sequence[Told]) -> Verdict:
        """Commit with the notice's id. Events that their source has told already are left out."""
        known: frozenset[bytes] = frozenset()
        while True:
            fresh = [one for one in told if one.event.id.bytes not in known]
            seen = [Seen(scope=one.event.source, id=one.event.id.bytes) for one in fresh]
            try:
                self._commit([one.record for one in fresh], [Seen(scope=webhook.name, id=notice), *seen])
            except Duplicate as error:
                if notice in error.ids:  # the partner sent it twice at once
                    return Verdict.KNOWN
                known = _more(known, error)
                continue
            for topic, count in Counter(one.record.topic for one in fresh).items():
                metrics.published(topic, count)
            return Verdict.ACCEPTED

    def _buried(self, webhook: Webhook, item: Fetched, refused: Refused) -> Outcome:
        """Bury a proven notice, once however often it comes."""
        error, name = refused.error, webhook.name
        record = letter(item, Failure(error=error, stage=refused.stage, by=name), webhook.topic)
        with suppress(Duplicate):  # it was buried when it first came
            self._commit([record], [Seen(scope=name, id=letter_id(item, error, name).bytes)])
            metrics.buried(webhook.topic, error.code, refused.stage)
        return Outcome(verdict=Verdict.REFUSED, item=item, error=error, stage=refused.stage)

    def _commit(self, records: Sequence[NewRecord], seen: Sequence[Seen]) -> None:
        commit = Commit(appends=records, seen=seen)
        retry.call(lambda: self._log.commit(commit), self._policy)


def notice_id(webhook: Webhook, item: Fetched) -> bytes:
    """Return the 16 bytes under which the inbox remembers a notice.

    Raises :class:`~bus.errors.ConnectorError` for one without a name of its own: all such would be one.
    """
    if not item.native_id:
        raise ConnectorError(f"webhook {webhook.name} gives a notice no native_id", hint="Have its `read` give one.")
    return event_id(webhook.name, f"notice:{item.native_id}").bytes


def _fault(webhook: Webhook, error: Exception) -> LienthongError:
    """Log a fault of ours, by its class and place alone, and return one of our errors for it."""
    logs.tell(_LOG, logging.ERROR, "a webhook failed", hook=webhook.name, error=logs.told_error(error))
    return LienthongError(f"webhook {webhook.name}: an unexpected fault, {type(error).__name__}")


def _more(known: Collection[bytes], error: Duplicate) -> frozenset[bytes]:
    """Add what the log knows besides. Raises ``error`` where it names nothing new, which would go round for ever."""
    found = frozenset(known) | frozenset(error.ids)
    if found == known:
        raise error
    return found


def _tell(webhook: Webhook, outcome: Outcome, sparing: Sparing) -> None:
    """Log what was not accepted: by code, never by what it held, and sparingly; metrics count all."""
    error = outcome.error
    if error is None:
        return
    facts = {"hook": webhook.name, "verdict": outcome.verdict.value, "code": error.code}
    untold = sparing.untold(tuple(facts.values()))
    if untold is None:
        return
    level = logging.ERROR if outcome.verdict is Verdict.BUSY else logging.WARNING
    more = {"stage": outcome.stage, "untold": untold}
    logs.tell(_LOG, level, "a notice was not accepted", **facts, **{name: told for name, told in more.items() if told})
