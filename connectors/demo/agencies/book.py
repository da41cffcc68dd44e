"""An agency's own database: which events it has handled, and what it did because of them.

Both are written in one transaction, of a page of events: one flush for many. The log's offset moves after it; where a
crash comes between the two, the events come again and are found here, so that nothing is done twice and what was told
is told in the same words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from bus import Envelope, Record

_TABLES = """
CREATE TABLE IF NOT EXISTS handled (
    seq INTEGER PRIMARY KEY, ce_id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL, key TEXT NOT NULL, type TEXT NOT NULL, source TEXT NOT NULL, time TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects (
    number INTEGER PRIMARY KEY, ce_id TEXT NOT NULL, operation TEXT NOT NULL, reference TEXT NOT NULL,
    name TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS effects_by_event ON effects (ce_id);
"""


class Effect(NamedTuple):
    """What was done: which operation, for which dossier, under which number of ours, and when (ISO 8601, UTC)."""

    operation: str
    reference: str
    name: str
    at: str


class Book:
    """One SQLite file; belongs to one thread."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)  # SQLite gives the files beside it the same mode
        self._database = sqlite3.connect(file, timeout=10.0, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)

    def once(self, event: Envelope, record: Record, act: Callable[[Envelope], Effect | None]) -> Effect | None:
        """Do what an event asks for, if it has not been done; return what was done because of it, now or before."""
        with self._one():
            if not self._enter(event, record):
                return self._done(event.id)
            effect = act(event)
            if effect is not None:
                self._database.execute(
                    "INSERT INTO effects (ce_id, operation, reference, name, at) VALUES (?, ?, ?, ?, ?)",
                    (str(event.id), *effect),
                )
            return effect

    @contextmanager
    def page(self) -> Iterator[None]:
        """Keep all that happens within, or nothing: the consumer's ``around``."""
        with self._database:  # commits, or rolls back
            self._database.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _one(self) -> Iterator[None]:
        """Undo what was written for one event if it is refused; the rest of its page stays."""
        self._database.execute("SAVEPOINT event")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK TO event")
            raise
        finally:
            self._database.execute("RELEASE event")

    def close(self) -> None:
        """Close the file. May be repeated."""
        self._database.close()

    def _enter(self, event: Envelope, record: Record) -> bool:
        """Say that an event is handled, and return whether it was not before."""
        added = self._database.execute(
            'INSERT OR IGNORE INTO handled (ce_id, topic, partition, "offset", key, type, source, time) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (str(event.id), record.topic, record.partition, record.offset, event.key, event.type, event.source,
             event.time.isoformat()),
        )  # fmt: skip
        return added.rowcount == 1

    def _done(self, event_id: UUID) -> Effect | None:
        found = self._database.execute(
            "SELECT operation, reference, name, at FROM effects WHERE ce_id = ?", (str(event_id),)
        )
        row = found.fetchone()
        return None if row is None else Effect(*row)
