"""The turnstile: three file locks that let processes write in turn.

Take ``door``, take ``queue``, give ``door`` back; take ``lock``, give ``queue`` back: who has just committed comes
behind who waits, so that none starves. SQLite's own waiting lets a second process wait for seconds. Without the
door, of four writers one wrote 0.6 of what another did: who comes running passes who is still being woken.

Nobody may take the lock from a process that was stopped while it had it: SQLite's own lock is with it too. So who
waits goes on waiting, and says for whom. Nobody deletes the files; if somebody does, they are made anew.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bus.transports.sqlite.waiting import Watch


class Turnstile:
    """The lock around every write, checkpoint, opening and closing. Threads of one process take turns before it."""

    def __init__(self, database: Path) -> None:
        self._places = (f"{database}-lock", f"{database}-queue", f"{database}-door")
        self._files = self._opened()
        self._watch = Watch(self._places)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn, and give it back."""
        try:
            self.enter()
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Wait for the turn. Inside a ``try`` whose ``finally`` leaves, no interruption can keep it."""
        while not self._entered():
            gone, self._files = self._files, self._opened()
            _close(gone)

    def try_enter(self) -> bool:
        """Take the turn if nobody else has it."""
        return _is_taken(self._files[0])

    def close(self) -> None:
        """Close the files; in a forked child this leaves the parent's locks as they are."""
        self._watch.is_over = True
        _close(self._files)

    def _entered(self) -> bool:
        """Wait, and say whether the file that is locked is still the one that others find."""
        lock, queue, door = self._files
        try:
            try:
                self._take(door)
                self._take(queue)
            finally:
                fcntl.flock(door, fcntl.LOCK_UN)
            self._take(lock)
        finally:
            self._watch.rest()
            fcntl.flock(queue, fcntl.LOCK_UN)
        return os.fstat(lock).st_nlink > 0

    def _take(self, file: int) -> None:
        if not _is_taken(file):
            self._watch.begin()
            fcntl.flock(file, fcntl.LOCK_EX)

    def _opened(self) -> tuple[int, ...]:
        with ExitStack() as opened:
            files = tuple(_open(place, opened) for place in self._places)
            opened.pop_all()
        self.leave = partial(fcntl.flock, files[0], fcntl.LOCK_UN)
        """Give the turn back; harmless if it was not taken. Not a function of Python: an interruption could come
        between its call and its first line."""
        return files


def _open(place: str, opened: ExitStack) -> int:
    file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    opened.callback(os.close, file)
    return file


def _is_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close(files: tuple[int, ...]) -> None:
    for file in files:
        os.close(file)
