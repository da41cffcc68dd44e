"""A replay into a container: raw beside a bare loop over the same rows, masked beside bare fastavro, and its memory.

The bare loop reads partition after partition with ``sqlite3``, takes the stored headers apart, and writes them with
``fastavro.writer``: no order over partitions, no checksum, no bookmark, no mask. For the masked row the reference only
decodes and encodes the values: it reads and writes nothing.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import fastavro
import msgspec

from bench.event import SCHEMA, an_event
from bench.row import Row, limit, rate, rounds
from bench.world import a_folder
from bus.cli.session import Session
from bus.codec import Codec, compile_codec
from bus.envelope import Envelope, event_id, to_headers
from bus.records import NewRecord
from bus.settings import load
from bus.transport import Commit
from registry.apply import apply_catalogue
from replay.runs.plan import Mask, Plan, TargetSpec
from replay.runs.planning import make_plan
from replay.runs.running import How, run_plan
from replay.runs.targets.layout import SCHEMA as CONTAINER
from replay.runs.wish import Wish

_FEW, _MANY = 200_000, 1_000_000
_ROUNDS, _BATCH = 3, 1000
_ROOM = 6 * 2**30
_TOPIC = "dossier.events"
_TAGS = {
    "dossierCode": ["ID:dossier"], "identifier": ["PERSONAL", "ID:citizen"], "phone": ["PERSONAL"],
    "name": ["PERSONAL"], "officer": ["PERSONAL"],
}  # fmt: skip
"""The event's fields that a contract would tag."""

_LIBRARIES = "click, fastavro, msgspec, prometheus_client, sqlalchemy, requests"
_STATUS = "next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]"


def rows() -> list[Row]:
    """Measure ``replay.raw`` and ``replay.masked``, in records a second, and ``replay.memory``, in MB."""
    with a_folder(ram_bytes=_ROOM) as folder, closing(Session(load({}, folder, data=folder))) as session:
        apply_catalogue(session.engine, session.make_registry(), session.catalogue)
        world = _World(session, folder)
        world.fill(_FEW)
        raw = rounds(_ROUNDS, lambda: world.ours("none"), world.bare_rows)
        masked = rounds(_ROUNDS, lambda: world.ours("all"), world.bare_values)
        world.fill(_MANY - _FEW)
        peak, bare = world.peak(), int(_told(f"import {_LIBRARIES}; print({_STATUS})")) / 1024
    return [
        rate("replay.raw", *raw, "records/s", 0.6),
        rate("replay.masked", *masked, "records/s", 1.0),
        limit("replay.memory", [peak], [bare], "MB", 150.0, timed=False),
    ]


class _World:
    """A log of events of 320 bytes, of which five fields are tagged, in four partitions."""

    def __init__(self, session: Session, folder: Path) -> None:
        self._session, self._folder = session, folder
        self._schema = _tagged(SCHEMA)
        self._id = session.registry.register(f"{_TOPIC}-bench", self._schema).schema_id
        self._codec = compile_codec(self._schema)
        self._numbers = count()
        self._events = 0

    def fill(self, number: int) -> None:
        """Append so many events."""
        head = b"\0" + self._id.to_bytes(4, "big")
        event = an_event(vietnamese=False)
        for start in range(self._events, self._events + number, _BATCH):
            batch = [_record(self._codec, event, head, place) for place in range(start, start + _BATCH)]
            self._session.engine.log.commit(Commit(appends=batch))
        self._events += number

    def ours(self, mask: Mask) -> float:
        """Run a plan into a file, and return its rate."""
        file = self._folder / f"{next(self._numbers)}.avro"
        plan = self.plan(file, mask)
        how = How(stop=Event(), who="bench", progress=lambda _done, _all: None)
        start = time.perf_counter()
        result = run_plan(self._session, plan, how)
        taken = time.perf_counter() - start
        assert (result.outcome, result.records) == ("done", self._events), result
        file.unlink()
        return self._events / taken

    def plan(self, file: Path, mask: Mask) -> Plan:
        """Return a plan of all into a file that is not compressed: nothing hides behind the compressor."""
        target = TargetSpec(kind="avro", where=str(file), codec="null")
        wish = Wish(target=target, who="bench", reason="measured", topics=(_TOPIC,), mask=mask)
        return make_plan(self._session, wish, lambda _done, _all: None)

    def bare_rows(self) -> float:
        """Read the same rows and write the same bytes, one partition after another."""
        file = self._folder / f"{next(self._numbers)}.avro"
        start = time.perf_counter()
        with closing(sqlite3.connect(self._folder / "bus.db")) as database, file.open("wb") as out:
            fastavro.writer(out, fastavro.parse_schema(CONTAINER), _envelopes(database), codec="null")
            out.flush()
            os.fsync(out.fileno())
        taken = time.perf_counter() - start
        file.unlink()
        return self._events / taken

    def bare_values(self) -> float:
        """Decode and encode the same values with fastavro."""
        parsed = fastavro.parse_schema(json.loads(self._schema))
        with closing(sqlite3.connect(self._folder / "bus.db")) as database:
            values = [
                value for table in _tables(database) for (value,) in database.execute(f"SELECT value FROM {table}")
            ]
        start = time.perf_counter()
        for value in values:
            decoded = fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed, None)
            out = io.BytesIO()
            out.write(value[:5])
            fastavro.schemaless_writer(out, parsed, decoded)
            out.getvalue()
        return len(values) / (time.perf_counter() - start)

    def peak(self) -> float:
        """Plan and run all, masked, by the command line; return the most memory that either took, in MB."""
        file = self._folder / "all.avro"
        self._session.engine.close()
        plan_words = ["plan", "--target", str(file), "--topic", _TOPIC, "--json"]
        told, planning = _lienthong(self._folder, plan_words)
        _, running = _lienthong(self._folder, ["run", json.loads(told)["run"], "--json"])
        print(f"   planning took {planning:.0f} MB, running {running:.0f} MB", file=sys.stderr, flush=True)
        return max(planning, running)


def _tagged(schema: str) -> str:
    """Return the schema with its tags."""

    def tag(one: dict[str, Any]) -> dict[str, Any]:
        return one | {"confluent:tags": _TAGS[one["name"]]} if one.get("name") in _TAGS and "type" in one else one

    return json.dumps(json.loads(schema, object_hook=tag))


def _record(codec: Codec, event: Mapping[str, Any], head: bytes, place: int) -> NewRecord:
    code = f"H56.14-261124-{place % 100_000:05}"
    envelope = Envelope(
        id=event_id("bench", str(place)), type="DossierReceived", source="bench", key=code, time=event["receivedAt"],
        payload={}, correlation=code,
    )  # fmt: skip
    value = codec.encode({**event, "dossierCode": code}, head)
    return NewRecord(topic=_TOPIC, key=code.encode(), value=value, headers=to_headers(envelope))


def _envelopes(database: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    unpack = msgspec.msgpack.Decoder().decode
    names = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_correlationid")
    for partition, table in enumerate(_tables(database)):
        for offset, timestamp, key, value, stored in database.execute(f"SELECT * FROM {table} ORDER BY off"):
            found = unpack(stored[6:])
            headers = [{"name": "ce_specversion", "value": b"1.0"}]
            headers += [
                {"name": name, "value": key if one is None else one} for name, one in zip(names, found, strict=True)
            ]
            headers.append({"name": "content-type", "value": b"application/avro"})
            headers.append({"name": "lt_replay_run", "value": b"0123456789abcdef"})
            headers.append({"name": "lt_replay_origin", "value": b"dossier.events/%d/%d" % (partition, offset)})
            headers.append({"name": "lt_replay_time", "value": b"2026-11-25T02:15:00.000Z"})
            yield {"topic": _TOPIC, "partition": partition, "offset": offset, "timestamp": timestamp, "key": key,
                   "value": value, "headers": headers}  # fmt: skip


def _tables(database: sqlite3.Connection) -> list[str]:
    """Return the tables that hold the events."""
    found = database.execute(
        "SELECT part.id FROM part JOIN topic ON topic.id = part.topic WHERE topic.name = ? ORDER BY part.id", (_TOPIC,)
    )
    return [f"log_{number}" for (number,) in found]


def _lienthong(folder: Path, words: list[str]) -> tuple[str, float]:
    """Run a command of replays, and return what it printed and the most memory that it took, in MB."""
    program = f"import sys; from bus.cli.root import run; run(sys.argv[1:]); print({_STATUS}, file=sys.stderr)"
    command = [sys.executable, "-c", program, "--data", str(folder), "replay", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout, int(ended.stderr.split()[-1]) / 1024


def _told(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
