"""Accepting that something is lost for good: a person's word, never the software's.

Commits that are missing as a whole leave no gap: their offsets are given out again. Single records that are missing
or damaged leave a hole, which readers go past from now on.
"""

from __future__ import annotations

import logging
from pathlib import Path
from sqlite3 import Connection

from bus import logs
from bus.errors import ConfigError
from bus.transports.sqlite.damage import MISSING, Fault, faults_of
from bus.transports.sqlite.directory import Topic, read_topics
from bus.transports.sqlite.disk import DiskStore
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.options import Options
from bus.transports.sqlite.schema import commits_of, log_sql
from bus.transports.sqlite.store import snapshot, transaction

_LOG = logs.logger("bus.transports.sqlite.loss")
_EPOCHS_A_COMMIT = 2
"""By how much one commit raises an epoch at most: the dead owner's end, and the next one's begin."""


def accept_loss(path: Path | None) -> int:
    """Let the log be written and read again; return how many commits are missing. Each record that is lost is told.

    Raises :class:`~bus.errors.DamagedStore` where whole pages cannot be read: only a backup helps then.
    """
    if path is None:
        raise ConfigError("a log in memory has nothing to lose")
    store = DiskStore(path, Options(verified=False, polling=True))
    try:
        missing = _accept_commits(store)
        with snapshot(store) as connection:
            topics = read_topics(connection)
        for topic in topics:
            _accept_records(store, topic)
        return missing
    finally:
        store.close()


def _accept_commits(store: DiskStore) -> int:
    """Raise the counter to the high-water mark, and every epoch past those that may have been lost."""
    with sqlite_errors(store.path), store.exclusive() as connection:
        missing = max(0, store.marked() - commits_of(connection))
        if missing:
            connection.execute("BEGIN IMMEDIATE")
            for table in ("claim", "cursor"):
                statement = f"UPDATE {table} SET owner=NULL,epoch=epoch+?"  # noqa: S608
                connection.execute(statement, (_EPOCHS_A_COMMIT * missing,))
            connection.execute("UPDATE part SET next=next+? WHERE id=0", (missing,))
            connection.execute("COMMIT")
        store.acknowledge(commits_of(connection))
    return missing


def _accept_records(store: DiskStore, topic: Topic) -> None:
    for fault in list(faults_of(store, topic)):
        with transaction(store) as connection:
            _dig(connection, fault)
        logs.tell(_LOG, logging.WARNING, "a loss was accepted", records=str(fault))


def _dig(connection: Connection, fault: Fault) -> None:
    """Make a hole of the offsets, and take away what is left of their records."""
    if fault.what != MISSING:
        connection.execute(log_sql(fault.part).delete_one, (fault.first,))
    connection.execute("INSERT OR REPLACE INTO hole VALUES(?,?,?)", (fault.part, fault.first, fault.end))
