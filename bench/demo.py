"""The demo's runtime: how much memory it takes over 10,000 dossiers, and how soon after ``kill -9`` it publishes again.

The controls are bare processes that import the same libraries: one that says what that takes, one that is killed,
started again, and writes a row.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

from bench.row import Row, limit
from bench.world import a_folder
from bus.cli.session import Session
from bus.records import TopicPartition
from bus.settings import load
from bus.transport import Engine
from connectors.demo.driving import drive
from connectors.demo.home import prepare
from connectors.demo.look import Look

_DOSSIERS, _FEW = 10_000, 400
_KILLED_AT = (0.1, 0.25, 0.4)
"""Shares of the dossiers that are final when the runtime is killed: there is enough left to be published then."""

_RUNTIME = frozenset({"one-stop", "population", "payment", "postal"})
"""Whose events the runtime publishes."""

_LIBRARIES = "alembic, click, falcon, fastavro, msgspec, prometheus_client, requests, sqlalchemy, waitress, yaml"
_STATUS = "next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]"
_ROOM = 4 * 2**30


def rows() -> list[Row]:
    """Measure ``demo.rss``, in MB, and ``demo.restart``, in seconds."""
    bare = int(_run(f"import {_LIBRARIES}; print({_STATUS})")) / 1024
    waits = _restarts()
    return [
        limit("demo.restart", waits, [_bare_restart() for _ in waits], "s", 3.0, timed=True),
        limit("demo.rss", [_peak()], [bare], "MB", 150.0, timed=False),
    ]


def _peak() -> float:
    """Run 10,000 dossiers to their end, and return the most memory that the runtime took, in MB."""
    peak = 0.0

    def show(look: Look, data: Path) -> None:
        nonlocal peak
        if look.dossiers:
            peak = max(peak, _memory(_runtime(data)))

    _drive(_DOSSIERS, lambda data, _engine: lambda look: show(look, data))
    return peak


def _restarts() -> list[float]:
    waits: list[float] = []

    def show(look: Look, data: Path, engine: Engine) -> None:
        if len(waits) < len(_KILLED_AT) and look.final >= _KILLED_AT[len(waits)] * _FEW:
            waits.append(_killed(data, engine))

    _drive(_FEW, lambda data, engine: lambda look: show(look, data, engine))
    assert len(waits) == len(_KILLED_AT), waits
    return waits


def _drive(dossiers: int, show: Callable[[Path, Engine], Callable[[Look], None]]) -> None:
    with a_folder(ram_bytes=_ROOM) as data:
        home, session = prepare(data, 7, dossiers), Session(load({}, data, data=data))
        with closing(session):
            drive(session, home, Event(), lambda _name, **_facts: None, show(data, session.engine))
            look = session.engine.log
            assert sum(span.end for span in look.ends("dossier.events").values()) > dossiers


def _killed(data: Path, engine: Engine) -> float:
    """Kill the runtime, and return after how many seconds the log accepted an event of the next one."""
    os.kill(_runtime(data), signal.SIGKILL)
    killed_at = time.time_ns() // 1_000_000
    reached = {part: span.end for topic in _topics(engine) for part, span in engine.log.ends(topic).items()}
    version = 0
    while (accepted_at := _next_of_runtime(engine, reached)) is None:
        version = engine.log.wait(version, 0.1)
    return (accepted_at - killed_at) / 1000


def _next_of_runtime(engine: Engine, reached: dict[TopicPartition, int]) -> int | None:
    """Return when the first event of the runtime behind ``reached`` was accepted; go on behind all others."""
    for partition, at in reached.items():
        for record in engine.log.read(partition, at, 500):
            if record.text("ce_source") in _RUNTIME:
                return record.timestamp
            reached[partition] = record.offset + 1
    return None


def _topics(engine: Engine) -> list[str]:
    return [spec.name for spec in engine.admin.topics() if not spec.name.endswith(".dead-letter")]


def _runtime(data: Path) -> int:
    """Return the process that serves this folder's connectors; there is one, or will be soon."""
    while True:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if str(data).encode() in words and words[-3:-1] == [b"connector", b"serve"] and b"bus.cli" in words:
                return int(entry.parent.name)
        time.sleep(0.02)


def _memory(pid: int) -> float:
    """Return the most memory that a process has taken, in MB; 0 where it has just ended."""
    try:
        lines = (Path("/proc") / str(pid) / "status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _bare_restart() -> float:
    with a_folder() as folder:
        file = folder / "bare.db"
        with closing(sqlite3.connect(file)) as database:
            database.execute("CREATE TABLE row(value)")
        write = (
            f"import sqlite3; d = sqlite3.connect({str(file)!r}); d.execute('INSERT INTO row VALUES(1)'); d.commit()"
        )
        idle = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        killed_at = time.monotonic()
        idle.kill()
        idle.wait()
        _run(f"import {_LIBRARIES}; {write}")
        return time.monotonic() - killed_at


def _run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
