"""The log as one would write it without a bus: raw ``sqlite3`` with the engine's tables and pragmas, and fastavro.

It makes the same inserts, look-ups and commits, keeps the same eight headers, and does nothing else: no guard, no
checksum, no groups, no envelope. Nothing of the bus is imported, so a process that only opens it is a bare one too.
"""

from __future__ import annotations

import io
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import fastavro
import msgspec

from bench.children import until_input_ends
from bench.event import SCHEMA

if TYPE_CHECKING:
    from bus.envelope import Envelope

Rows = Mapping[int, Sequence[tuple[bytes, bytes, bytes]]]
"""For each partition, what is appended: key, value, headers."""

PARTITIONS = 4
_HEAD = b"\0\0\0\0\1"
_PARSED = fastavro.parse_schema(json.loads(SCHEMA))
_PAGE = 500
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class Bare:
    """The file and its one connection."""

    def __init__(self, file: Path) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None, cached_statements=1024, check_same_thread=False)
        run = self.connection.execute
        for pragma in ("busy_timeout=10000", "auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL"):
            run(f"PRAGMA {pragma}").fetchall()
        run("CREATE TABLE IF NOT EXISTS part(id INTEGER PRIMARY KEY, next INTEGER, ts INTEGER)")
        run("CREATE TABLE IF NOT EXISTS claim(part INTEGER PRIMARY KEY, next INTEGER)")
        run("CREATE TABLE IF NOT EXISTS inbox(scope INTEGER, id BLOB, PRIMARY KEY(scope, id)) WITHOUT ROWID")
        for part in range(PARTITIONS):
            columns = "off INTEGER PRIMARY KEY, ts INTEGER, key BLOB, value BLOB, headers BLOB"
            run(f"CREATE TABLE IF NOT EXISTS log_{part}({columns})")
            run("INSERT OR IGNORE INTO part VALUES(?,0,0)", (part,))
            run("INSERT OR IGNORE INTO claim VALUES(?,0)", (part,))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def publish(self, batch: Sequence[Envelope]) -> None:
        """Encode and append events, in one transaction."""
        self.append(encoded(batch))

    def append(self, rows: Rows) -> None:
        """Append ready rows, in one transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        self._insert(rows)
        self.connection.execute("COMMIT")

    def append_once(self, known_by: bytes, rows: Rows) -> None:
        """Append ready rows with an id that none had before, in one transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("INSERT INTO inbox VALUES(0,?)", (known_by,))
        self._insert(rows)
        self.connection.execute("COMMIT")

    def _insert(self, rows: Rows) -> None:
        run, now = self.connection.execute, time.time_ns() // 1_000_000
        for part, added in rows.items():
            start = run("SELECT next FROM part WHERE id=?", (part,)).fetchone()[0]
            numbered = [(start + place, now, *row) for place, row in enumerate(added)]
            self.connection.executemany(f"INSERT INTO log_{part} VALUES(?,?,?,?,?)", numbered)
            run("UPDATE part SET next=?,ts=? WHERE id=?", (start + len(added), now, part))

    def consume(self, part: int, start: int, handle: Callable[[object, object], None]) -> int:
        """Read and decode a page, hand each event over, and commit; return how many there were."""
        rows = self._page(part, start)
        for _off, _ts, _key, value, headers in rows:
            handle(_decoded(value), dict(_unpack(headers)))
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        run("UPDATE claim SET next=? WHERE part=?", (start + len(rows), part))
        run("COMMIT")
        return len(rows)

    def consume_new(self, scope: int, part: int, start: int, handle: Callable[[object, object], None]) -> int:
        """Do the same, leaving out events whose ids ``scope`` remembers, and remember the others'."""
        run, rows = self.connection.execute, self._page(part, start)
        named = [dict(_unpack(row[4])) for row in rows]
        ids = [bytes.fromhex(found["ce_id"].decode().replace("-", "")) for found in named]
        marks = ",".join("?" * len(ids))
        found = run(f"SELECT id FROM inbox WHERE scope=? AND id IN ({marks})", (scope, *ids)).fetchall()
        known = {row[0] for row in found}
        for row, headers, event_id in zip(rows, named, ids, strict=True):
            if event_id not in known:
                handle(_decoded(row[3]), headers)
        run("BEGIN IMMEDIATE")
        run("UPDATE claim SET next=? WHERE part=?", (start + len(rows), part))
        taken = [(scope, event_id) for event_id in ids if event_id not in known]
        self.connection.executemany("INSERT INTO inbox VALUES(?,?)", taken)
        run("COMMIT")
        return len(rows)

    def _page(self, part: int, start: int) -> list[tuple[int, int, bytes, bytes, bytes]]:
        statement = f"SELECT off,ts,key,value,headers FROM log_{part} WHERE off>=? ORDER BY off LIMIT {_PAGE}"
        return self.connection.execute(statement, (start,)).fetchall()


def encoded(batch: Sequence[Envelope]) -> Rows:
    """Return events as rows."""
    rows: dict[int, list[tuple[bytes, bytes, bytes]]] = {}
    for event in batch:
        key = event.key.encode()
        rows.setdefault(crc32(key) % PARTITIONS, []).append((key, _value(event.payload), _headers(event)))
    return rows


def _value(payload: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    out.write(_HEAD)
    fastavro.schemaless_writer(out, _PARSED, payload)
    return out.getvalue()


def _decoded(value: bytes) -> object:
    data = io.BytesIO(value)
    data.seek(len(_HEAD))
    return fastavro.schemaless_reader(data, _PARSED, None)


def _headers(event: Envelope) -> bytes:
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


def _job_start(folder: Path) -> None:
    """Open the log, and tell when its first event was decoded."""
    until_input_ends()
    Bare(folder / "bare.db").consume(0, 0, lambda _payload, _headers: print(time.monotonic_ns(), flush=True))
    time.sleep(3600)


if __name__ == "__main__":
    _job_start(Path(sys.argv[2]))
