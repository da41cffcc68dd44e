"""The face of producers, readers and sources."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from bus.records import Place, Record, TopicPartition
from bus.transport import Commit, Span
from bus.transports.sqlite.bell import LOOK_AGAIN_S
from bus.transports.sqlite.combine import Combiner
from bus.transports.sqlite.commit import Writer
from bus.transports.sqlite.directory import Directory
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.inbox import known_ids
from bus.transports.sqlite.prepare import Preparer
from bus.transports.sqlite.reading import Reader, offset_at
from bus.transports.sqlite.schema import commits_of
from bus.transports.sqlite.store import Store, snapshot


class SqliteLog:
    """A ``Transport`` on one store. Threads share it."""

    def __init__(self, store: Store, directory: Directory, inbox_days: int) -> None:
        self._store = store
        self._directory = directory
        self._preparer = Preparer(directory)
        self._reader = Reader(store, directory)
        writer = Writer(store, inbox_days)
        self._combiner = Combiner(store.exclusive, writer.write, store.ring)

    def commit(self, commit: Commit) -> Sequence[Place]:
        """Do all of it or nothing; see :class:`~bus.transport.Transport`."""
        self._store.check()  # before any lock, which a forked child may have inherited locked
        if not (commit.appends or commit.offsets or commit.cursor or commit.seen):
            return []
        ticket = self._preparer.ticket(commit)
        self._combiner.submit(ticket)
        return ticket.places()

    def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        """Return a page; see :class:`~bus.transport.Transport`."""
        return self._reader.read(partition, start, limit)

    def ends(self, topic: str) -> Mapping[TopicPartition, Span]:
        """Return every partition's span, all of one moment."""
        known = self._directory.topic(topic)
        statement = "SELECT part,first,next FROM part WHERE topic=? AND id>0 ORDER BY part"
        with sqlite_errors(self._store.path), self._store.reader() as connection:
            rows = connection.execute(statement, (known.id,)).fetchall()
        return {TopicPartition(topic, part): Span(first, end) for part, first, end in rows}

    def offset_at(self, partition: TopicPartition, timestamp: int) -> int:
        """Return the first offset accepted at or after ``timestamp``, by halving: holes do no harm."""
        part = self._directory.part(partition)
        with snapshot(self._store) as connection:
            return offset_at(connection, part, timestamp)

    def seen(self, scope: str, ids: Sequence[bytes]) -> frozenset[bytes]:
        """Return those of ``ids`` that ``scope`` remembers."""
        with snapshot(self._store) as connection:
            return frozenset(known_ids(connection, scope, ids))

    def wait(self, version: int, timeout_s: float) -> int:
        """Wait for news. The version counts acknowledged commits, so it means the same in every process."""
        until = time.monotonic() + timeout_s
        with sqlite_errors(self._store.path), self._store.listener() as listener:
            while (now := self._version()) == version:
                left = until - time.monotonic()
                if left <= 0:
                    self._store.tidy()
                    break
                listener.wait(min(left, LOOK_AGAIN_S))
        return now

    def _version(self) -> int:
        with self._store.reader() as connection:
            return commits_of(connection) + 1
