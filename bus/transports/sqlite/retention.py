"""Retention and compaction in bites, each a short transaction of its own, so that writers get through."""

from __future__ import annotations

from bus.transports.sqlite.directory import Topic
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.inbox import expired, forget_some
from bus.transports.sqlite.reading import offset_at
from bus.transports.sqlite.schema import log_sql, span_of
from bus.transports.sqlite.store import Store, snapshot, transaction

BITE = 500
TOMBSTONE_MS = 24 * 3_600_000
"""How long a deleted key's tombstone stays, so that slow readers learn of it."""

_VACUUM_PAGES = 256


def clean_topic(store: Store, topic: Topic, now: int) -> int:
    """Apply the topic's cleanup; return how many records went."""
    if topic.compacted:
        return sum(_compact(store, part, now - TOMBSTONE_MS) for part in topic.parts)
    if topic.retention_ms is None:
        return 0
    return sum(_retire(store, part, now - topic.retention_ms) for part in topic.parts)


def clean_inbox(store: Store, now: int, window_ms: int) -> int:
    """Forget the ids that are older than the window; return how many."""
    with snapshot(store) as connection:
        periods = expired(connection, now, window_ms)
    total = 0
    for period in periods:
        gone = BITE
        while gone == BITE:
            with transaction(store) as connection:
                gone = forget_some(connection, period, BITE)
            total += gone
    return total


def give_pages_back(store: Store) -> None:
    """Shrink the file while more than a quarter of it is free, in bites."""
    while True:
        with sqlite_errors(store.path), store.exclusive() as connection:
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            if free * 4 < connection.execute("PRAGMA page_count").fetchone()[0] or free < _VACUUM_PAGES:
                return
            connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
            if connection.execute("PRAGMA freelist_count").fetchone()[0] >= free:
                return


def _retire(store: Store, part: int, before: int) -> int:
    """Delete what was accepted before ``before``, and move the partition's first offset with it."""
    with snapshot(store) as connection:
        first = span_of(connection, part).first
        cut = offset_at(connection, part, before)
    total = 0
    while first < cut:
        with transaction(store) as connection:
            row = connection.execute(log_sql(part).nth, (first, BITE)).fetchone()
            first = cut if row is None else min(cut, row[0])
            total += connection.execute(log_sql(part).delete_below, (first,)).rowcount
            connection.execute("UPDATE part SET first=max(first,?) WHERE id=?", (first, part))
    return total


def _compact(store: Store, part: int, tombstones: int) -> int:
    """Delete what a newer record of its key overrules, among those that stood there at the start."""
    with snapshot(store) as connection:
        start, head = span_of(connection, part)
    total = 0
    while start < head:
        with transaction(store) as connection:
            row = connection.execute(log_sql(part).nth, (start, BITE)).fetchone()
            stop = head if row is None else min(head, row[0])
            span = {"start": start, "stop": stop, "head": head, "tombstones": tombstones}
            total += connection.execute(log_sql(part).compact, span).rowcount
            oldest = connection.execute(log_sql(part).oldest).fetchone()[0]
            connection.execute("UPDATE part SET first=coalesce(?,next) WHERE id=?", (oldest, part))
            start = stop
    return total
