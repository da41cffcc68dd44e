"""How many events a second are published, and consumed, beside bare sqlite3 and fastavro doing the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

from bench.bare import PARTITIONS, Bare
from bench.row import Row, rate, rounds
from bench.world import TOPIC, a_folder, a_wire, an_engine, events
from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope
from bus.producer import Producer
from bus.transport import Engine
from bus.wire import Wire

_ROUNDS, _EVENTS, _BATCH, _PAGE = 15, 10_000, 100, 500
_PAGES = 3
"""So many of each partition are timed, after one that is not: together less than the events, so that none repeats."""


def rows() -> list[Row]:
    """Measure ``embedded.publish_100``, ``.poll_500`` and ``.poll_500_inbox``."""
    batches = list(_batches(events(_EVENTS)))
    with a_folder() as folder, closing(an_engine(folder)) as engine, closing(Bare(folder / "bare.db")) as bare:
        wire = a_wire()
        producer = Producer(engine.log, wire)
        published = rounds(
            _ROUNDS, lambda: _published(producer.publish_all, batches), lambda: _published(bare.publish, batches)
        )
        reading = [_consumption(engine, bare, wire, inbox=inbox) for inbox in (False, True)]
    return [
        rate("embedded.publish_100", *published, "events/s", 1.0),
        rate("embedded.poll_500", *reading[0], "events/s", 0.8),
        rate("embedded.poll_500_inbox", *reading[1], "events/s", 0.6),
    ]


def _batches(found: list[Envelope]) -> Iterator[list[Envelope]]:
    for start in range(0, len(found), _BATCH):
        yield found[start : start + _BATCH]


def _published(publish: Callable[[list[Envelope]], object], batches: list[list[Envelope]]) -> float:
    os.sync()
    begun = time.perf_counter()
    for batch in batches:
        publish(batch)
    return _EVENTS / (time.perf_counter() - begun)


class _Counter:
    """The handler of both sides."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self, _event: object, _beside: object) -> None:
        self.events += 1


def _consumption(engine: Engine, bare: Bare, wire: Wire, *, inbox: bool) -> tuple[list[float], list[float]]:
    """Read the log from its beginning, each round as a group of its own, with an inbox of its own."""
    turn = count()

    def ours() -> float:
        about = Subscription(group=f"group {inbox} {next(turn)}", topics=(TOPIC,), inbox=inbox, page=_PAGE)
        handler = _Counter()
        with closing(Consumer(engine, wire, about, handler)) as consumer:
            return _consumed(handler, lambda _page: consumer.step())

    def theirs() -> float:
        handler, scope = _Counter(), next(turn)

        def step(page: int) -> None:
            for part in range(PARTITIONS):
                if inbox:
                    bare.consume_new(scope, part, page * _PAGE, handler)
                else:
                    bare.consume(part, page * _PAGE, handler)

        return _consumed(handler, step)

    return rounds(_ROUNDS, ours, theirs)


def _consumed(handler: _Counter, step: Callable[[int], object]) -> float:
    """Take the first page of each partition, then return how many of the next were handled a second."""
    step(0)
    os.sync()
    before, begun = handler.events, time.perf_counter()
    for page in range(1, _PAGES + 1):
        step(page)
    taken = time.perf_counter() - begun
    assert handler.events - before == _PAGES * _PAGE * PARTITIONS
    return (handler.events - before) / taken
