"""A log on a RAM disk, and processes that work on it and can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parents[2]
_RAM = Path("/dev/shm")  # noqa: S108 - the kernel's RAM disk: flushes cost nothing there


class Worker:
    """One process that does a job of ``tests.faults.worker``, or runs a module of its own."""

    def __init__(self, job: str, *arguments: str) -> None:
        module = [job] if "." in job else ["tests.faults.worker", job]
        command = [sys.executable, "-m", *module, *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @property
    def output(self) -> IO[str]:
        """Return what it says."""
        assert self.process.stdout is not None
        return self.process.stdout

    def hear(self, word: str) -> int:
        """Wait until it says ``word`` and return the number."""
        return int(self.hear_text(word))

    def hear_text(self, word: str) -> str:
        """Wait until it says ``word`` and return what follows."""
        for line in self.output:
            said, told = line.split()[:2]
            if said == word:
                return told
        raise AssertionError(f"it ended before it said {word}")

    def tell(self) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> list[int]:
        """End it without warning; return the numbers it had still said."""
        self.process.kill()
        numbers = [int(line.split()[1]) for line in self.output if line.endswith("\n")]
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        return numbers


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder on a RAM disk where there is one."""
    base = _RAM if os.access(_RAM, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lienthong-", dir=base) as place:
        yield Path(place)


@pytest.fixture
def url(folder: Path) -> str:
    """Return the URL of a log in that folder."""
    return f"sqlite:///{folder}/bus.db"


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    """Start workers; those left over are killed."""
    workers: list[Worker] = []

    def started(job: str, *arguments: str) -> Worker:
        workers.append(Worker(job, *arguments))
        return workers[-1]

    yield started
    for worker in workers:
        if worker.process.stdout is not None and not worker.process.stdout.closed:
            worker.kill()


@pytest.fixture
def rounds() -> int:
    """Return how often to kill; ``LIENTHONG_TEST_ROUNDS`` raises it."""
    return int(os.environ.get("LIENTHONG_TEST_ROUNDS", "5"))
