"""How often a row has stood in a file before: on disk, because a million rows' counts do not belong in memory.

The store is derived and temporary: after a restart the file is read again up to the cursor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine

_MASK = 0x7FFF_FFFF_FFFF_FFFF


class Ordinals:
    """Counts of equal rows. Two unlike rows that share 63 bits share a count; their ids still hold the whole hash."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="lienthong-file-drop-")
        self._engine = create_engine(f"sqlite:///{Path(self._folder.name) / 'ordinals.db'}")
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16000", "locking_mode=EXCLUSIVE"):
            self._connection.exec_driver_sql(f"PRAGMA {pragma}")
        self._connection.exec_driver_sql("CREATE TABLE ordinals (row INTEGER PRIMARY KEY, count INTEGER NOT NULL)")

    def clear(self) -> None:
        """Forget everything: another file begins, or the same one again."""
        self._connection.exec_driver_sql("DELETE FROM ordinals")

    def count(self, digests: Sequence[bytes]) -> list[int]:
        """Return for each digest, in order, how many equal ones came before it, and remember them all."""
        keys = [int.from_bytes(digest[:8], "big") & _MASK for digest in digests]
        seen = self._known(list(set(keys)))
        ordinals = []
        for key in keys:
            ordinals.append(seen[key])
            seen[key] += 1
        if seen:
            self._connection.exec_driver_sql("BEGIN")
            self._connection.exec_driver_sql(
                "INSERT INTO ordinals VALUES (?, ?) ON CONFLICT (row) DO UPDATE SET count = excluded.count",
                list(seen.items()),
            )
            self._connection.exec_driver_sql("COMMIT")
        return ordinals

    def close(self) -> None:
        """Remove the store. May be repeated."""
        self._connection.close()
        self._engine.dispose()
        self._folder.cleanup()

    def _known(self, keys: Sequence[int]) -> Counter[int]:
        found: Counter[int] = Counter()
        for start in range(0, len(keys), 500):
            part = tuple(keys[start : start + 500])
            marks = ",".join("?" * len(part))
            rows = self._connection.exec_driver_sql(f"SELECT row, count FROM ordinals WHERE row IN ({marks})", part)  # noqa: S608
            found.update(dict(rows.tuples().all()))
        return found
