"""Parts whose calls are looked at: each does what the part within does, and tells its health how that went."""

from __future__ import annotations

from collections.abc import Sequence

from bus.envelope import Envelope
from connectors.health import Health
from connectors.sdk import Batch, Delivery, Exchange, Fetched, Operation, Replayable, Sink, Source, Watching


def observed_source(source: Source, health: Health) -> Source:
    """Return a source that tells whether its partner answers."""
    return _Source(source, health)


def observed_sink(sink: Sink, health: Health) -> Sink:
    """Return a sink, or an exchange, that tells whether its partner answers."""
    return _Exchange(sink, health) if isinstance(sink, Exchange) else _Sink(sink, health)


class _Source:
    def __init__(self, source: Source, health: Health) -> None:
        self._source, self._health = source, health
        self.name, self.topic, self.interval_s = source.name, source.topic, source.interval_s

    def fetch(self, cursor: bytes | None) -> Batch:
        with self._health.of_calls():
            batch = self._source.fetch(cursor)
        if not batch.items and batch.cursor == cursor:
            self._health.well()
        return batch

    def map(self, item: Fetched) -> Sequence[Envelope]:
        return self._source.map(item)

    def watch(self) -> None:
        if isinstance(self._source, Watching):
            self._source.watch()

    def close(self) -> None:
        self._source.close()


class _Sink:
    def __init__(self, sink: Sink, health: Health) -> None:
        self._sink, self._health = sink, health
        self.name, self.topics, self.accepts, self.not_from = sink.name, sink.topics, sink.accepts, sink.not_from
        self.settles_after_s = sink.settles_after_s
        self.accepts_replays = isinstance(sink, Replayable) and sink.accepts_replays

    def operation(self, event: Envelope) -> Operation | None:
        return self._sink.operation(event)

    def deliver(self, delivery: Delivery) -> bytes:
        with self._health.of_calls():
            return self._sink.deliver(delivery)

    def settle(self, delivery: Delivery) -> bytes | None:
        with self._health.of_calls():
            return self._sink.settle(delivery)

    def close(self) -> None:
        self._sink.close()


class _Exchange(_Sink):
    _sink: Exchange

    def reply(self, event: Envelope, answer: bytes) -> Sequence[Envelope]:
        return self._sink.reply(event, answer)
