"""Postings from hidden identifiers to places, and how far each partition has been read, as transactions.

Postings are cut into periods of about a million, a table each, so that trees stay small and whole periods can be
dropped. ``database`` has the tables; SQL is spoken in these two modules and nowhere else in this room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection

from bus.records import TopicPartition
from replay.index import database as db

PERIOD_POSTINGS = 1_000_000


class Spot(NamedTuple):
    """A record's place in the log, without its time."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Position(NamedTuple):
    """How far a partition is in the index: ``next`` is the first offset not in it.

    ``tail`` is a fingerprint of the last record read, by which a replaced log is told from a longer one.
    """

    number: int
    next: int
    tail: bytes


class Posting(NamedTuple):
    """A hidden identifier, and where it stands. Sorted in this order, a batch touches few pages."""

    hidden: int
    partition: int
    offset: int


class Unread(NamedTuple):
    """A record that could not be read: when the bus accepted it, when a header says it happened, the error's code."""

    spot: Spot
    accepted: int | None
    occurred: int | None
    code: str


class Move(Struct, frozen=True, kw_only=True):
    """A partition's position goes from ``old`` to ``next``, with the rows that lie between."""

    number: int
    old: int
    next: int
    tail: bytes
    postings: Sequence[Posting] = ()
    unread: Sequence[Unread] = ()


class Snapshot(Struct, frozen=True, kw_only=True):
    """What one transaction saw: places for an identifier, positions, and all that is unread."""

    spots: Sequence[Spot]
    positions: Mapping[TopicPartition, Position]
    unread: Sequence[Unread]


class Store:
    """The rows behind the index: shared by threads and processes; in memory, one thread's own."""

    def __init__(self, engine: sa.Engine, *, period_postings: int = PERIOD_POSTINGS) -> None:
        self._engine = engine
        self._period_postings = period_postings
        self._finders: dict[tuple[int, ...], sa.TextClause] = {}

    def stamp(self, name: str) -> str | None:
        """Return a remembered fact about how the index was made."""
        with self._transaction() as connection:
            value: str | None = connection.scalar(sa.select(db.meta.c.value).where(db.meta.c.name == name))
            return value

    def positions(self) -> Mapping[TopicPartition, Position]:
        """Return how far each partition has been read."""
        with self._transaction() as connection:
            return _positions(connection)

    def enter(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Position]:
        """Give each partition a number and a position at 0 unless it has one; return all positions."""
        with self._transaction(write=True) as connection:
            known = _positions(connection)
            fresh = [one for one in partitions if one not in known]
            if fresh:
                rows = [{"topic": one.topic, "part": one.partition, "next": 0, "tail": b""} for one in fresh]
                connection.execute(db.position.insert(), rows)
            return _positions(connection)

    def write(self, moves: Sequence[Move]) -> bool:
        """Store rows and move positions, all or nothing; False if another follower has moved one meanwhile."""
        try:
            with self._transaction(write=True) as connection:
                for move in moves:
                    _move(connection, move)
                self._post(connection, sorted(posting for move in moves for posting in move.postings))
                _keep_unread(connection, moves)
        except _Overtaken:
            return False
        return True

    def read_after_all(self, number: int, offset: int, postings: Sequence[Posting]) -> None:
        """Store the rows of a record that could not be read before, and forget that it could not."""
        with self._transaction(write=True) as connection:
            gone = connection.execute(
                db.unread.delete().where(db.unread.c.position == number, db.unread.c.off == offset)
            )
            if gone.rowcount:
                self._post(connection, [one for one in postings if not self._stands(connection, one)])

    def find(self, hidden: int) -> Snapshot:
        """Return where a hidden identifier may stand, with the positions of the same moment."""
        with self._transaction() as connection:
            positions = _positions(connection)
            names = {position.number: partition for partition, position in positions.items()}
            spots = [Spot(*names[number], offset) for number, offset in sorted(self._places(connection, hidden))]
            return Snapshot(spots=spots, positions=positions, unread=_unread_rows(connection, names))

    def unread(self) -> Sequence[Unread]:
        """Return all records that could not be read, by partition and offset."""
        with self._transaction() as connection:
            positions = _positions(connection)
            return _unread_rows(connection, {one.number: partition for partition, one in positions.items()})

    def drop_before(self, firsts: Mapping[TopicPartition, int]) -> int:
        """Drop the periods whose every place retention has removed from the log; return how many.

        The newest period stays: it is still being written.
        """
        with self._transaction(write=True) as connection:
            gone = {one.number: firsts.get(name, 0) for name, one in _positions(connection).items()}
            alive = {row.period for row in connection.execute(sa.select(db.reach)) if row.last >= gone[row.position]}
            dropped = [period for period in _periods(connection)[:-1] if period not in alive]
            for period in dropped:
                _drop(connection, period)
            for number, first in gone.items():
                connection.execute(db.unread.delete().where(db.unread.c.position == number, db.unread.c.off < first))
            return len(dropped)

    def start_over(self, stamps: Mapping[str, str]) -> None:
        """Forget everything and remember ``stamps``: the next follower reads the log from its first records."""
        with self._transaction(write=True) as connection:
            for period in _periods(connection):
                _drop(connection, period)
            for table in (db.unread, db.reach, db.period, db.position, db.meta):
                connection.execute(table.delete())
            facts = {"version": db.VERSION} | dict(stamps)
            connection.execute(db.meta.insert(), [{"name": name, "value": value} for name, value in facts.items()])

    def close(self) -> None:
        """Close all connections. May be repeated."""
        self._engine.dispose()

    def _places(self, connection: Connection, hidden: int) -> Sequence[tuple[int, int]]:
        """Ask all periods in one statement; it is kept until their list changes."""
        periods = tuple(_periods(connection))
        if not periods:
            return []
        finder = self._finders.get(periods)
        if finder is None:
            names = (db.posting_name(period) for period in periods)
            finder = sa.text(" UNION ALL ".join(f"SELECT part, off FROM {name} WHERE h = :h" for name in names))  # noqa: S608 - names from whole numbers
            self._finders = {periods: finder}
        return [(row[0], row[1]) for row in connection.execute(finder, {"h": hidden})]

    def _stands(self, connection: Connection, one: Posting) -> bool:
        return (one.partition, one.offset) in self._places(connection, one.hidden)

    def _post(self, connection: Connection, postings: Sequence[Posting]) -> None:
        if not postings:
            return
        period = self._open_period(connection)
        rows = [{"h": one.hidden, "part": one.partition, "off": one.offset} for one in postings]
        connection.execute(db.posting_table(period).insert(), rows)
        grown = db.period.c.postings + len(rows)
        connection.execute(db.period.update().where(db.period.c.id == period).values(postings=grown))
        last: dict[int, int] = {}
        for one in postings:
            last[one.partition] = max(one.offset, last.get(one.partition, 0))
        for number, offset in last.items():
            _reach(connection, period, number, offset)

    def _open_period(self, connection: Connection) -> int:
        """Return the newest period's number; a full one is followed by the next."""
        newest = connection.execute(sa.select(db.period).order_by(db.period.c.id.desc()).limit(1)).first()
        if newest is not None and newest.postings < self._period_postings:
            return int(newest.id)
        period = 1 if newest is None else int(newest.id) + 1
        db.posting_table(period).create(connection)
        connection.execute(db.period.insert(), {"id": period, "postings": 0})
        return period

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[Connection]:
        with (
            db.translated_errors(),
            self._engine.connect().execution_options(**{db.WRITES: write}) as connection,
            connection.begin(),
        ):
            yield connection


def open_store(url: str, *, period_postings: int = PERIOD_POSTINGS) -> Store:
    """Open or make the index that ``url`` names. Raises :class:`~bus.errors.StoreVersion`."""
    return Store(db.open_database(url), period_postings=period_postings)


class _Overtaken(Exception):
    """Another follower has moved a position; the transaction is rolled back."""


def _positions(connection: Connection) -> dict[TopicPartition, Position]:
    rows = connection.exec_driver_sql("SELECT topic, part, id, next, tail FROM index_position")
    return {TopicPartition(row[0], row[1]): Position(row[2], row[3], bytes(row[4])) for row in rows}


def _periods(connection: Connection) -> list[int]:
    return [row[0] for row in connection.exec_driver_sql("SELECT id FROM index_period ORDER BY id")]


def _unread_rows(connection: Connection, names: Mapping[int, TopicPartition]) -> list[Unread]:
    rows = connection.exec_driver_sql(
        "SELECT position, off, accepted, occurred, code FROM index_unread ORDER BY position, off"
    )
    return [Unread(Spot(*names[row[0]], row[1]), row[2], row[3], row[4]) for row in rows]


def _move(connection: Connection, move: Move) -> None:
    """Move one position if it is still where the follower found it."""
    done = connection.execute(
        db.position.update()
        .where(db.position.c.id == move.number, db.position.c.next == move.old)
        .values(next=move.next, tail=move.tail)
    )
    if done.rowcount != 1:
        raise _Overtaken


def _keep_unread(connection: Connection, moves: Sequence[Move]) -> None:
    rows = [
        {"position": move.number, "off": one.spot.offset, "accepted": one.accepted, "occurred": one.occurred,
         "code": one.code}
        for move in moves for one in move.unread
    ]  # fmt: skip
    if rows:
        connection.execute(db.unread.insert(), rows)


def _reach(connection: Connection, period: int, number: int, offset: int) -> None:
    """Remember the last offset of a partition that a period points to."""
    where = (db.reach.c.period == period, db.reach.c.position == number)
    last = connection.scalar(sa.select(db.reach.c.last).where(*where))
    if last is None:
        connection.execute(db.reach.insert(), {"period": period, "position": number, "last": offset})
    elif offset > last:
        connection.execute(db.reach.update().where(*where).values(last=offset))


def _drop(connection: Connection, period: int) -> None:
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {db.posting_name(period)}")
    connection.execute(db.reach.delete().where(db.reach.c.period == period))
    connection.execute(db.period.delete().where(db.period.c.id == period))
