"""Whatever happens to a supervisor, its children do not outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bus import leash
from tests.faults.conftest import ROOT, Worker

Start = Callable[..., Worker]
CHILDREN = 4
LIMIT_S = 20.0


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_leash(pid: int) -> bool:
    """Tell whether a child has not yet become its program."""
    return leash.__file__.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()


def wait_until(holds: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    """Look until it holds; say whether it does."""
    until = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def are_gone(pids: list[int]) -> bool:
    """Wait for processes to be gone."""
    return wait_until(lambda: not any(is_alive(pid) for pid in pids))


@pytest.fixture
def keeper(start: Start, folder: Path) -> Callable[[str], tuple[Worker, list[int]]]:
    """Start a supervisor's process, and return it with its children's pids."""

    def started(way: str) -> tuple[Worker, list[int]]:
        worker = start("tests.faults.keeper", str(folder), str(CHILDREN), way)
        pids = [worker.hear("started") for _ in range(CHILDREN)]
        assert wait_until(lambda: not any(map(is_leash, pids)))
        return worker, pids

    return started


Keeper = Callable[[str], tuple[Worker, list[int]]]


def test_children_die_with_a_supervisor_that_is_killed(keeper: Keeper) -> None:
    worker, pids = keeper("stop")
    assert all(map(is_alive, pids))
    worker.process.kill()
    assert are_gone(pids)


def test_children_die_with_a_supervisor_that_is_killed_while_it_starts_them(start: Start, folder: Path) -> None:
    worker = start("tests.faults.keeper", str(folder), str(CHILDREN), "stop")
    first = worker.hear("started")
    worker.process.kill()
    assert are_gone([first, *(int(line.split()[1]) for line in worker.output if line.startswith("started"))])


def test_stopped_children_die_with_a_stopped_supervisor_that_is_killed(keeper: Keeper) -> None:
    worker, pids = keeper("stop")
    for pid in [worker.process.pid, *pids]:
        os.kill(pid, signal.SIGSTOP)
    worker.process.kill()
    assert are_gone(pids)


def test_children_die_with_a_supervisor_that_falls(keeper: Keeper) -> None:
    worker, pids = keeper("fall")
    worker.tell()
    assert are_gone(pids)
    assert worker.process.wait(LIMIT_S) == 1


def test_a_supervisor_that_is_asked_ends_its_children_and_then_itself(keeper: Keeper) -> None:
    worker, pids = keeper("stop")
    worker.tell()
    assert worker.process.wait(LIMIT_S) == 0
    assert not any(map(is_alive, pids))


def test_children_go_on_while_their_supervisor_is_stopped_and_are_restarted_when_it_goes_on(keeper: Keeper) -> None:
    worker, pids = keeper("stop")
    os.kill(worker.process.pid, signal.SIGSTOP)
    os.kill(pids[0], signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pids[0]))
    assert all(map(is_alive, pids[1:]))
    os.kill(worker.process.pid, signal.SIGCONT)
    assert is_alive(worker.hear("started"))


def test_each_child_that_is_killed_comes_back(keeper: Keeper, rounds: int) -> None:
    worker, pids = keeper("stop")
    for _ in range(rounds):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        pids = [worker.hear("started") for _ in pids]
        assert all(map(is_alive, pids))
    worker.process.kill()
    assert are_gone(pids)


def test_a_leash_whose_supervisor_has_died_before_it_was_bound_starts_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = [sys.executable, leash.__file__, "1", sys.executable, "-c", f"open({str(mark)!r}, 'w')"]
    assert subprocess.run(command, check=False).returncode == leash.NOT_STARTED
    assert not mark.exists()


STAYING = """
import sys
from bus import leash
program = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
sys.exit(leash.stay(int(sys.argv[1]), [sys.executable, "-c", program]))
"""
ABOVE = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {STAYING!r}, str(os.getpid())])
time.sleep(600)
"""


def test_where_the_kernel_does_not_help_the_leash_stays_and_looks() -> None:
    above = subprocess.Popen([sys.executable, "-c", ABOVE], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert above.stdout is not None
    with above.stdout as out:
        pid = int(out.readline())
        above.kill()
        above.wait()
        assert are_gone([pid])
