"""One child of a supervisor: a service's process, its log file, and how it ended. Belongs to the thread that forks.

A child stays in the supervisor's session, in a process group of its own: Ctrl-C at the terminal reaches the supervisor
alone, which then ends its children in good order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from bus import leash
from bus.services import Service

_MOST_LOG_BYTES = 4 * 1024 * 1024
_TAIL_BYTES = 4096
_MOST_TOLD = 300


class End(NamedTuple):
    """How a child ended: its exit code, negative for a signal, how long it had lived, and the last it had to say."""

    code: int
    lived_s: float
    last_words: str

    @property
    def is_fault(self) -> bool:
        """Say whether it gave up by itself, rather than having been ended by somebody."""
        return self.code > 0

    def told(self) -> str:
        """Return it in words.

        >>> End(-9, 3.0, "").told(), End(2, 0.3, "no such file").told()
        ('killed by SIGKILL', 'ended with code 2: no such file')
        """
        if self.code < 0:
            return f"killed by {_signal_name(-self.code)}"
        said = f": {self.last_words}" if self.is_fault and self.last_words else ""
        return f"ended with code {self.code}{said}"


class Child:
    """A service and, between ``start`` and ``ended``, its process."""

    def __init__(self, service: Service, logs: Path) -> None:
        self.service = service
        self.log = logs / f"{service.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._log_began = 0

    @property
    def pid(self) -> int | None:
        """The running process."""
        process = self._process
        return None if process is None else process.pid

    def start(self) -> int:
        """Start the process on its leash and return its pid. Raises OSError."""
        argv = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *self.service.argv]
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.trim_log()
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._log_began = os.fstat(log).st_size
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0,
                env={**os.environ, **self.service.environ},
            )  # fmt: skip
        finally:
            os.close(log)
        self._began = monotonic()
        return self._process.pid

    def ended(self) -> End | None:
        """Return how the process ended, once; None while it runs, and where there is none."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return None
        self._process = None
        return End(code, monotonic() - self._began, self._last_words())

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def trim_log(self) -> None:
        """Keep the log below a size, with what was in it beside it. The process goes on appending to the same file."""
        with suppress(OSError):  # on a full disk it stays long until there is room for a copy
            if self.log.stat().st_size > _MOST_LOG_BYTES:
                older = self.log.with_suffix(".log.1")
                older.touch(mode=0o600)
                older.write_bytes(self.log.read_bytes())
                os.truncate(self.log, 0)
                self._log_began = 0

    def _last_words(self) -> str:
        """Return the last line that this process wrote; an error's line with its advice."""
        try:
            said = _tail(self.log, self._log_began)
        except FileNotFoundError:  # somebody has tidied up
            return ""
        lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        last = lines[-2:] if lines and lines[-1].startswith("Next:") else lines[-1:]
        return " ".join(last)[-_MOST_TOLD:]


def _tail(file: Path, start: int) -> bytes:
    """Return the end of a file, not before ``start``."""
    with file.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(start, end - _TAIL_BYTES))
        return stream.read()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
