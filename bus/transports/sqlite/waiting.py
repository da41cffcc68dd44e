"""Waiting with a word: who waits long for a lock says so, and which process has it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bus import logs

TELL_AFTER_S = 5.0
_LOCKS = Path("/proc/locks")
_LOG = logs.logger("bus.transports.sqlite.waiting")


class Watch:
    """A look now and then at whether a wait has become long. Its thread begins with the first wait."""

    def __init__(self, places: Sequence[str]) -> None:
        self._places = places
        self._since: float | None = None
        self._is_looking = False
        self.is_over = False

    def begin(self) -> None:
        """Note that somebody waits."""
        if self._since is None:
            self._since = time.monotonic()
        if not self._is_looking:
            self._is_looking = True
            threading.Thread(target=self._look, name="lienthong-lock-watch", daemon=True).start()

    def rest(self) -> None:
        """Note that nobody does any more."""
        self._since = None

    def _look(self) -> None:
        while not self.is_over:
            time.sleep(TELL_AFTER_S)
            since = self._since
            if since is not None and (waited := time.monotonic() - since) >= TELL_AFTER_S:
                facts = {"lock": self._places[0], "seconds": round(waited), "holder": holder(self._places)}
                logs.tell(_LOG, logging.WARNING, "waiting for a lock: let its holder go on, or end it", **facts)


def holder(places: Sequence[str], locks: Path = _LOCKS) -> str:
    """Tell the process that has one of the files locked, and whether it is stopped; where the kernel says it.

    A line of ``/proc/locks``: ``7: FLOCK  ADVISORY  WRITE 4711 fd:01:123 0 EOF``; with an arrow it only waits.
    """
    try:
        lines = [line.split() for line in locks.read_text(encoding="ascii").splitlines()]
        for place in places:
            status = Path(place).stat()
            name = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
            for fields in lines:
                if fields[1] == "FLOCK" and fields[5] == name:
                    return _told(fields[4])
    except (OSError, IndexError):
        return "unknown"
    return "unknown"


def _told(process: str) -> str:
    """Return the process' number with what it does."""
    try:
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        )
    except (OSError, IndexError):
        return f"process {process}"
    return f"process {process}, which is stopped" if state in "Tt" else f"process {process}"
