"""Small hand-written stand-ins for the tests of ``bus/``: a wire that speaks JSON, and handlers with a name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bus.deadletters import read_letter
from bus.envelope import Envelope, event_id, from_headers, to_headers
from bus.errors import DecodeError, LienthongError, Misfit
from bus.records import NewRecord, Place, Record, TopicPartition
from bus.transport import Commit, Engine, TopicSpec

TOPIC = "dossier.events"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


class JsonWire:
    """Reads and writes values as JSON; anything else is undecodable, and a payload with ``misfit`` does not fit."""

    def encode(self, event: Envelope) -> NewRecord:
        """Return an event's record. Raises Misfit."""
        if "misfit" in event.payload:
            raise Misfit("misfit", "a field of the schema")
        value = json.dumps(event.payload).encode()
        return NewRecord(topic=TOPIC, key=event.key.encode(), value=value, headers=to_headers(event))

    def decode(self, record: Record) -> Envelope:
        """Return a record's event. Raises DecodeError."""
        try:
            return from_headers(record.headers, json.loads(record.value or b""))
        except ValueError as error:
            raise DecodeError(f"{record.place}: the value is no JSON") from error


class Recorder:
    """A handler that remembers what it was given, fails as told, and returns what it is told to publish."""

    def __init__(self, *errors: LienthongError, tells: Iterable[Envelope] = ()) -> None:
        self.errors = list(errors)
        self.tells = tuple(tells)
        self.handled: list[int] = []

    def __call__(self, event: Envelope, record: Record) -> Iterable[Envelope]:
        """Handle one event."""
        if self.errors:
            raise self.errors.pop(0)
        self.handled.append(event.payload["n"])
        return self.tells


def an_event(n: int, *, key: str = "H56.14-261124-0001", **changes: Any) -> Envelope:
    """Return the event number ``n`` of a dossier."""
    facts: dict[str, Any] = {"type": "DossierReceived", "source": "one-stop", "key": key, "time": NOON}
    return Envelope(**{"id": event_id("one-stop", str(n)), "payload": {"n": n}, **facts, **changes})


def make_topics(engine: Engine, partitions: int = 1) -> None:
    """Make a topic and its dead letters."""
    for name in (TOPIC, f"{TOPIC}.dead-letter"):
        engine.admin.create_topic(TopicSpec(name=name, partitions=partitions))


def publish(engine: Engine, *events: Envelope) -> list[Place]:
    """Append events to the log."""
    return list(engine.log.commit(Commit(appends=[JsonWire().encode(event) for event in events])))


def append_broken(engine: Engine, **headers: str) -> Place:
    """Append a record that nobody can read."""
    pairs = tuple((name, text.encode()) for name, text in headers.items())
    record = NewRecord(topic=TOPIC, key=b"k", value=b"\xff", headers=pairs)
    return engine.log.commit(Commit(appends=[record]))[0]


def records(engine: Engine, topic: str = TOPIC) -> list[Record]:
    """Return all records of a topic, by partition."""
    return [
        record
        for partition, span in sorted(engine.log.ends(topic).items())
        for record in engine.log.read(partition, span.first, 1000)
    ]


def codes_of_letters(engine: Engine) -> list[str]:
    """Return the error codes in the dead letters."""
    return [read_letter(record).code for record in records(engine, f"{TOPIC}.dead-letter")]


def committed(engine: Engine, group: str, partition: int = 0) -> int:
    """Return a group's committed offset."""
    at = TopicPartition(TOPIC, partition)
    return next(state.next for state in engine.admin.groups() if (state.group, state.partition) == (group, at))
