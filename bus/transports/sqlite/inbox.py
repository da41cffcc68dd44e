"""The inbox: event ids that were taken in, in tables by period, so that a random id meets a small tree.

A period lasts a quarter of the window. A table goes when the youngest id in it is older than the window, so an
id is remembered for the window at least and a quarter more at most.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import pairwise

PERIODS_A_WINDOW = 4
_SIZES = (1, 8, 64, 512)
"""Lists of ids are filled up to one of these, so that few statements serve them all."""


def known_ids(connection: sqlite3.Connection, scope: str, ids: Sequence[bytes]) -> set[bytes]:
    """Return those of ``ids`` that ``scope`` remembers."""
    number = scope_number(connection, scope)
    if number is None or not ids:
        return set()
    found: set[bytes] = set()
    for (period,) in connection.execute("SELECT id FROM period").fetchall():
        for part in _filled(ids):
            marks = ",".join("?" * len(part))
            statement = f"SELECT id FROM inbox_{int(period)} WHERE scope=? AND id IN ({marks})"  # noqa: S608
            found.update(row[0] for row in connection.execute(statement, (number, *part)).fetchall())
    return found


def remember(connection: sqlite3.Connection, seen: dict[str, set[bytes]], now: int, window_ms: int) -> None:
    """Write the ids into the newest period, opening one when its time has come."""
    period = _current(connection, now, window_ms)
    statement = f"INSERT INTO inbox_{period} VALUES(?,?)"
    for scope, ids in seen.items():
        number = scope_number(connection, scope) or _new_scope(connection, scope)
        connection.executemany(statement, [(number, taken) for taken in sorted(ids)])


def expired(connection: sqlite3.Connection, now: int, window_ms: int) -> list[int]:
    """Return the periods whose youngest id is older than the window: the next one was opened before that."""
    periods = connection.execute("SELECT id,opened FROM period ORDER BY id").fetchall()
    return [period for (period, _), (_, ended) in pairwise(periods) if ended < now - window_ms]


def forget_some(connection: sqlite3.Connection, period: int, most: int) -> int:
    """Delete up to ``most`` ids of a period, and its table once it is empty; return how many went."""
    table = f"inbox_{int(period)}"
    rows = connection.execute(f"SELECT scope,id FROM {table} LIMIT ?", (most,)).fetchall()  # noqa: S608
    connection.executemany(f"DELETE FROM {table} WHERE scope=? AND id=?", rows)  # noqa: S608
    if len(rows) < most:
        connection.execute(f"DROP TABLE {table}")
        connection.execute("DELETE FROM period WHERE id=?", (period,))
    return len(rows)


def scope_number(connection: sqlite3.Connection, scope: str) -> int | None:
    """Return the number that stands for ``scope``, if it has one."""
    row = connection.execute("SELECT id FROM scope WHERE name=?", (scope,)).fetchone()
    return None if row is None else int(row[0])


def _new_scope(connection: sqlite3.Connection, scope: str) -> int:
    return int(connection.execute("INSERT INTO scope(name) VALUES(?) RETURNING id", (scope,)).fetchone()[0])


def _current(connection: sqlite3.Connection, now: int, window_ms: int) -> int:
    row = connection.execute("SELECT id,opened FROM period ORDER BY id DESC LIMIT 1").fetchone()
    if row is not None and now - row[1] < window_ms // PERIODS_A_WINDOW:
        return int(row[0])
    period = int(connection.execute("INSERT INTO period(opened) VALUES(?) RETURNING id", (now,)).fetchone()[0])
    connection.execute(
        f"CREATE TABLE inbox_{period}(scope INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY(scope, id)) WITHOUT ROWID"
    )
    return period


def _filled(ids: Sequence[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(ids), _SIZES[-1]):
        part = list(ids[start : start + _SIZES[-1]])
        size = next(size for size in _SIZES if size >= len(part))
        yield part + [part[-1]] * (size - len(part))
