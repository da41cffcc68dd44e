"""A forked child must not touch its parent's connections, nor keep its parent's locks alive.

Nor may it open the same file again: SQLite keeps one account of a file's locks for a process, the child inherits
it, and would believe to have locks that only the parent has. Then the parent's last closing would delete the
write-ahead log that the child goes on writing.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from bus.errors import TransportError


class Held(Protocol):
    """Something that holds kernel locks and sockets."""

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of its file."""
        ...

    def inherit(self) -> None:
        """Close them in the child."""
        ...


_stores: WeakSet[Held] = WeakSet()
_inherited: set[tuple[int, int]] = set()


def guard(store: Held) -> None:
    """Look after ``store`` when this process forks."""
    _stores.add(store)


def release(store: Held) -> None:
    """Look after it no longer: it is closed."""
    _stores.discard(store)


def check_not_inherited(path: Path) -> None:
    """Raise :class:`~bus.errors.TransportError` if the parent had this file open at the fork."""
    if not _inherited or not path.exists():
        return
    status = path.stat()
    if (status.st_dev, status.st_ino) in _inherited:
        raise TransportError(
            f"{path} was open in the process that this one was forked from",
            hint="Start the process anew, as multiprocessing's `spawn` does, or open the log after the fork only.",
        )


def _after_fork() -> None:
    for store in list(_stores):
        _inherited.add(store.identity)
        store.inherit()
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(store))  # for ever: SQLite's clean-up would write as the parent
    _stores.clear()


os.register_at_fork(after_in_child=_after_fork)
