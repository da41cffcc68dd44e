"""The turnstile: two file locks that let processes write in turn.

Take ``queue``, take ``main``, give ``queue`` back: who has just committed queues behind who waits, so that none
starves. SQLite's own waiting lets a second process wait for seconds. The files are never deleted: a deleted
lock file would be two locks.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Turnstile:
    """The lock around every write, checkpoint, opening and closing. Threads of one process take turns before it."""

    def __init__(self, database: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._queue = os.open(f"{database}-queue", flags, 0o600)
        self._main = os.open(f"{database}-lock", flags, 0o600)

    def enter(self) -> None:
        """Wait for the turn."""
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._main, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)

    def try_enter(self) -> bool:
        """Take the turn if nobody else has it."""
        try:
            fcntl.flock(self._main, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Give the turn back."""
        fcntl.flock(self._main, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close both files; in a forked child this leaves the parent's locks as they are."""
        os.close(self._queue)
        os.close(self._main)
