"""kill -9 at random points: the log itself is asked what became of every record."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from bus.errors import Claimed
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from tests.contracts.groups import settle
from tests.faults.conftest import Worker
from tests.faults.worker import COPIES, SOURCE

Start = Callable[..., Worker]


@contextmanager
def a_log(url: str, partitions: int = 1) -> Iterator[Engine]:
    """Open the log with both topics."""
    with closing(open_engine(url)) as engine:
        for topic in (SOURCE, COPIES):
            engine.admin.create_topic(TopicSpec(name=topic, partitions=partitions))
        yield engine


def numbers(engine: Engine, topic: str, partition: int = 0) -> list[int]:
    """Return what stands in a partition."""
    return [int(record.value or b"") for record in engine.log.read(TopicPartition(topic, partition), 0, 10_000_000)]


@pytest.mark.parametrize("size", ["0", "4000"])
def test_a_writer_that_is_killed_loses_and_repeats_nothing(url: str, start: Start, rounds: int, size: str) -> None:
    with a_log(url) as engine:
        for _ in range(rounds):
            writer = start("write", url, size)
            acknowledged = writer.hear("written")
            time.sleep(random.uniform(0, 0.2))
            acknowledged = max([acknowledged, *writer.kill()])
            found = numbers(engine, SOURCE)
            assert found == list(range(len(found)))
            assert len(found) >= acknowledged
            assert engine.admin.cursors()[0].value == b"%d" % len(found)


def test_a_writer_that_is_killed_alone_leaves_a_log_that_opens_whole(url: str, start: Start, rounds: int) -> None:
    with a_log(url):
        pass
    for _ in range(rounds):
        writer = start("write", url, "4000")
        acknowledged = writer.hear("written")
        time.sleep(random.uniform(0, 0.2))
        acknowledged = max([acknowledged, *writer.kill()])
        with a_log(url) as engine:
            found = numbers(engine, SOURCE)
            assert (found, len(found) >= acknowledged) == (list(range(len(found))), True)
            assert {finding.level for finding in engine.admin.check()} == {"ok"}


def test_a_cleaning_that_is_killed_leaves_the_end_of_each_partition(url: str, start: Start, rounds: int) -> None:
    with a_log(url) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1, retention_ms=1000))
        engine.admin.create_topic(TopicSpec(name="reference", partitions=1, compacted=True))
        for _ in range(rounds):
            cleaner = start("clean", url)
            cleaner.hear("begins")
            for number in range(random.randrange(20, 60)):
                new = [NewRecord(topic="reference", key=b"%d" % (number % 3), value=b"x" * 5000) for _ in range(20)]
                engine.log.commit(Commit(appends=[new[0], *new, *(_plain(number) for _ in range(20))]))
            cleaner.kill()
            left = engine.log.read(TopicPartition("reference", 0), 0, 100_000)
            assert {record.key for record in left} >= {b"0", b"1", b"2"}
            first, end = engine.log.ends(SOURCE)[TopicPartition(SOURCE, 0)]
            assert [record.offset for record in engine.log.read(TopicPartition(SOURCE, 0), 0, 100_000)] == list(
                range(first, end)
            )
            assert {finding.level for finding in engine.admin.check()} == {"ok"}


def _plain(number: int) -> NewRecord:
    return NewRecord(topic=SOURCE, key=b"k", value=b"%d" % number, partition=0)


def test_consumers_that_are_killed_copy_everything_once_and_in_order(url: str, start: Start, rounds: int) -> None:
    with a_log(url) as engine:
        writer, copiers = start("write", url), [start("copy", url, "10"), start("copy", url, "10")]
        writer.hear("written")
        for turn in range(rounds):
            time.sleep(random.uniform(0.2, 0.5))
            copiers[turn % 2].kill()
            copiers[turn % 2] = start("copy", url, "10")
        writer.kill()
        written = numbers(engine, SOURCE)
        until = time.monotonic() + 60
        while len(copies := numbers(engine, COPIES)) < len(written) and time.monotonic() < until:
            time.sleep(0.05)
        assert copies == written


def test_a_cursor_is_free_as_soon_as_its_owner_is_killed(url: str, start: Start) -> None:
    with a_log(url) as engine:
        writer = start("write", url)
        writer.hear("written")
        with pytest.raises(Claimed):
            engine.claim("writer")
        writer.kill()
        assert int(engine.claim("writer").value or b"") == len(numbers(engine, SOURCE))


def test_a_killed_member_is_replaced_long_before_its_lease_ends(url: str, start: Start) -> None:
    with a_log(url) as engine:
        owner = start("own", url, "3600")
        epoch = owner.hear("owns")
        member = engine.join("owners", [SOURCE])
        assert member.assignment() == {}
        owner.kill()
        settle([member], [1])
        assert next(iter(member.assignment().values())).epoch > epoch


def test_a_child_that_outlives_its_parent_keeps_none_of_its_claims(url: str, start: Start) -> None:
    with a_log(url) as engine:
        parent = start("hold", url, "1")
        child = parent.hear("child")
        parent.hear("holds")
        parent.process.kill()
        parent.process.wait()
        try:
            assert engine.claim("writer").epoch == 2
        finally:
            os.kill(child, signal.SIGKILL)
