"""The follower's lock: one process at a time reads the log into the index; the kernel frees it at any death.

It only saves work. What keeps the index right is the store's compare-and-move of positions.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def try_lock(path: Path | None) -> Iterator[bool]:
    """Hold the lock for the block if it is free, and tell whether it is held. No path: nobody to share with.

    The file stays where it is: deleting a lock file would let two owners in.
    """
    if path is None:
        yield True
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
