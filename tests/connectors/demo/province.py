"""A finished demo for tests: its books, and a way to spoil what it keeps."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bus import replays
from bus.cli.session import Session
from bus.deadletters import SUFFIX
from bus.records import NewRecord, Record
from bus.settings import load
from bus.transport import Commit, Moved
from bus.transports import open_engine
from connectors.demo.books import Books, Ran, balance
from connectors.demo.groups import subscriptions

PROGRAM = (sys.executable, "-P", "-m", "bus.cli")

ONE_STOP, POPULATION, PAYMENT, POSTAL = (
    f"simulators/{name}/{name}.db" for name in ("one-stop", "population", "payment", "postal")
)
POLICE, AUDIT = (f"simulators/agencies/{name}.db" for name in ("police", "audit"))
LEDGER, LOG, OTHER_LOG = "connectors.db", "bus.db", "other.db"


def books(data: Path) -> Books:
    """Return the books of a demo."""
    log = data / (OTHER_LOG if (data / OTHER_LOG).exists() else LOG)
    session = Session(load({"LIENTHONG_TRANSPORT": f"sqlite:///{log}"}, data, data=data))
    try:
        return balance(session, Ran(1.0, 0))
    finally:
        session.close()


def verdict(found: Books) -> tuple[int, int, int]:
    """Return what must be zero: lost, out of order, done twice."""
    return found.lost, found.out_of_order, found.duplicate_effects


def change(data: Path, file: str, *statements: str) -> list[Any]:
    """Spoil a store by statements; return what the last one gives."""
    with closing(sqlite3.connect(data / file, isolation_level=None)) as database:
        return [database.execute(sql).fetchall() for sql in statements][-1]


def drop_record(data: Path, *marks: str) -> None:
    """Make another log, as if the first record whose headers hold all these words had never been in it."""
    before, after = (open_engine(f"sqlite:///{data / name}") for name in (LOG, OTHER_LOG))
    with closing(before), closing(after):
        dropped = False
        for spec in before.admin.topics():
            after.admin.create_topic(spec)
            for partition, span in before.log.ends(spec.name).items():
                records = before.log.read(partition, span.first, 100_000)
                here = next((one for one in records if not dropped and has_all(one, marks)), None)
                dropped = dropped or here is not None
                after.log.commit(Commit(appends=[as_new(one) for one in records if one is not here]))
        assert dropped, marks


def replay(data: Path, into: str) -> None:
    """Copy every event of the demo to a topic, as a replay marks it; an empty name copies each to its own topic."""
    with closing(open_engine(f"sqlite:///{data / LOG}")) as engine:
        for spec in [one for one in engine.admin.topics() if is_history(one.name)]:
            for partition, span in engine.log.ends(spec.name).items():
                records = engine.log.read(partition, span.first, 100_000)
                engine.log.commit(Commit(appends=[as_copy(one, into or spec.name) for one in records]))


def is_history(topic: str) -> bool:
    """Tell whether a topic holds events that happened."""
    return not topic.endswith(SUFFIX) and not replays.is_replay_topic(topic)


def as_copy(record: Record, into: str) -> NewRecord:
    """Return a copy of a record, with the marks of a replay."""
    headers = (*record.headers, *replays.marks(b"run-1", b"2026-11-24T05:00:00.000Z", record))
    return NewRecord(topic=into, key=record.key, value=record.value, headers=headers)


def catch_up(data: Path) -> None:
    """Let every group stand at the ends of its topics, as if it had passed over what it had not read."""
    with closing(open_engine(f"sqlite:///{data / LOG}")) as engine:
        for one in subscriptions(data):
            member = engine.join(one.group, one.topics)
            for partition, held in member.assignment().items():
                end = engine.log.ends(partition.topic)[partition].end
                moved = Moved(group=one.group, partition=partition, next=end, epoch=held.epoch)
                engine.log.commit(Commit(offsets=[moved]))
            member.leave()


def has_all(record: Record, marks: Sequence[str]) -> bool:
    """Tell whether a record's headers have all these values."""
    return set(marks) <= {(value or b"").decode() for _, value in record.headers}


def as_new(record: Record) -> NewRecord:
    """Return a record without its place, but for its partition."""
    return NewRecord(
        topic=record.topic, key=record.key, value=record.value, headers=record.headers, partition=record.partition
    )
