"""kill -9 at random points of a run: in the end the log is the one of a run that nobody disturbed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.transports import open_engine
from tests.connectors.file_drop.making import HEADER, MAPPING, drop, write_mapping

ROOT = Path(__file__).resolve().parents[3]
_RAM = Path("/dev/shm")  # noqa: S108 - the kernel's RAM disk: flushes cost nothing there
_KILLS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "4"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder on a RAM disk where there is one."""
    base = _RAM if os.access(_RAM, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lienthong-", dir=base) as place:
        yield Path(place)


def write_exports(folder: Path) -> Path:
    """Write two exports with equal rows, bad rows and cells of several lines, and their mapping."""
    chance = random.Random(11)
    for name in ("a.csv", "b.csv"):
        rows = [f"A{chance.randrange(40)},{name} {chance.randrange(60)},2026-11-24T08:00:00Z\n" for _ in range(6000)]
        bad = [f"A1,{name}\n", f'A2,"{name}\nlines",2026-11-24T08:00:00Z\n', f'A3,"{name},x\n']
        for place in range(0, len(rows), 97):
            rows[place] = chance.choice(bad)
        drop(folder, HEADER + "".join(rows), name)
    return write_mapping(folder, MAPPING)


def start(mapping: Path, data: Path) -> subprocess.Popen[str]:
    """Start a run in a process of its own."""
    data.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.connectors.file_drop.worker", str(mapping), str(data)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def run_and_kill(mapping: Path, data: Path, commits: int, delay_s: float) -> bool:
    """Kill a run some time after so many commits; tell whether it came to its end before."""
    with start(mapping, data) as process:
        assert process.stdout is not None
        for line in process.stdout:
            commits -= line.startswith("committed")
            if commits <= 0:
                break
        time.sleep(delay_s)
        process.kill()
        return "done\n" in process.stdout.readlines()


def contents(data: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Return for each key, and for the letters, what the log holds in its order; the letters in any order."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    with closing(open_engine(f"sqlite:///{data}/bus.db")) as engine:
        for topic in ("dossier.events", "dossier.events.dead-letter"):
            for partition, span in sorted(engine.log.ends(topic).items()):
                for record in engine.log.read(partition, span.first, 1_000_000):
                    name = f"{topic} {(record.key or b'').decode()}"
                    headers = dict(record.headers)
                    identity = headers.get("ce_id") or headers["lt_error_origin"] or b""
                    found.setdefault(name, []).append((identity.decode(), record.value or b""))
    found["dossier.events.dead-letter "].sort()
    return found


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_log(folder: Path) -> None:
    mapping = write_exports(folder)
    with start(mapping, folder / "calm") as calm:
        assert calm.stdout is not None
        lines = calm.stdout.read().split("\n")
    assert "done" in lines
    chance = random.Random()
    for _ in range(_KILLS):
        run_and_kill(mapping, folder / "killed", chance.randrange(4), chance.uniform(0, 0.1))
    with start(mapping, folder / "killed") as last:
        assert last.stdout is not None
        assert "done\n" in last.stdout.readlines()
    assert contents(folder / "killed") == contents(folder / "calm")
    assert sum(map(len, contents(folder / "calm").values())) == 12_000
