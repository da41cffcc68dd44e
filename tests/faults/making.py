"""Builders that the fault tests share: numbered records in one topic, and what stands of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from tests.faults.worker import SOURCE

PLACE = TopicPartition(SOURCE, 0)


def commit_of(number: int, size: int = 0) -> Commit:
    """Return a commit of one numbered record."""
    value = b"secret %06d" % number + b"." * size
    return Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=value, partition=0)])


def publish(url: str, number: int, size: int = 0) -> None:
    """Publish some numbered records and close the log."""
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        for value in range(number):
            engine.log.commit(commit_of(value, size))


def count_records(url: str) -> int:
    """Return how many records stand in the log, each at the offset of its number."""
    with closing(open_engine(url)) as engine:
        return count_in(engine)


def count_in(engine: Engine) -> int:
    """Return the same of an open log."""
    records = engine.log.read(PLACE, 0, 1_000_000)
    assert [record.offset for record in records] == list(range(len(records)))
    return len(records)


def faults_in(engine: Engine) -> list[str]:
    """Return the names of what a check-up finds at fault."""
    return [finding.name for finding in engine.admin.check() if finding.level == "fault"]


def flip(file: Path, position: int, bit: int = 2) -> None:
    """Change one bit."""
    with file.open("r+b") as stored:
        stored.seek(position)
        byte = stored.read(1)[0]
        stored.seek(position)
        stored.write(bytes([byte ^ 1 << bit]))
