"""All events of one dossier out of a million, warm, beside a bare covering index and row reads in sqlite3."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from bench.row import Row, limit, rounds
from bench.world import a_folder
from bus.envelope import Envelope, event_id
from bus.registry import SchemaRegistry, SchemaVersion
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from bus.wire import Wire
from replay.index.identifiers import identifier
from replay.index.lookup import Index, open_index

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue

_DOSSIERS, _EACH = 100_000, 10
_BATCH = 1000
_ROUNDS, _ASKED = 5, 1000
_ROOM = 3 * 2**30
_START = datetime(2026, 1, 1, tzinfo=UTC)
_TOPIC = "dossier.events"

_SCHEMA = json.dumps({
    "type": "record", "name": "DossierStepDone", "namespace": "vn.lienthong.bench",
    "doc": "Một bước đã xong. / A step was done.",
    "fields": [
        {"name": "dossierCode", "type": "string", "confluent:tags": ["ID:dossier"]},
        {"name": "person", "type": ["null", "string"], "default": None, "confluent:tags": ["PERSONAL", "ID:citizen"]},
        {"name": "step", "type": "string"},
        {"name": "doneAt", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "days", "type": "int"},
        {"name": "note", "type": "string"},
    ],
})  # fmt: skip


class _OneSchema:
    """A registry with one schema, so that only the look-up is measured."""

    def schema(self, _schema_id: int) -> str:
        return _SCHEMA

    def look_up(self, subject: str, schema: str) -> SchemaVersion:
        return SchemaVersion(subject=subject, version=1, schema_id=1, schema=schema)


def rows() -> list[Row]:
    """Measure ``embedded.lookup_p50`` and ``embedded.lookup_p99``, in milliseconds."""
    with a_folder(ram_bytes=_ROOM) as folder, _million(folder) as index, _bare(folder) as bare:
        index.find(identifier("dossier", _code(0)))
        middle, worst = _measured(lambda code: len(index.find(identifier("dossier", code)).told), bare)
        return [
            limit("embedded.lookup_p50", *middle, "ms", 1.0, timed=True),
            limit("embedded.lookup_p99", *worst, "ms", 10.0, timed=True),
        ]


Measured = tuple[list[float], list[float]]


def _measured(ours: Callable[[str], int], bare: Callable[[str], int]) -> tuple[Measured, Measured]:
    """Return medians and 99th percentiles of both, a pair for each round."""
    worst: dict[Callable[[str], int], list[float]] = {ours: [], bare: []}

    def middle_of(look_up: Callable[[str], int]) -> float:
        taken = sorted(_milliseconds(look_up) for _ in range(_ASKED))
        worst[look_up].append(taken[_ASKED * 99 // 100])
        return taken[_ASKED // 2]

    middle = rounds(_ROUNDS, lambda: middle_of(ours), lambda: middle_of(bare))
    return middle, (worst[ours], worst[bare])


def _milliseconds(look_up: Callable[[str], int]) -> float:
    code = _code(random.randrange(_DOSSIERS))
    start = time.perf_counter()
    found = look_up(code)
    taken = (time.perf_counter() - start) * 1000
    assert found == _EACH, f"{found} events instead of {_EACH}"
    return taken


@contextmanager
def _million(folder: Path) -> Iterator[Index]:
    engine = open_engine(f"sqlite:///{folder / 'bus.db'}")
    wire = Wire(cast("SchemaRegistry", _OneSchema()), _catalogue())
    for name in (_TOPIC, f"{_TOPIC}.dead-letter", "payment.events", "payment.events.dead-letter"):
        engine.admin.create_topic(TopicSpec(name=name, partitions=4))
    start = time.perf_counter()
    _fill(engine, wire)
    filled = time.perf_counter()
    index = open_index(engine, wire, f"sqlite:///{folder / 'index.db'}", folder / "index.key")
    index.find(identifier("dossier", _code(0)))
    events, size = _DOSSIERS * _EACH, (folder / "index.db").stat().st_size
    rates = (
        f"{events / (filled - start):,.0f} appended and {events / (time.perf_counter() - filled):,.0f} indexed a second"
    )
    print(f"   {rates}, {size / events:.0f} B an event in the index", file=sys.stderr, flush=True)
    yield index
    index.close()
    engine.close()


def _fill(engine: Engine, wire: Wire) -> None:
    for start in range(0, _DOSSIERS * _EACH, _BATCH):
        engine.log.commit(Commit(appends=[wire.encode(_event(number)) for number in range(start, start + _BATCH)]))


@contextmanager
def _bare(folder: Path) -> Iterator[Callable[[str], int]]:
    """Copy the log's rows into one bare table with a covering index; give its look-up."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE event(off INTEGER PRIMARY KEY, ts INTEGER, key BLOB, value BLOB, headers BLOB)")
    connection.execute(f"ATTACH '{folder / 'bus.db'}' AS log")
    found = connection.execute("SELECT name FROM log.sqlite_master WHERE type='table' AND name GLOB 'log_[0-9]*'")
    for (table,) in found.fetchall():
        connection.execute(
            f"INSERT INTO event(ts, key, value, headers) SELECT ts, key, value, headers FROM log.{table} ORDER BY off"
        )
    connection.execute("CREATE INDEX by_key ON event(key, off)")

    def look_up(code: str) -> int:
        places = connection.execute("SELECT off FROM event WHERE key=?", (code.encode(),)).fetchall()
        read = "SELECT off, ts, key, value, headers FROM event WHERE off=?"
        return len([connection.execute(read, place).fetchone() for place in places])

    yield look_up
    connection.close()


def _catalogue() -> Catalogue:
    entry = SimpleNamespace(type="DossierStepDone", topic=_TOPIC, subject="bench", schema=_SCHEMA)
    topic = SimpleNamespace(name=_TOPIC, key="The dossier code.")
    events: dict[str, Any] = {"DossierStepDone": entry}
    return cast("Catalogue", SimpleNamespace(events=(entry,), topics=(topic,), event=events.__getitem__))


def _code(dossier: int) -> str:
    return f"H56.14-{260101 + dossier // 10_000}-{dossier % 10_000:04}"


def _event(number: int) -> Envelope:
    """Return an event of about 320 bytes of value and eight headers; a dossier's ten lie far apart."""
    code = _code(number % _DOSSIERS)
    moment = _START + timedelta(seconds=number)
    payload = {
        "dossierCode": code, "person": f"{number % _DOSSIERS:012}", "step": f"step {number // _DOSSIERS}",
        "doneAt": moment, "days": number % 30, "note": "Hồ sơ đã được chuyển bước xử lý tiếp theo. " * 4,
    }  # fmt: skip
    return Envelope(
        id=event_id("bench", str(number)), type="DossierStepDone", source="bench", key=code, time=moment,
        payload=payload, agency="H56.14", correlation=code,
    )  # fmt: skip
