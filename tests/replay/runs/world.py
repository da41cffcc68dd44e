"""A folder with a real log, registry and catalogue, and a history of real events of every type in it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

from msgspec.structs import replace

from bus.cli.session import Session
from bus.deadletters import SUFFIX
from bus.envelope import Envelope, event_id
from bus.records import NewRecord, Record
from bus.replays import is_replay_topic
from bus.settings import load as load_settings
from bus.transport import Commit, TopicSpec
from registry.apply import apply_catalogue
from replay.runs.plan import Pace, Plan, TargetSpec
from replay.runs.planning import make_plan
from replay.runs.running import How, Result, run_plan
from replay.runs.targets.naming import target_of
from replay.runs.wish import Wish
from schemas.catalogue import EventEntry, load
from tests.schemas.goldens import goldens, value_of

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
TOPIC = "replay.test"
WHO = "thanh"
_DOSSIERS = 17
_STEP_MS = 2


def a_session(folder: Path) -> Session:
    """Return a session over a folder, with the catalogue applied and a topic for replays."""
    session = Session(load_settings({}, folder, data=folder))
    apply_catalogue(session.engine, session.make_registry(), session.catalogue)
    session.engine.admin.create_topic(TopicSpec(name=TOPIC, partitions=4))
    return session


def history(number: int, seed: int = 1) -> Iterator[Envelope]:
    """Yield events of all types of the catalogue in turn, of a few dossiers, two milliseconds apart."""
    drawn, entries = random.Random(seed), [one for one in load().events if one.domain != "audit"]
    for place in range(number):
        entry = entries[place % len(entries)]
        code = f"H56.14-261124-{drawn.randrange(_DOSSIERS):04}"
        yield Envelope(
            id=event_id("test", str(place)), type=entry.type, source="test", key=code, agency="H56.14",
            time=NOON + timedelta(milliseconds=place * _STEP_MS), correlation=code, payload=_sample(entry),
        )  # fmt: skip


def publish(session: Session, events: Iterator[Envelope], seed: int = 1) -> None:
    """Append events in commits of a few, so that many share a time of acceptance and many do not."""
    drawn = random.Random(seed)
    records = [session.wire.encode(event) for event in events]
    while records:
        few = drawn.randint(1, 60)
        append(session, *records[:few])
        records = records[few:]


def append(session: Session, *records: NewRecord) -> None:
    """Append records in one commit."""
    session.engine.log.commit(Commit(appends=records))


def records_of(session: Session, topic: str) -> list[Record]:
    """Return all records of a topic, by partition."""
    log = session.engine.log
    return [record for name, span in log.ends(topic).items() for record in _all(session, name, span.first, span.end)]


def past(session: Session) -> list[Record]:
    """Return the whole history, in the order that a replay promises: read here without the walk."""
    topics = [spec.name for spec in session.engine.admin.topics()]
    found = [
        record
        for topic in topics
        if not topic.endswith(SUFFIX) and not is_replay_topic(topic) and topic != "audit.events"
        for record in records_of(session, topic)
    ]
    return sorted(found, key=lambda one: (one.timestamp, one.topic, one.partition, one.offset))


def place_of(record: Record) -> str:
    """Return ``topic/partition/offset``."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def a_plan(session: Session, target: str | TargetSpec, **changes: Any) -> Plan:
    """Return a plan of all topics of the history."""
    spec = target_of(target) if isinstance(target, str) else target
    topics = tuple(dict.fromkeys(record.topic for record in past(session)))
    wish: dict[str, Any] = {"target": spec, "who": WHO, "topics": topics, **changes}
    return make_plan(session, Wish(**wish), lambda _done, _total: None)


def run(session: Session, plan: Plan, *, stop: Event | None = None, **changes: Any) -> Result:
    """Run a plan to its end."""
    how = How(stop=stop or Event(), who=WHO, progress=lambda _done, _total: None)
    return run_plan(session, plan, replace(how, **changes))


def real_time(speed: float) -> Pace:
    """Return the original pace by when things happened, so many times as fast."""
    return Pace(speed=speed, by="occurred")


def _all(session: Session, name: Any, first: int, end: int) -> Sequence[Record]:
    return session.engine.log.read(name, first, max(end - first, 1)) if end > first else ()


@cache
def _sample(entry: EventEntry) -> dict[str, Any]:
    [golden] = [one for one in goldens(entry.type) if one.version == len(entry.versions)]
    return value_of(entry.schema, golden.value)
