"""The face of administrators: topics, positions, bookmarks, cleaning, check-ups."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from sqlite3 import Connection

from bus.errors import ConfigError, TransportError
from bus.records import TopicPartition
from bus.transport import CursorState, Finding, GroupState, Retained, TopicSpec
from bus.transports.sqlite.check import check_up
from bus.transports.sqlite.cursors import cursor_states
from bus.transports.sqlite.directory import Topic, read_topics
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.retention import clean_inbox, clean_topic, give_pages_back
from bus.transports.sqlite.schema import create_log
from bus.transports.sqlite.store import Store, transaction

_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_MOST_PARTITIONS = 1024


class SqliteAdmin:
    """A ``TransportAdmin`` on one store."""

    def __init__(self, store: Store, inbox_days: int) -> None:
        self._store = store
        self._window_ms = inbox_days * 86_400_000

    def create_topic(self, spec: TopicSpec) -> bool:
        """Create the topic with its partitions' tables, or adjust its retention."""
        _check_spec(spec)
        known = {topic.name: topic for topic in self._topics()}.get(spec.name)
        if known is not None and _spec_of(known) == spec:
            return False
        with transaction(self._store) as connection:
            return _created(connection, spec)

    def topics(self) -> Sequence[TopicSpec]:
        """Return all topics, by name."""
        return [_spec_of(topic) for topic in self._topics()]

    def groups(self) -> Sequence[GroupState]:
        """Return all groups' positions; an owner that has died is none."""
        statement = (
            "SELECT c.grp,t.name,p.part,c.next,p.next,c.owner FROM claim c JOIN part p ON p.id=c.part"
            " JOIN topic t ON t.id=p.topic ORDER BY c.grp,t.name,p.part"
        )
        with sqlite_errors(self._store.path), self._store.reader() as connection:
            rows = connection.execute(statement).fetchall()
        alive = {owner for owner in {row[5] for row in rows} - {None} if self._store.liveness.is_alive(owner)}
        return [
            GroupState(
                group=group,
                partition=TopicPartition(topic, part),
                next=position,
                end=end,
                owner=owner if owner in alive else None,
            )
            for group, topic, part, position, end, owner in rows
        ]

    def cursors(self) -> Sequence[CursorState]:
        """Return all bookmarks, by name."""
        return cursor_states(self._store)

    def clean(self, now: int | None = None) -> Retained:
        """Apply retention, compaction and the inbox's window once."""
        moment = time.time_ns() // 1_000_000 if now is None else now
        records = sum(clean_topic(self._store, topic, moment) for topic in self._topics())
        ids = clean_inbox(self._store, moment, self._window_ms)
        give_pages_back(self._store)
        self._store.tidy()
        return Retained(records=records, ids=ids)

    def check(self) -> Sequence[Finding]:
        """Examine the whole store."""
        return check_up(self._store)

    def _topics(self) -> list[Topic]:
        with sqlite_errors(self._store.path), self._store.reader() as connection:
            return read_topics(connection)


def _created(connection: Connection, spec: TopicSpec) -> bool:
    """Create or adjust inside the transaction, where nobody else can have come between."""
    known = {topic.name: topic for topic in read_topics(connection)}.get(spec.name)
    if known is not None:
        _check_same(known, spec)
        connection.execute("UPDATE topic SET retention_ms=? WHERE id=?", (spec.retention_ms, known.id))
        return False
    statement = "INSERT INTO topic(name,compacted,retention_ms) VALUES(?,?,?) RETURNING id"
    topic = connection.execute(statement, (spec.name, spec.compacted, spec.retention_ms)).fetchone()[0]
    for number in range(spec.partitions):
        statement = "INSERT INTO part(topic,part,first,next,ts) VALUES(?,?,0,0,0) RETURNING id"
        part = connection.execute(statement, (topic, number)).fetchone()[0]
        create_log(connection, part, compacted=spec.compacted)
    return True


def _check_spec(spec: TopicSpec) -> None:
    if not _NAME.fullmatch(spec.name):
        raise ConfigError("a topic's name has 1 to 249 of A-Z, a-z, 0-9, dot, hyphen and underscore")
    if not 1 <= spec.partitions <= _MOST_PARTITIONS:
        raise ConfigError(f"topic {spec.name}: {spec.partitions} partitions is not 1 to {_MOST_PARTITIONS}")
    if spec.retention_ms is not None and spec.retention_ms < 0:
        raise ConfigError(f"topic {spec.name}: retention cannot be negative")


def _check_same(known: Topic, spec: TopicSpec) -> None:
    if len(known.parts) != spec.partitions:
        raise TransportError(
            f"topic {spec.name} has {len(known.parts)} partitions, not {spec.partitions}",
            hint="Partitions never change, or keys would lose their order: make a new topic.",
        )
    if known.compacted != spec.compacted:
        raise TransportError(f"topic {spec.name} has another cleanup", hint="Cleanup never changes: make a new topic.")


def _spec_of(topic: Topic) -> TopicSpec:
    return TopicSpec(
        name=topic.name, partitions=len(topic.parts), compacted=topic.compacted, retention_ms=topic.retention_ms
    )
