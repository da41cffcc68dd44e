"""The check-up: every page, every record and every position, and the ground that the log stands on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from bus.errors import DamagedStore, LienthongError, MissingRecords
from bus.transport import Finding
from bus.transports.sqlite.damage import faults_of
from bus.transports.sqlite.directory import read_topics
from bus.transports.sqlite.disk import WAL_WARN_BYTES, DiskStore
from bus.transports.sqlite.opening import file_system
from bus.transports.sqlite.schema import commits_of
from bus.transports.sqlite.store import Store, snapshot

_SHOWN = 5
_RESTORE = "Keep the file as it is, and restore the newest backup."
_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""The oldest versions without SQLite's WAL-reset bug, for each line that was mended."""


def check_up(store: Store) -> list[Finding]:
    """Return the findings; a part that cannot be examined is a finding too."""
    findings = [
        _tried(store, "pages", _pages),
        _tried(store, "records", _records),
        _tried(store, "positions", _positions),
    ]
    if isinstance(store, DiskStore):
        findings += _ground(store)
    return findings


def wal_reset_fixed(version: tuple[int, int, int]) -> bool:
    """Say whether this SQLite is free of the bug that a checkpoint beside a commit could trigger.

    >>> wal_reset_fixed((3, 40, 1)), wal_reset_fixed((3, 44, 6))
    (False, True)
    """
    return version >= _FIXED[0] or any(version[:2] == line[:2] and version >= line for line in _FIXED[1:])


def _tried(store: Store, name: str, examine: Callable[[Store], list[str]]) -> Finding:
    try:
        faults = examine(store)
    except DamagedStore as error:
        return Finding(name=name, level="fault", detail=str(error), hint=error.hint)
    except LienthongError as error:
        return Finding(name=name, level="warning", detail=f"could not be examined: {error}", hint=error.hint)
    if not faults:
        return Finding(name=name, level="ok", detail=f"all {name} are whole")
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    detail = "; ".join(faults[:_SHOWN]) + more
    return Finding(name=name, level="fault", detail=detail, hint=_RESTORE if name == "pages" else MissingRecords.hint)


def _pages(store: Store) -> list[str]:
    with snapshot(store) as connection:
        rows = connection.execute("PRAGMA quick_check(100)").fetchall()
    return [row[0] for row in rows if row[0] != "ok"]


def _records(store: Store) -> list[str]:
    with snapshot(store) as connection:
        topics = read_topics(connection)
    return [str(fault) for topic in topics for fault in faults_of(store, topic)]


def _positions(store: Store) -> list[str]:
    with snapshot(store) as connection:
        rows = connection.execute(
            "SELECT c.grp,t.name,p.part,c.next,p.next FROM claim c JOIN part p ON p.id=c.part"
            " JOIN topic t ON t.id=p.topic WHERE c.next>p.next ORDER BY 1,2,3"
        ).fetchall()
    return [
        f"group {group} stands at {position} in {topic}/{part}, past the end {end}"
        for group, topic, part, position, end in rows
    ]


def _ground(store: DiskStore) -> list[Finding]:
    wal, marked = store.wal.size(), store.marked()
    with snapshot(store) as connection:
        missing = max(0, marked - commits_of(connection))
    fixed = wal_reset_fixed(sqlite3.sqlite_version_info)
    note = "" if fixed else ", which has the WAL-reset bug: our lock around commits and checkpoints keeps it out"
    return [
        Finding(
            name="mark",
            level="fault" if missing else "ok",
            detail=f"{missing} of {marked} acknowledged commits are missing",
            hint=MissingRecords.hint if missing else "",
        ),
        Finding(
            name="wal",
            level="warning" if wal > WAL_WARN_BYTES else "ok",
            detail=f"the write-ahead log has {wal} bytes",
            hint="A reader that stays in one place holds it: end it." if wal > WAL_WARN_BYTES else "",
        ),
        Finding(name="sqlite", level="ok", detail=f"SQLite {sqlite3.sqlite_version}{note}"),
        Finding(name="place", level="ok", detail=f"{store.path} on {file_system(store.path.parent) or 'a local disk'}"),
    ]
