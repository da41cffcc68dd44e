"""Which topics there are. A topic's partitions and cleanup never change, so what was found is kept."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from bus.errors import DamagedStore, TopicNotFound
from bus.records import TopicPartition
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.store import Store


class Topic(NamedTuple):
    """A topic's numbers: ``parts`` holds each partition's own id, in order."""

    id: int
    name: str
    compacted: bool
    retention_ms: int | None
    parts: tuple[int, ...]


class Directory:
    """Topics by name, read again when one is asked for that is not known yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._topics: dict[str, Topic] = {}

    def topic(self, name: str) -> Topic:
        """Return the topic. Raises :class:`~bus.errors.TopicNotFound`."""
        topic = self._topics.get(name)
        if topic is None:
            with sqlite_errors(self._store.path), self._store.reader() as connection:
                self._topics = {found.name: found for found in read_topics(connection)}
            topic = self._topics.get(name)
        if topic is None:
            raise TopicNotFound(f"there is no topic {name!r}")
        return topic

    def part(self, partition: TopicPartition) -> int:
        """Return the partition's own id. Raises :class:`~bus.errors.TopicNotFound`."""
        parts = self.topic(partition.topic).parts
        if not 0 <= partition.partition < len(parts):
            raise TopicNotFound(f"there is no partition {partition}: the topic has {len(parts)}")
        return parts[partition.partition]


def read_topics(connection: sqlite3.Connection) -> list[Topic]:
    """Return all topics, by name, as they stand now. Raises :class:`~bus.errors.DamagedStore`."""
    # One statement sees one state: of two, the second might meet a topic that was made after the first.
    rows = connection.execute(
        "SELECT t.id,t.name,t.compacted,t.retention_ms,p.id FROM topic t LEFT JOIN part p ON p.topic=t.id"
        " ORDER BY t.name,p.part"
    ).fetchall()
    parts: dict[tuple[int, str, int, int | None], list[int]] = {}
    for topic, name, compacted, kept, part in rows:
        if part is None:
            raise DamagedStore(f"the log has lost the partitions of topic {name}")
        parts.setdefault((topic, name, compacted, kept), []).append(part)
    return [
        Topic(topic, name, bool(compacted), kept, tuple(found))
        for (topic, name, compacted, kept), found in parts.items()
    ]
