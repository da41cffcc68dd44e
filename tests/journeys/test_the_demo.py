"""The command `demo` as a visitor runs it: a whole province, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

PROGRAM = (sys.executable, "-P", "-m", "bus.cli")
NUMBERS = (
    "dossiers", "published", "delivered", "deduplicated", "dead_lettered", "lost", "out_of_order", "duplicate_effects",
    "elapsed_s", "events_per_s",
)  # fmt: skip


def command(data: Path, *words: str) -> list[str]:
    return [*PROGRAM, "--data", str(data), "demo", *words]


def ran(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(command(data, *words), capture_output=True, text=True, timeout=150, check=False)


def processes(data: Path) -> Sequence[int]:
    """Return all processes that work on this folder, whoever started them."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if entry.name.isdigit() and str(data).encode() in words and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def gone(data: Path, within_s: float = 5.0) -> bool:
    """Wait until no process works on this folder any more."""
    until = time.monotonic() + within_s
    while processes(data) and time.monotonic() < until:
        time.sleep(0.05)
    return not processes(data)


def numbers(answer: dict[str, Any]) -> tuple[int, int, int, int]:
    return answer["dossiers"], answer["lost"], answer["out_of_order"], answer["duplicate_effects"]


def test_a_province_comes_to_its_end_and_its_books_balance(tmp_path: Path) -> None:
    end = ran(tmp_path / "data", "--dossiers", "25", "--json")
    answer = json.loads(end.stdout)
    assert (end.returncode, numbers(answer)) == (0, (25, 0, 0, 0)), end.stderr
    assert set(answer) == {*NUMBERS, "groups"}
    assert all(one["subscribed"] == one["delivered"] + one["dead_lettered"] for one in answer["groups"].values())
    assert answer["deduplicated"] > 0 < answer["dead_lettered"]
    assert gone(tmp_path)


def test_whatever_is_killed_and_whenever_the_same_command_goes_on_and_the_books_balance(tmp_path: Path) -> None:
    data, chance = tmp_path / "data", Random()
    for _ in range(3):
        with subprocess.Popen(
            command(data, "--dossiers", "25"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(chance.uniform(2.0, 3.5))
            for _ in range(4):
                children = [one for one in processes(data) if one != process.pid]
                if children:
                    kill(chance.choice(children))
                time.sleep(chance.uniform(0.1, 0.8))
            for pid in processes(data):
                kill(pid)
        assert gone(data)
    end = ran(data, "--dossiers", "25", "--json")
    assert (end.returncode, numbers(json.loads(end.stdout))) == (0, (25, 0, 0, 0)), end.stderr
    assert gone(data)


def test_a_supervisor_that_is_killed_takes_all_with_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "--dossiers", "5"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until, running = time.monotonic() + 20, 0
        while running < 10 and time.monotonic() < until:
            time.sleep(0.05)
            running = len(processes(tmp_path))  # not looked at again: the demo kills one by itself
        assert running >= 10
        kill(process.pid)
    assert gone(tmp_path)


def test_a_demo_that_is_asked_to_end_says_how_to_go_on(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "--dossiers", "5"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(3.0)
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=30)
    assert (process.returncode, f"lienthong --data {tmp_path} demo --dossiers 5 --seed 7" in talk) == (130, True), talk
    assert gone(tmp_path)


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it was on its way out
