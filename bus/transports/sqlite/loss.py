"""Accepting that acknowledged commits are missing: a person's word, never the software's."""

from __future__ import annotations

from pathlib import Path

from bus.errors import ConfigError
from bus.transports.sqlite.disk import DiskStore
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.options import Options
from bus.transports.sqlite.schema import commits_of


def accept_loss(path: Path | None) -> int:
    """Raise the log's counter to the high-water mark, and every epoch past those that may have been lost."""
    if path is None:
        raise ConfigError("a log in memory has nothing to lose")
    store = DiskStore(path, Options(verified=False, polling=True))
    try:
        with sqlite_errors(store.path), store.exclusive() as connection:
            connection.execute("BEGIN IMMEDIATE")
            missing = max(0, store.marked() - commits_of(connection))
            if missing:
                for table in ("claim", "cursor"):
                    connection.execute(f"UPDATE {table} SET owner=NULL,epoch=epoch+?", (missing,))  # noqa: S608
                connection.execute("UPDATE part SET next=next+? WHERE id=0", (missing,))
            connection.execute("COMMIT")
        return missing
    finally:
        store.close()
