"""One at a time on one folder: a lock of the kernel's, which any death frees at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bus.errors import AlreadyUp


@contextmanager
def sole(file: Path, what: str) -> Iterator[None]:
    """Hold the lock ``file`` for the block; ``what`` is told to who comes second. Its children do not hold it.

    The file stays where it is: deleting a lock file would let two in. Raises :class:`~bus.errors.AlreadyUp`.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(f"{what} is up already, as process {_pid(descriptor)}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _pid(descriptor: int) -> str:
    """Return who has the lock; a moment after it came, that is not yet written."""
    return os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
