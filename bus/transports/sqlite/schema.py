"""The tables, and the statements whose table is named by a number. Nothing but integers ever enters SQL as text.

* ``part`` row 0 counts the acknowledged commits in its ``next``: the database's side of the high-water mark;
* one table per partition, rowid = offset; ``next`` is stored, because retention may empty a partition;
* inbox tables are rotated by period, so that a random id meets a small tree; ``period`` lists them.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import NamedTuple

from bus.errors import DamagedStore
from bus.transport import Span

APPLICATION_ID = 0x4C54484E
"""``LTHN``: tells our files from other people's."""

VERSION = 1

TABLES = """
CREATE TABLE topic(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, compacted INTEGER NOT NULL, retention_ms INTEGER);
CREATE TABLE part(id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, part INTEGER NOT NULL,
                  first INTEGER NOT NULL, next INTEGER NOT NULL, ts INTEGER NOT NULL, UNIQUE(topic, part));
INSERT INTO part VALUES(0, 0, 0, 0, 0, 0);
CREATE TABLE claim(grp TEXT, part INTEGER, next INTEGER NOT NULL, epoch INTEGER NOT NULL, owner TEXT,
                   PRIMARY KEY(grp, part)) WITHOUT ROWID;
CREATE TABLE member(grp TEXT, id TEXT, boot TEXT NOT NULL, until INTEGER NOT NULL, topics TEXT NOT NULL,
                    PRIMARY KEY(grp, id)) WITHOUT ROWID;
CREATE TABLE cursor(name TEXT PRIMARY KEY, value BLOB, epoch INTEGER NOT NULL, owner TEXT, moved INTEGER)
                    WITHOUT ROWID;
CREATE TABLE scope(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE period(id INTEGER PRIMARY KEY, opened INTEGER NOT NULL);
CREATE TABLE hole(part INTEGER, first INTEGER, next INTEGER NOT NULL, PRIMARY KEY(part, first)) WITHOUT ROWID
"""


class LogSql(NamedTuple):
    """The statements of one partition."""

    insert: str
    page: str
    at_or_after: str
    delete_below: str
    delete_one: str
    nth: str
    compact: str
    oldest: str
    outermost: str


@lru_cache(maxsize=4096)
def log_sql(part: int) -> LogSql:
    """Return the statements of partition ``part``."""
    log = f"log_{int(part)}"
    return LogSql(
        insert=f"INSERT INTO {log} VALUES(?,?,?,?,?)",
        page=f"SELECT off,ts,key,value,headers FROM {log} WHERE off>=? ORDER BY off LIMIT ?",  # noqa: S608
        at_or_after=f"SELECT off,ts FROM {log} WHERE off>=? ORDER BY off LIMIT 1",  # noqa: S608
        delete_below=f"DELETE FROM {log} WHERE off<?",  # noqa: S608
        delete_one=f"DELETE FROM {log} WHERE off=?",  # noqa: S608
        nth=f"SELECT off FROM {log} WHERE off>=? ORDER BY off LIMIT 1 OFFSET ?",  # noqa: S608
        compact=(
            f"DELETE FROM {log} WHERE off>=:start AND off<:stop AND key IS NOT NULL AND ("  # noqa: S608
            f"(value IS NULL AND ts<:tombstones) OR EXISTS(SELECT 1 FROM {log} newer"
            f" WHERE newer.key={log}.key AND newer.off>{log}.off AND newer.off<:head))"
        ),
        oldest=f"SELECT min(off) FROM {log}",  # noqa: S608
        outermost=f"SELECT (SELECT min(off) FROM {log}),(SELECT max(off) FROM {log})",  # noqa: S608
    )


def create_log(connection: sqlite3.Connection, part: int, *, compacted: bool) -> None:
    """Create the table of one partition."""
    log = f"log_{int(part)}"
    connection.execute(
        f"CREATE TABLE {log}(off INTEGER PRIMARY KEY, ts INTEGER NOT NULL, key BLOB, value BLOB, headers BLOB NOT NULL)"
    )
    if compacted:
        connection.execute(f"CREATE INDEX {log}_key ON {log}(key)")


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty database ours, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def count_commits(connection: sqlite3.Connection, commits: int) -> int:
    """Add to the counter inside a transaction, and return what it says then."""
    statement = "UPDATE part SET next=next+? WHERE id=0 RETURNING first,next"
    return _numbers(connection.execute(statement, (commits,)).fetchone(), 0)[1]


def commits_of(connection: sqlite3.Connection) -> int:
    """Return the counter of acknowledged commits. Raises :class:`~bus.errors.DamagedStore`."""
    return span_of(connection, 0).end


def span_of(connection: sqlite3.Connection, part: int) -> Span:
    """Return the readable span of partition ``part``. Raises :class:`~bus.errors.DamagedStore`."""
    return Span(*_numbers(connection.execute("SELECT first,next FROM part WHERE id=?", (part,)).fetchone(), part))


def end_of(connection: sqlite3.Connection, part: int) -> tuple[int, int]:
    """Return the next offset of partition ``part``, and the time of its last record. Raises DamagedStore."""
    return _numbers(connection.execute("SELECT next,ts FROM part WHERE id=?", (part,)).fetchone(), part)


def _numbers(row: tuple[object, object] | None, part: int) -> tuple[int, int]:
    # A row, not a cursor: one that an interrupted thread still holds is a statement in progress, and forbids COMMIT.
    if row is not None:
        one, other = row
        if type(one) is int and type(other) is int:
            return one, other
    raise DamagedStore(f"the log has lost what it knew of partition number {part}")
