"""Processes beside the bench's own: each does one job of a bench module and answers in lines. None outlives its row."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

_ROOT = Path(__file__).parents[1]
_PATIENCE_S = 60.0
_GOODBYE_S = 5.0


class Child:
    """One process and the lines that it has told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    def tell(self, line: str) -> None:
        """Write a line to its input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """Return its next line. Raises ``queue.Empty`` if none comes for a minute."""
        return self._lines.get(timeout=_PATIENCE_S)

    def lines_by_now(self) -> Iterator[str]:
        """Give the lines that have come, without waiting."""
        while not self._lines.empty():
            yield self._lines.get()

    def kill(self) -> None:
        """End it at once, with no chance to say goodbye. May be repeated."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Close its input, which ends it; kill it if that does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)


def until_input_ends(end: Callable[[], object] = lambda: os._exit(0)) -> None:
    """In a child: call ``end`` when the input ends, so that a bench that was killed leaves nobody behind either."""

    def wait() -> None:
        sys.stdin.read()
        end()

    Thread(target=wait, daemon=True).start()


@contextmanager
def child(module: str, job: str, folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Start ``python -m bench.MODULE JOB FOLDER``; it is gone when this is left, by an interrupt too."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.{module}", job, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
        env=os.environ | (environment or {}),
        start_new_session=True,  # Ctrl-C is for the parent, which ends its children
    )  # fmt: skip
    with process:
        started = Child(process)
        try:
            yield started
        finally:
            started.end()
