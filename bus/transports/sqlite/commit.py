"""A group of commits in one transaction: check every condition of each first, then write what was admitted.

A refused commit has written nothing and its group goes on.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from itertools import repeat

from bus.errors import Duplicate, Fenced, LienthongError, OffsetOutOfRange, OutcomeUnknown, StorageFull
from bus.transport import Moved, Saved
from bus.transports.sqlite.faults import translated
from bus.transports.sqlite.inbox import known_ids, remember
from bus.transports.sqlite.prepare import Column, Ticket
from bus.transports.sqlite.schema import commits_of, count_commits, end_of, log_sql
from bus.transports.sqlite.store import Store, roll_back

_OF_ONE = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
"""Errors that come of what one ticket brings, not of the disk."""


class Writer:
    """Settles groups of tickets, inside the lock; so one at a time."""

    def __init__(self, store: Store, inbox_days: int) -> None:
        self._store = store
        self._window_ms = inbox_days * 86_400_000
        self._counted = 0

    def write(self, connection: sqlite3.Connection, tickets: Sequence[Ticket]) -> None:
        """Write what can be written of ``tickets``, and settle each.

        What interrupts it is raised: then a ticket is done, or doubtful, or nothing of it was written.
        """
        self._connection = connection
        try:
            self._counted = 0
            self._write(tickets)
            _settle(tickets)
        except _OF_ONE as error:
            self._blame(tickets, translated(error, self._store.path))
        except sqlite3.Error as error:
            self._find_out(tickets, error)
        except LienthongError as error:
            roll_back(connection)
            _settle(tickets, error)
        except Exception as error:  # noqa: BLE001 - what no caller should bring: it goes back to who brought it
            self._blame(tickets, error)
        except BaseException:
            self._stop(tickets)
            raise

    def _write(self, tickets: Sequence[Ticket]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        group = Group(self._connection, time.time_ns() // 1_000_000)
        admitted = [ticket for ticket in tickets if _is_admitted(group, ticket)]
        if not admitted:
            self._connection.execute("ROLLBACK")
            return
        group.write(self._window_ms)
        counted = count_commits(self._connection, len(admitted))
        self._store.check_mark(counted - len(admitted))
        self._counted = counted
        for ticket in admitted:
            ticket.is_doubtful = True
        self._connection.execute("COMMIT")
        self._store.acknowledge(counted)

    def _blame(self, tickets: Sequence[Ticket], error: Exception) -> None:
        """Find the one that is at fault: each ticket gets a transaction of its own."""
        roll_back(self._connection)
        if len(tickets) == 1:
            _settle(tickets, error)
            return
        for ticket in tickets:
            self.write(self._connection, [ticket])

    def _find_out(self, tickets: Sequence[Ticket], error: sqlite3.Error) -> None:
        """After an error: was it written? A COMMIT that failed may have been; the counter knows."""
        failure: LienthongError | None = translated(error, self._store.path)
        try:
            roll_back(self._connection)
            self._connection = self._store.reopen()
            if self._counted and commits_of(self._connection) == self._counted:
                self._store.acknowledge(self._counted)
                failure = None
            elif self._counted and not isinstance(failure, StorageFull):
                _write_over(self._connection)
        except (sqlite3.Error, LienthongError):
            failure = OutcomeUnknown(f"{failure}; and whether the commit was written could not be made sure")
            failure.__cause__ = error
        _settle(tickets, failure)

    def _stop(self, tickets: Sequence[Ticket]) -> None:
        """After an interruption, which comes between two statements: was COMMIT still to come?"""
        is_written = self._counted > 0 and not self._connection.in_transaction
        roll_back(self._connection)
        if is_written:
            self._store.acknowledge(self._counted)
            _settle(tickets)
        else:
            for ticket in tickets:
                ticket.is_doubtful = False


class Group:
    """What the database says about all that a group touches, and what will be written to it."""

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._ends: dict[int, list[int]] = {}
        self._columns: dict[int, list[Column]] = {}
        self._moves: dict[tuple[str, int], int] = {}
        self._cursors: dict[str, bytes] = {}
        self._seen: dict[str, set[bytes]] = {}

    def admit(self, ticket: Ticket) -> None:
        """Check a ticket against the database and those before it, and take it in. Raises Fenced and Duplicate."""
        for part, moved in ticket.moves:
            self._check_move(part, moved, ticket)
        if ticket.cursor is not None:
            self._check_cursor(ticket.cursor)
        for scope, ids in ticket.seen.items():
            self._check_seen(scope, ids)
        for column in ticket.columns:
            self._end(column.part)  # what is damaged is found before anything is taken in
        self._take(ticket)

    def write(self, window_ms: int) -> None:
        """Write what was admitted."""
        run, run_many = self._connection.execute, self._connection.executemany
        for part, columns in self._columns.items():
            run_many(log_sql(part).insert, _rows(columns))
            run("UPDATE part SET next=?,ts=? WHERE id=?", (*self._ends[part], part))
        for (group, part), position in self._moves.items():
            run("UPDATE claim SET next=? WHERE grp=? AND part=?", (position, group, part))
        for name, value in self._cursors.items():
            run("UPDATE cursor SET value=?,moved=? WHERE name=?", (value, self._now, name))
        if self._seen:
            remember(self._connection, self._seen, self._now, window_ms)

    def _check_move(self, part: int, moved: Moved, ticket: Ticket) -> None:
        statement = "SELECT epoch FROM claim WHERE grp=? AND part=? AND owner IS NOT NULL"
        row = self._connection.execute(statement, (moved.group, part)).fetchone()
        if row is None or row[0] != moved.epoch:
            raise Fenced(f"group {moved.group} no longer holds {moved.partition} under epoch {moved.epoch}")
        end = self._end(part)[0] + sum(len(column.indexes) for column in ticket.columns if column.part == part)
        if not 0 <= moved.next <= end:
            raise OffsetOutOfRange(str(moved.partition), moved.next, 0, end)

    def _check_cursor(self, saved: Saved) -> None:
        statement = "SELECT epoch FROM cursor WHERE name=? AND owner IS NOT NULL"
        row = self._connection.execute(statement, (saved.name,)).fetchone()
        if row is None or row[0] != saved.epoch:
            raise Fenced(f"cursor {saved.name} is no longer held under epoch {saved.epoch}")

    def _check_seen(self, scope: str, ids: list[bytes]) -> None:
        brought = set(ids)
        known = (self._seen.get(scope, set()) & brought) | known_ids(self._connection, scope, ids)
        if len(brought) < len(ids):
            known |= {twice for twice in brought if ids.count(twice) > 1}
        if known:
            raise Duplicate(f"{len(known)} of {len(ids)} ids of scope {scope} were taken in already", sorted(known))

    def _take(self, ticket: Ticket) -> None:
        for column in ticket.columns:
            end = self._end(column.part)
            column.first, column.timestamp = end
            end[0] += len(column.indexes)
            self._columns.setdefault(column.part, []).append(column)
        for part, moved in ticket.moves:
            self._moves[moved.group, part] = moved.next
        if ticket.cursor is not None:
            self._cursors[ticket.cursor.name] = ticket.cursor.value
        for scope, ids in ticket.seen.items():
            self._seen.setdefault(scope, set()).update(ids)

    def _end(self, part: int) -> list[int]:
        """Return the next offset and the time stamp of the next record, which never goes back."""
        end = self._ends.get(part)
        if end is None:
            following, last = end_of(self._connection, part)
            end = self._ends[part] = [following, max(self._now, last)]
        return end


def _write_over(connection: sqlite3.Connection) -> None:
    """Write where the failed commit stands: if only its flush failed, it would be found whole after a crash."""
    connection.execute("UPDATE part SET ts=ts+1 WHERE id=0")  # of no meaning, but SQLite writes only what changes


def _is_admitted(group: Group, ticket: Ticket) -> bool:
    try:
        ticket.error = None
        group.admit(ticket)
    except LienthongError as refusal:
        ticket.error = refusal
        return False
    return True


def _settle(tickets: Sequence[Ticket], failure: BaseException | None = None) -> None:
    """Mark all as done; those that were not refused by themselves share the failure, if there is one."""
    for ticket in tickets:
        ticket.error = ticket.error or failure
        ticket.is_done = True


def _rows(columns: Sequence[Column]) -> Iterator[tuple[int, int, bytes | None, bytes | None, bytes]]:
    for column in columns:
        offsets = range(column.first, column.first + len(column.indexes))
        yield from zip(offsets, repeat(column.timestamp), column.keys, column.values, column.headers, strict=False)
