"""The producer: events are checked and encoded first, then handed over in one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from bus import metrics, retry
from bus.envelope import Envelope
from bus.errors import Duplicate
from bus.records import NewRecord, Place
from bus.retry import STEADY, RetryPolicy
from bus.transport import Commit, Seen, Transport

Check = Callable[[Envelope], None]
"""Raises ContractError for an event that breaks a value rule."""


class Encoder(Protocol):
    """The half of :class:`bus.wire.Wire` that producers and sources need."""

    def encode(self, event: Envelope) -> NewRecord:
        """Return the record that tells ``event``. Raises :class:`~bus.errors.ContractError`."""
        ...


class Producer:
    """Publishes events. Threads may share it.

    A refused event is a :class:`~bus.errors.ContractError` that names its field, and then nothing was written. What
    is retriable is tried again within ``policy``; :class:`~bus.errors.OutcomeUnknown` never is, since the events may
    be in the log: publish them again with :meth:`publish_new`, which writes only those that are not.
    """

    def __init__(
        self, log: Transport, wire: Encoder, *, check: Check | None = None, policy: RetryPolicy = STEADY
    ) -> None:
        self._log, self._wire, self._check, self._policy = log, wire, check, policy

    def publish(self, event: Envelope) -> Place:
        """Publish one event and return where it stands; once that is told, it would survive a crash."""
        return self.publish_all([event])[0]

    def publish_all(self, events: Iterable[Envelope]) -> Sequence[Place]:
        """Publish all events or none, in one commit, and return their places in the same order."""
        records = [self._record(event) for event in events]
        return self._commit(Commit(appends=records)) if records else []

    def publish_new(self, event: Envelope) -> Place | None:
        """Publish an event unless one with its id came from its source within the inbox's window; then return None.

        Sources remember their ids in the same place, so an event sent by hand is not sent by its source again.
        """
        commit = Commit(appends=[self._record(event)], seen=[Seen(scope=event.source, id=event.id.bytes)])
        try:
            return self._commit(commit)[0]
        except Duplicate:
            return None

    def _record(self, event: Envelope) -> NewRecord:
        if self._check is not None:
            self._check(event)
        return self._wire.encode(event)

    def _commit(self, commit: Commit) -> Sequence[Place]:
        places = retry.call(lambda: self._log.commit(commit), self._policy)
        for topic, count in Counter(record.topic for record in commit.appends).items():
            metrics.published(topic, count)
        return places
