"""Who is alive. Each owner holds a kernel lock on a file of its own: the kernel drops it at kill -9, so that
everyone knows at once. Owners that hang are known by a lease on a clock that no time service moves.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from bus.transports.sqlite.faults import os_errors

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_id() -> str:
    """Return what tells this start of the machine from all others; its clocks start anew with it."""
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else "unknown"


def boot_ms() -> int:
    """Return the milliseconds since the machine started, suspended time included."""
    return time.clock_gettime_ns(_CLOCK) // 1_000_000


class Liveness(Protocol):
    """Signs of life of owners, by their ids."""

    def enter(self) -> str:
        """Begin a life and return its id; it ends with this process at the latest."""
        ...

    def leave(self, owner: str) -> None:
        """End a life of this process."""
        ...

    def is_alive(self, owner: str) -> bool:
        """Say whether the owner's process still runs."""
        ...

    def forget(self, owner: str) -> None:
        """Remove what a dead or an evicted owner left behind."""
        ...

    def close(self) -> None:
        """Give up everything without ending it."""
        ...


class Present:
    """Owners of one process in memory."""

    def __init__(self) -> None:
        self._alive: set[str] = set()

    def enter(self) -> str:
        """Begin a life."""
        owner = uuid4().hex
        self._alive.add(owner)
        return owner

    def leave(self, owner: str) -> None:
        """End it."""
        self._alive.discard(owner)

    def is_alive(self, owner: str) -> bool:
        """Say whether it was begun and not ended."""
        return owner in self._alive

    def forget(self, owner: str) -> None:
        """Nothing is left behind."""

    def close(self) -> None:
        """End all."""
        self._alive.clear()


class KernelLocks:
    """A locked file for each owner in a folder beside the database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, int] = {}
        folder.mkdir(mode=0o700, exist_ok=True)

    def enter(self) -> str:
        """Lock a new file; only then may its id be written where others look. Raises StorageFull."""
        owner = uuid4().hex
        with os_errors(self._folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._files[owner] = os.open(self._folder / owner, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._files[owner], fcntl.LOCK_EX)
        return owner

    def leave(self, owner: str) -> None:
        """Unlock and remove the file."""
        file = self._files.pop(owner, None)
        if file is not None:
            self.forget(owner)
            os.close(file)

    def is_alive(self, owner: str) -> bool:
        """Try the lock, in its shared form, so that two who look do not see each other."""
        if owner in self._files:
            return True
        try:
            file = os.open(self._folder / owner, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def forget(self, owner: str) -> None:
        """Remove the file; its lock, if a hanging process still has it, means nothing any more."""
        (self._folder / owner).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files: the kernel drops the locks, unless a parent process holds them too."""
        while self._files:
            os.close(self._files.popitem()[1])
