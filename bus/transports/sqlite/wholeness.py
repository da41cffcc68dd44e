"""Whether a log is whole as it is opened: its files belong together, and nothing that was acknowledged is missing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bus.errors import DamagedStore, LienthongError, MissingRecords
from bus.transport import Span
from bus.transports.sqlite.holes import holes_of, past
from bus.transports.sqlite.mark import Mark, Marked
from bus.transports.sqlite.options import Options
from bus.transports.sqlite.schema import commits_of, log_sql, span_of
from bus.transports.sqlite.store import connect
from bus.transports.sqlite.wal import NO_GENERATION, Wal


def marked_in(mark: Mark, options: Options) -> Marked:
    """Return what is marked; a damaged mark counts for nothing where the loss is accepted."""
    try:
        return mark.read()
    except DamagedStore:
        if options.verified:
            raise
        mark.write(Marked())
        return Marked()


def has_content(path: Path) -> bool:
    """Say whether the file is there, and not empty."""
    return path.exists() and path.stat().st_size > 0


def check_files(path: Path, marked: Marked, wal: Wal) -> None:
    """Hold the files against each other before SQLite sees them, since it would mix or delete what does not fit.

    Raises :class:`~bus.errors.MissingRecords`, and :class:`~bus.errors.DamagedStore` for an older file.
    """
    if not has_content(path):
        if marked.commits:
            raise missing(path, marked.commits, 0)
        if wal.size():
            raise MissingRecords(f"{path} is gone, and its write-ahead log is still there")
    elif marked.generation not in (NO_GENERATION, wal.generation()):
        return  # that log was emptied as it was closed
    elif (alone := _commits_alone(path)) is not None and alone < marked.base:
        raise DamagedStore(
            f"{path} is an older file than its write-ahead log: {alone} commits are in it, not {marked.base} or more",
            hint="Put the newest copy back. Or take the file named -wal away and accept the loss:"
            " `lienthong doctor --accept-loss`.",
        )


def check_tables(connection: sqlite3.Connection, path: Path, marked: Marked) -> int:
    """Compare the database with the mark, and each partition with its ends; return the counter of commits.

    Raises as :func:`check_files` does.
    """
    found = commits_of(connection)
    if marked.commits > found:
        raise missing(path, marked.commits, found)
    _check_ends(connection, path)
    return found


def missing(path: Path, marked: int, found: int) -> MissingRecords:
    """Return the error that names the gap."""
    return MissingRecords(
        f"{path}: {marked - found} acknowledged commits are missing; {marked} were acknowledged, {found} are there"
    )


def _commits_alone(path: Path) -> int | None:
    """Return the counter in the database's own file, without its log; None in the middle of a WAL checkpoint."""
    try:
        with closing(connect(str(path), readonly=True, alone=True)) as connection:
            return commits_of(connection)
    except (sqlite3.Error, LienthongError):
        return None


def _check_ends(connection: sqlite3.Connection, path: Path) -> None:
    """Look at the outermost offsets of each partition: microseconds. A reader is told of what lies between them."""
    statement = "SELECT p.id,t.name,p.part,t.compacted FROM part p JOIN topic t ON t.id=p.topic WHERE p.id>0"
    for part, topic, number, compacted in connection.execute(statement).fetchall():
        first, end = span_of(connection, part)
        least, most = connection.execute(log_sql(part).outermost).fetchone()
        found = Span(end, end) if least is None else Span(least, most + 1)
        if found == (first, end) or (compacted and found.first == first and found.end <= end):
            continue
        holes = holes_of(connection, part)
        if past(holes, first) != past(holes, found.first) or past(holes, found.end) != end:
            raise MissingRecords(
                f"{path}: {topic}/{number} should hold offsets {first} to {end - 1}, and begins at {found.first}"
                f" and ends at {found.end - 1}"
            )
