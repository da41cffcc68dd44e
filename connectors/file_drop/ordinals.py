"""How often a row has stood in a file before: on disk, because a million rows' counts do not belong in memory.

The store is scratch: SQLite's own temporary file, which has no name and ends with the process, however that ends.
After a restart the file is read again up to the cursor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_MASK = 0x7FFF_FFFF_FFFF_FFFF
_CACHE_KIB = 16_000
_ONE_QUERY = 500


class Ordinals:
    """Counts of equal rows. Two unlike rows that share 63 bits share a count; their ids still hold the whole hash."""

    def __init__(self) -> None:
        # A source may be opened in one thread and run in another, never in two at once.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE ordinals (row INTEGER PRIMARY KEY, count INTEGER NOT NULL)")

    def clear(self) -> None:
        """Forget everything: another file begins, or the same one again."""
        self._connection.execute("DELETE FROM ordinals")

    def count(self, digests: Sequence[bytes]) -> list[int]:
        """Return for each digest, in order, how many equal ones came before it, and remember them all."""
        keys = [int.from_bytes(digest[:8], "big") & _MASK for digest in digests]
        seen = self._known(sorted(set(keys)))
        ordinals = []
        for key in keys:
            ordinal = seen.get(key, 0)
            ordinals.append(ordinal)
            seen[key] = ordinal + 1
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR REPLACE INTO ordinals VALUES (?, ?)", seen.items())
        self._connection.execute("COMMIT")
        return ordinals

    def close(self) -> None:
        """Remove the store. May be repeated."""
        self._connection.close()

    def _known(self, keys: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(keys), _ONE_QUERY):
            part = keys[start : start + _ONE_QUERY]
            marks = ",".join("?" * len(part))
            query = f"SELECT row, count FROM ordinals WHERE row IN ({marks})"  # noqa: S608
            found.update(self._connection.execute(query, part).fetchall())
        return found
