"""A simulated partner's own SQLite file: the book of calls, what faults were injected, notes, and its own tables.

The only place where simulators meet sqlite3. One connection under a lock: everything that is answered was committed
before, and threads of the server take turns. Other processes may read the file meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

_TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY, service TEXT NOT NULL, reference TEXT NOT NULL, asked TEXT NOT NULL,
    answered TEXT NOT NULL, acted INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_reference ON calls (service, reference);
CREATE TABLE IF NOT EXISTS injected (fault TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (fault, subject));
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Call(NamedTuple):
    """One call: the service, the partner's name for what was asked (empty for mere questions), and the answer's code.

    ``acted`` if it had an effect. Two calls of one service and reference that acted are a duplicate effect.
    ``asked`` holds no secret.
    """

    service: str
    reference: str
    asked: Mapping[str, Any]
    answered: str
    acted: bool = False


class Store:
    """One SQLite file, ``folder/name.db``. May be shared by threads."""

    def __init__(self, folder: Path, name: str, tables: str = "") -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = folder / f"{name}.db"
        self.file.touch(mode=0o600)  # SQLite gives what it adds beside a file the mode of the file
        self._lock = RLock()
        self._connection = sqlite3.connect(self.file, timeout=10.0, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_TABLES + tables)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything within, or nothing; it is committed when the block ends. Blocks within it are part of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        """Return all rows of a query, or do a statement."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: Any) -> int:
        """Do a statement and return how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def record(self, call: Call) -> None:
        """Write a call into the book; within :meth:`transaction` together with what it did."""
        asked = json.dumps(dict(call.asked), ensure_ascii=False)
        self.change(
            "INSERT INTO calls (service, reference, asked, answered, acted) VALUES (?, ?, ?, ?, ?)",
            call.service, call.reference, asked, call.answered, int(call.acted),
        )  # fmt: skip

    def calls(self) -> Sequence[Call]:
        """Return all calls, in order."""
        found = self.rows("SELECT service, reference, asked, answered, acted FROM calls ORDER BY number")
        return [Call(row[0], row[1], json.loads(row[2]), row[3], bool(row[4])) for row in found]

    def inject(self, fault: str, subject: str) -> bool:
        """Tell whether this fault is to befall this subject now: the first time it is asked for, and never again."""
        return self.change("INSERT OR IGNORE INTO injected (fault, subject) VALUES (?, ?)", fault, subject) == 1

    def note(self, name: str) -> str:
        """Return what was noted; empty where nothing was."""
        found = self.rows("SELECT value FROM notes WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def take_note(self, name: str, value: str) -> None:
        """Note something for the next start."""
        self.change("INSERT INTO notes (name, value) VALUES (?, ?) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)  # fmt: skip

    def close(self) -> None:
        """Close the file. May be repeated."""
        with self._lock:
            self._connection.close()
