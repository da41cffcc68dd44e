"""The turnstile: two file locks that let processes write in turn.

Take ``queue``, take ``main``, give ``queue`` back: who has just committed queues behind who waits, so that none
starves. SQLite's own waiting lets a second process wait for seconds.

Nobody may take the lock from a process that was stopped while it had it: SQLite's own lock is with it too. So who
waits goes on waiting, and says for whom. Nobody deletes the files; if somebody does, they are made anew.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bus.transports.sqlite.waiting import Watch


class Turnstile:
    """The lock around every write, checkpoint, opening and closing. Threads of one process take turns before it."""

    def __init__(self, database: Path) -> None:
        self._places = (f"{database}-lock", f"{database}-queue")
        self._main, self._queue = self._opened()
        self._watch = Watch(self._places)

    def __enter__(self) -> None:
        """Wait for the turn."""
        try:
            while not self._entered():
                gone = self._main, self._queue
                self._main, self._queue = self._opened()
                _close(gone)
        except BaseException:
            self.leave()
            raise

    def __exit__(self, *_: object) -> None:
        """Give the turn back."""
        self.leave()

    def try_enter(self) -> bool:
        """Take the turn if nobody else has it."""
        return _is_taken(self._main)

    def leave(self) -> None:
        """Give the turn back that ``try_enter`` took; harmless if it did not."""
        fcntl.flock(self._main, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close both files; in a forked child this leaves the parent's locks as they are."""
        self._watch.end()
        _close((self._main, self._queue))

    def _entered(self) -> bool:
        """Wait, and say whether the file that is locked is still the one that others find."""
        try:
            if not _is_taken(self._queue):
                self._watch.begin()
                fcntl.flock(self._queue, fcntl.LOCK_EX)
            if not _is_taken(self._main):
                self._watch.begin()
                fcntl.flock(self._main, fcntl.LOCK_EX)
        finally:
            self._watch.rest()
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        return os.fstat(self._main).st_nlink > 0

    def _opened(self) -> tuple[int, int]:
        main, queue = (os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for place in self._places)
        return main, queue


def _is_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close(files: tuple[int, int]) -> None:
    for file in files:
        os.close(file)
