"""A finished demo for tests: its books, and a way to spoil what it keeps."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bus.cli.session import Session
from bus.records import NewRecord, Record
from bus.settings import load
from bus.transport import Commit
from bus.transports import open_engine
from connectors.demo.books import Books, Ran, balance

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


def has_all(record: Record, marks: Sequence[str]) -> bool:
    """Tell whether a record's headers have all these values."""
    return set(marks) <= {(value or b"").decode() for _, value in record.headers}


def as_new(record: Record) -> NewRecord:
    """Return a record without its place, but for its partition."""
    return NewRecord(
        topic=record.topic, key=record.key, value=record.value, headers=record.headers, partition=record.partition
    )
