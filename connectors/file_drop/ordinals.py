"""How often a row has stood in a file before: on disk, because a million rows' counts do not belong in memory.

The store is scratch: SQLite's own temporary file, which has no name and ends with the process, however that ends.
After a restart the file is read again up to the cursor.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

_MASK = 0x7FFF_FFFF_FFFF_FFFF
_CACHE_KIB = 16_000
_ONE_QUERY = 500
_AT_ONCE = 20_000
_ADD = "INSERT INTO ordinals VALUES (?, ?) ON CONFLICT (row) DO UPDATE SET count = count + excluded.count"


class Ordinals:
    """Counts of equal rows, by key. Should unlike rows share one, they share a count; their ids differ all the same."""

    def __init__(self) -> None:
        # A source may be opened in one thread and run in another, never in two at once.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE ordinals (row INTEGER PRIMARY KEY, count INTEGER NOT NULL)")

    def clear(self) -> None:
        """Forget everything: another file begins, or the same one again."""
        self._connection.execute("DELETE FROM ordinals")

    def count(self, keys: Sequence[bytes]) -> list[int]:
        """Return for each key, in order, how many equal ones came before it, and remember them all."""
        numbers = list(map(_number, keys))
        seen = self._known(sorted(set(numbers)))
        ordinals = []
        for number in numbers:
            ordinal = seen.get(number, 0)
            ordinals.append(ordinal)
            seen[number] = ordinal + 1
        self._write("INSERT OR REPLACE INTO ordinals VALUES (?, ?)", seen)
        return ordinals

    def remember(self, keys: Iterable[bytes]) -> None:
        """Count the keys without asking: those of rows that were read before."""
        numbers = map(_number, keys)
        while counts := Counter(islice(numbers, _AT_ONCE)):
            self._write(_ADD, dict(sorted(counts.items())))

    def close(self) -> None:
        """Remove the store. May be repeated."""
        self._connection.close()

    def _write(self, statement: str, counts: dict[int, int]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(statement, counts.items())
        self._connection.execute("COMMIT")

    def _known(self, keys: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(keys), _ONE_QUERY):
            part = keys[start : start + _ONE_QUERY]
            marks = ",".join("?" * len(part))
            query = f"SELECT row, count FROM ordinals WHERE row IN ({marks})"  # noqa: S608
            found.update(self._connection.execute(query, part).fetchall())
        return found


def _number(key: bytes) -> int:
    return int.from_bytes(key, "big") & _MASK
