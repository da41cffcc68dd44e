"""The high-water mark: how many commits were acknowledged, in a small file beside the database.

Written after each COMMIT inside the lock, without a flush: after a power cut it may lag, never lead. If it says
more than the database, acknowledged commits are missing: a lost write-ahead log, or an older copy put in place.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct
from zlib import crc32

from bus.errors import DamagedStore

_COUNT = Struct("<Q")
_BYTES = 12


def mark_of(database: Path) -> Path:
    """Return the file that keeps a database's high-water mark."""
    return database.with_name(f"{database.name}-mark")


class Mark:
    """The file ``<database>-mark``: the count (8 bytes) and its CRC-32 (4 bytes)."""

    def __init__(self, database: Path) -> None:
        self._path = mark_of(database)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def read(self) -> int:
        """Return the count, 0 if there never was one. Raises :class:`~bus.errors.DamagedStore`."""
        stored = os.pread(self._file, _BYTES, 0)
        if not stored.strip(b"\0"):
            return 0
        if stored != _sealed(stored[:8]):
            raise DamagedStore(f"{self._path}, the high-water mark, is damaged")
        return int(_COUNT.unpack(stored[:8])[0])

    def write(self, commits: int) -> None:
        """Note that ``commits`` were acknowledged in all."""
        os.pwrite(self._file, _sealed(_COUNT.pack(commits)), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _sealed(count: bytes) -> bytes:
    return count + crc32(count).to_bytes(4, "little")
