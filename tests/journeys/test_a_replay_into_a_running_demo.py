"""An auditor replays a province's history into the province at work: nobody does anything twice, and all say so."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.test_the_demo import PROGRAM, gone, numbers, ran

SINKS = ("one-stop", "payment", "population", "postal")
_PATIENCE_S = 30.0


def lienthong(data: Path, *words: str) -> tuple[int, Any]:
    """Run a command, and return its exit code and its answer."""
    command = [*PROGRAM, "--data", str(data), *words, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    return ended.returncode, json.loads(ended.stdout or ended.stderr)


@contextmanager
def running(data: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command that goes on, and end it when this is left."""
    command = [*PROGRAM, "--data", str(data), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


def effects(data: Path) -> Mapping[str, list[str]]:
    """Return all that partners and agencies hold, but calls that did nothing, and the audit's rows about the replay."""
    held = {}
    for file in sorted((data / "simulators").rglob("*.db")):
        with closing(sqlite3.connect(file)) as database:
            held[file.stem] = [row for row in database.iterdump() if not is_of_the_looks(row)]
    return held


def is_of_the_looks(row: str) -> bool:
    """Tell whether a row is of somebody who only asked: a call that did nothing, a session, the audit of a replay."""
    did_nothing = row.startswith('INSERT INTO "calls"') and row.endswith(",0);")
    return did_nothing or row.startswith('INSERT INTO "sessions"') or "'audit.events'" in row


def passed_over(data: Path) -> Mapping[str, int]:
    """Return how many replayed records each running sink says that it passed over."""
    _, told = lienthong(data, "connector", "status")
    return {one["name"]: one["passed_over"] or 0 for one in told if one["kind"] in ("sink", "exchange")}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what is to come; fails if it does not."""
    until = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("province") / "data"
    assert ran(data, "--dossiers", "12").returncode == 0
    return data


@pytest.mark.parametrize("mask", ["all", "none"])
def test_history_that_is_replayed_into_a_province_at_work_changes_nothing(province: Path, mask: str) -> None:
    _, before = lienthong(province, "demo", "--dossiers", "12")
    code, plan = lienthong(
        province, "replay", "plan", "--target", "replay.events", "--mask", mask, "--reason", "a test"
    )  # fmt: skip
    assert code in (0, 7), plan  # a row of the demo is such that nobody can put a mask on it
    with running(province, "up"):
        wait_until(lambda: set(passed_over(province)) == set(SINKS))
        held = effects(province)
        code, result = lienthong(province, "replay", "run", plan["run"])
        assert (code, result["records"]) == (7 if plan["missing"] else 0, plan["records"])
        wait_until(lambda: all(passed_over(province)[name] >= before["groups"][name]["delivered"] for name in SINKS))
        assert effects(province) == held
    assert gone(province)
    code, after = lienthong(province, "demo", "--dossiers", "12")
    assert (code, numbers(after)) == (0, (12, 0, 0, 0))
    assert all(one["passed_over"] >= one["delivered"] for name, one in after["groups"].items() if name != "audit")


def test_history_that_is_replayed_while_the_demo_makes_it_spoils_no_books(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, "demo", "--dossiers", "40", "--json") as demo:
        wait_until(lambda: made(data) > 100)
        _, plan = lienthong(data, "replay", "plan", "--target", "replay.events")
        _, result = lienthong(data, "replay", "run", plan["run"])
        assert result["records"] == plan["records"] > 0
        told, _ = demo.communicate(timeout=150)
    answer = json.loads(told)
    assert (demo.returncode, numbers(answer)) == (0, (40, 0, 0, 0))
    assert sum(one["passed_over"] for one in answer["groups"].values()) > 0


def made(data: Path) -> int:
    """Return how many records the log has by now; none before there is a log."""
    code, topics = lienthong(data, "topic", "list")
    return sum(one["records"] for one in topics) if code == 0 else 0
