"""The write-ahead log beside a database, as far as anybody but SQLite looks at it: its size and its generation."""

from __future__ import annotations

import os
from pathlib import Path

NO_GENERATION = bytes(8)
_SALT_AT = 16


class Wal:
    """The file ``<database>-wal``. Only SQLite writes, empties or deletes it."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._file: int | None = None

    def size(self) -> int:
        """Return its bytes now."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def is_gone(self) -> bool:
        """Say whether the file that is in use was deleted: then it ends with the processes that have it open."""
        return self._file is not None and not os.fstat(self._file).st_nlink

    def generation(self) -> bytes:
        """Return the salt in its header, another whenever SQLite begins it anew, or ``NO_GENERATION``."""
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return NO_GENERATION
        salt = os.pread(self._file, len(NO_GENERATION), _SALT_AT)
        return salt if len(salt) == len(NO_GENERATION) else NO_GENERATION

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
