"""How many events a second are published, and consumed, beside bare sqlite3 and fastavro doing the same."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count

from bench.row import Row, rate, rounds
from bench.world import PARTITIONS, PLACES, TOPIC, Bare, a_folder, a_wire, an_engine, events
from bus.envelope import Envelope
from bus.transport import Commit, ConsumerGroup, Engine, Moved, Seen
from bus.wire import Wire

_ROUNDS, _EVENTS, _BATCH, _PAGE = 9, 10_000, 100, 500
_SHARE = 2000
"""How much is read of each partition: less than one round of publishing, so that no event comes twice."""


def rows() -> list[Row]:
    """Measure ``embedded.publish_100``, ``.poll_500`` and ``.poll_500_inbox``."""
    batches = list(_batches(events(_EVENTS)))
    with a_folder() as folder:
        engine, bare, wire = an_engine(folder), Bare(folder / "bare.db"), a_wire()
        published = rounds(_ROUNDS, lambda: _publish(engine, wire, batches), lambda: _publish_bare(bare, batches))
        reading = [_consumption(engine, bare, wire, inbox=inbox) for inbox in (False, True)]
        engine.close()
    return [
        rate("embedded.publish_100", *published, "events/s", 1.0),
        rate("embedded.poll_500", *reading[0], "events/s", 0.8),
        rate("embedded.poll_500_inbox", *reading[1], "events/s", 0.6),
    ]


def _batches(found: list[Envelope]) -> Iterator[list[Envelope]]:
    for start in range(0, len(found), _BATCH):
        yield found[start : start + _BATCH]


def _publish(engine: Engine, wire: Wire, batches: list[list[Envelope]]) -> float:
    os.sync()
    begun = time.perf_counter()
    for batch in batches:
        engine.log.commit(Commit(appends=[wire.encode(event) for event in batch]))
    return _EVENTS / (time.perf_counter() - begun)


def _publish_bare(bare: Bare, batches: list[list[Envelope]]) -> float:
    os.sync()
    begun = time.perf_counter()
    for batch in batches:
        bare.publish(batch)
    return _EVENTS / (time.perf_counter() - begun)


def _consumption(engine: Engine, bare: Bare, wire: Wire, *, inbox: bool) -> tuple[list[float], list[float]]:
    """Read the log as it stands, each round as a group of its own, with an inbox of its own."""
    turn = count()

    def ours() -> float:
        group = f"group {inbox} {next(turn)}"
        return _consume(engine, engine.join(group, [TOPIC]), wire, group, inbox=inbox)

    def theirs() -> float:
        bare.connection.execute("DELETE FROM inbox")
        os.sync()
        begun, total = time.perf_counter(), 0
        for part in range(PARTITIONS):
            start = 0
            while (number := bare.consume(part, start, inbox=inbox)) and start < _SHARE:
                start, total = start + number, total + number
        return total / (time.perf_counter() - begun)

    return rounds(_ROUNDS, ours, theirs)


def _consume(engine: Engine, member: ConsumerGroup, wire: Wire, group: str, *, inbox: bool) -> float:
    member.assignment()
    os.sync()
    begun, total = time.perf_counter(), 0
    for place in PLACES:
        position = 0
        while position < _SHARE:
            held = member.assignment()[place]
            records = engine.log.read(place, held.next, _PAGE)
            decoded = [wire.decode(record) for record in records]
            ids = [event.id.bytes for event in decoded] if inbox else []
            known = engine.log.seen(group, ids) if inbox else frozenset()
            for event in decoded:
                if event.id.bytes not in known:
                    _handle(event)
            position = records[-1].offset + 1
            moved = Moved(group=group, partition=place, next=position, epoch=held.epoch)
            engine.log.commit(Commit(offsets=[moved], seen=[Seen(scope=group, id=taken) for taken in ids]))
            total += len(records)
    taken = total / (time.perf_counter() - begun)
    member.leave()
    return taken


def _handle(_event: Envelope) -> None:
    """Do nothing with an event."""
