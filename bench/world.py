"""What the engine's rows share: an event of 320 bytes with eight headers, a log for it, and the same log made bare.

The bare log is raw ``sqlite3`` with the same tables and pragmas, and fastavro: what one would write without a bus.
"""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import time_ns
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from zlib import crc32

import fastavro
import msgspec

from bench.codec import SCHEMA, an_event
from bus.envelope import Envelope, event_id
from bus.records import TopicPartition
from bus.registry import SchemaRegistry, SchemaVersion
from bus.transport import Engine, TopicSpec
from bus.transports import open_engine
from bus.wire import Wire

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue

TOPIC, PARTITIONS = "dossier.events", 4
PLACES = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
HEAD = b"\0\0\0\0\1"
PARSED = fastavro.parse_schema(json.loads(SCHEMA))
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class _OneSchema:
    """A registry with one schema, so that only the engine is measured."""

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def schema(self, _schema_id: int) -> str:
        return self._schema

    def look_up(self, subject: str, schema: str) -> SchemaVersion:
        return SchemaVersion(subject=subject, version=1, schema_id=1, schema=schema)


def a_wire(schema: str = SCHEMA) -> Wire:
    """Return the real wire for the one event."""
    entry = SimpleNamespace(type="DossierReceived", topic=TOPIC, subject="bench", schema=schema)
    topic = SimpleNamespace(name=TOPIC, key="The dossier code.")
    events: dict[str, Any] = {"DossierReceived": entry}
    catalogue = SimpleNamespace(events=(entry,), topics=(topic,), event=events.__getitem__)
    return Wire(cast("SchemaRegistry", _OneSchema(schema)), cast("Catalogue", catalogue))


def an_engine(folder: Path, name: str = "bus.db") -> Engine:
    """Open a log with the topic."""
    engine = open_engine(f"sqlite:///{folder / name}")
    engine.admin.create_topic(TopicSpec(name=TOPIC, partitions=PARTITIONS))
    return engine


def events(number: int) -> list[Envelope]:
    """Return events of different dossiers."""
    payload = an_event(vietnamese=False)
    moment = payload["receivedAt"]
    return [
        Envelope(
            id=event_id("bench", str(place)), type="DossierReceived", source="bench", key=code,
            time=moment + timedelta(seconds=place), payload=payload | {"dossierCode": code}, correlation=code,
        )
        for place in range(number)
        for code in [f"H56.14-261124-{place:04}"]
    ]  # fmt: skip


@contextmanager
def a_folder(*, ram: bool = False) -> Iterator[Path]:
    """Give an empty folder on disk, or on the RAM disk where there is one."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it
    folder = Path(tempfile.mkdtemp(prefix="lienthong-bench-", dir=shared if ram and shared.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Bare:
    """The same inserts, look-ups and commits with nothing around them."""

    def __init__(self, file: Path) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None, cached_statements=1024, check_same_thread=False)
        run = self.connection.execute
        for pragma in ("busy_timeout=10000", "auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL"):
            run(f"PRAGMA {pragma}").fetchall()
        run("CREATE TABLE IF NOT EXISTS part(id INTEGER PRIMARY KEY, next INTEGER, ts INTEGER)")
        run("CREATE TABLE IF NOT EXISTS claim(part INTEGER PRIMARY KEY, next INTEGER)")
        run("CREATE TABLE IF NOT EXISTS inbox(id BLOB PRIMARY KEY) WITHOUT ROWID")
        for part in range(PARTITIONS):
            columns = "off INTEGER PRIMARY KEY, ts INTEGER, key BLOB, value BLOB, headers BLOB"
            run(f"CREATE TABLE IF NOT EXISTS log_{part}({columns})")
            run("INSERT OR IGNORE INTO part VALUES(?,0,0)", (part,))
            run("INSERT OR IGNORE INTO claim VALUES(?,0)", (part,))

    def publish(self, batch: Sequence[Envelope]) -> None:
        """Encode and append events, in one transaction."""
        rows: dict[int, list[tuple[bytes, bytes, bytes]]] = {}
        for event in batch:
            key = event.key.encode()
            rows.setdefault(crc32(key) % PARTITIONS, []).append((key, bare_value(event.payload), bare_headers(event)))
        self.append(rows)

    def append(self, rows: Mapping[int, Sequence[tuple[bytes, bytes, bytes]]]) -> None:
        """Append ready rows, in one transaction."""
        run, now = self.connection.execute, time_ns() // 1_000_000
        run("BEGIN IMMEDIATE")
        for part, added in rows.items():
            start = run("SELECT next FROM part WHERE id=?", (part,)).fetchone()[0]
            numbered = [(start + place, now, *row) for place, row in enumerate(added)]
            self.connection.executemany(f"INSERT INTO log_{part} VALUES(?,?,?,?,?)", numbered)
            run("UPDATE part SET next=?,ts=? WHERE id=?", (start + len(added), now, part))
        run("COMMIT")

    def consume(self, part: int, start: int, *, inbox: bool) -> int:
        """Read and decode a page of 500, hand each event over, and commit; return how many there were."""
        statement = f"SELECT off,ts,key,value,headers FROM log_{part} WHERE off>=? ORDER BY off LIMIT 500"
        rows = self.connection.execute(statement, (start,)).fetchall()
        if not rows:
            return 0
        ids = []
        for _off, _ts, _key, value, headers in rows:
            named = dict(_unpack(headers))
            data = io.BytesIO(value)
            data.seek(5)
            bare_handler(fastavro.schemaless_reader(data, PARSED, None), named)
            ids.append(named["ce_id"])
        self._commit(part, rows[-1][0] + 1, ids if inbox else [])
        return len(rows)

    def _commit(self, part: int, position: int, ids: list[bytes]) -> None:
        run = self.connection.execute
        known = {
            row[0] for row in run(f"SELECT id FROM inbox WHERE id IN ({','.join('?' * len(ids))})", ids).fetchall()
        }
        run("BEGIN IMMEDIATE")
        run("UPDATE claim SET next=? WHERE part=?", (position, part))
        if ids:
            self.connection.executemany(
                "INSERT INTO inbox VALUES(?)", [(taken,) for taken in ids if taken not in known]
            )
        run("COMMIT")


def bare_value(payload: Mapping[str, Any]) -> bytes:
    """Return fastavro's bytes behind the five of the wire format."""
    out = io.BytesIO()
    out.write(HEAD)
    fastavro.schemaless_writer(out, PARSED, payload)
    return out.getvalue()


def bare_headers(event: Envelope) -> bytes:
    """Return the same eight headers, packed."""
    key = event.key.encode()
    return _pack(
        (
            ("ce_specversion", b"1.0"),
            ("ce_id", str(event.id).encode()),
            ("ce_type", event.type.encode()),
            ("ce_source", event.source.encode()),
            ("ce_subject", key),
            ("ce_time", event.time.isoformat(timespec="milliseconds").encode()),
            ("content-type", b"application/avro"),
            ("ce_correlationid", key),
        )
    )


def bare_handler(_payload: object, _headers: Mapping[str, bytes]) -> None:
    """Do nothing with an event."""
