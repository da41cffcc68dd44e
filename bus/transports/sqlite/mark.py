"""The high-water mark: how many commits were acknowledged, in a small file beside the database.

Written after each COMMIT inside the lock, without a flush: after a power cut it may lag, never lead. If it says
more than the database, acknowledged commits are missing: a lost write-ahead log, or an older copy put in place.

It also says which write-ahead log was in use and how many commits stood in the database's own file when that log
began, so that an older file under a newer log is known too: SQLite would mix the two without a word.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from bus.errors import DamagedStore
from bus.transports.sqlite.wal import NO_GENERATION

_LAYOUT = Struct("<Q8sQ")
_SEALED = Struct("<Q8sQI")


class Marked(NamedTuple):
    """``commits`` were acknowledged in all; ``base`` of them before the log of this ``generation`` began."""

    commits: int = 0
    generation: bytes = NO_GENERATION
    base: int = 0

    def raised(self, commits: int, generation: bytes) -> Marked:
        """Return what to mark next: what was marked under another log stood in the file before this one began."""
        return Marked(commits, generation, self.base if generation == self.generation else self.commits)


def mark_of(database: Path) -> Path:
    """Return the file that keeps a database's high-water mark."""
    return database.with_name(f"{database.name}-mark")


class Mark:
    """The file ``<database>-mark``: what is marked, and its CRC-32 (4 bytes). Read and written inside the lock."""

    def __init__(self, database: Path) -> None:
        self._path = mark_of(database)
        self._file = self._opened()

    def read(self) -> Marked:
        """Return what is marked, nothing if there never was a mark. Raises :class:`~bus.errors.DamagedStore`."""
        stored = os.pread(self._file, _SEALED.size, 0)
        if not stored.strip(b"\0"):
            return Marked()
        if len(stored) == _SEALED.size:
            commits, generation, base, seal = _SEALED.unpack(stored)
            if seal == crc32(stored[: _LAYOUT.size]):
                return Marked(commits, generation, base)
        raise DamagedStore(
            f"{self._path}, the high-water mark, is damaged",
            hint="The log may be whole: `lienthong doctor --accept-loss` takes it as it stands.",
        )

    def write(self, marked: Marked) -> None:
        """Mark it."""
        os.pwrite(self._file, _SEALED.pack(*marked, crc32(_LAYOUT.pack(*marked))), 0)

    def restore(self) -> None:
        """Make a file anew that was deleted while it was open, so that others find it."""
        if not os.fstat(self._file).st_nlink:
            gone, self._file = self._file, self._opened()
            os.close(gone)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
