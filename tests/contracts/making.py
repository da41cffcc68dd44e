"""Builders that the contract suites share."""

from __future__ import annotations

from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, TopicSpec

DOSSIERS = "dossier.events"
FIRST = TopicPartition(DOSSIERS, 0)


def a_topic(engine: Engine, name: str = DOSSIERS, partitions: int = 4, *, compacted: bool = False) -> str:
    """Create a topic that keeps for ever."""
    engine.admin.create_topic(TopicSpec(name=name, partitions=partitions, compacted=compacted))
    return name


def a_record(value: bytes | None = b"v", key: bytes | None = b"k", partition: int | None = 0) -> NewRecord:
    """Return a record for the first partition, or for where its key belongs if ``partition`` is None."""
    return NewRecord(topic=DOSSIERS, key=key, value=value, partition=partition)


def publish(engine: Engine, *values: bytes, partition: int = 0) -> None:
    """Append values to one partition, in one commit."""
    engine.log.commit(Commit(appends=[a_record(value, partition=partition) for value in values]))


def values(engine: Engine, partition: int = 0) -> list[bytes | None]:
    """Return all values of one partition."""
    place = TopicPartition(DOSSIERS, partition)
    return [record.value for record in engine.log.read(place, 0, 100_000)]
