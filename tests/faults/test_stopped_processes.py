"""Processes that stand still: their partitions move on after the lease; what they hold is waited for with a word."""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from bus.errors import Fenced
from bus.transport import Commit, Engine, Moved, TopicSpec
from bus.transports import open_engine
from bus.transports.sqlite import waiting
from bus.transports.sqlite.waiting import holder
from tests.contracts.groups import settle
from tests.faults.conftest import Worker
from tests.faults.making import PLACE, commit_of
from tests.faults.worker import COPIES, SOURCE

Start = Callable[..., Worker]
LOCKS = """\
1: POSIX  ADVISORY  READ 11 {name} 128 128
2: FLOCK  ADVISORY  WRITE 22 00:01:1 0 EOF
3: FLOCK  ADVISORY  WRITE 33 {name} 0 EOF
3: -> FLOCK  ADVISORY  WRITE 44 {name} 0 EOF
"""


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return a log with both topics, of one partition each."""
    with closing(open_engine(url)) as engine:
        for topic in (SOURCE, COPIES):
            engine.admin.create_topic(TopicSpec(name=topic, partitions=1))
        yield engine


def test_a_stopped_owner_loses_its_partition_and_is_fenced_when_it_wakes(
    engine: Engine, url: str, start: Start
) -> None:
    owner = start("own", url, "1")
    owner.hear("owns")
    owner.process.send_signal(signal.SIGSTOP)
    member = engine.join("owners", [SOURCE])
    settle([member], [1])
    owner.process.send_signal(signal.SIGCONT)
    owner.tell()
    owner.hear("fenced")
    assert len(member.assignment()) == 1


def test_of_two_owners_of_one_claim_only_the_later_can_commit(engine: Engine, url: str) -> None:
    with closing(open_engine(url, lease_s=0.2)) as other:
        hanging = other.join("g", [SOURCE])
        place, old = next(iter(hanging.assignment().items()))
        member = engine.join("g", [SOURCE])
        settle([member], [1])
        held = member.assignment()[place]
        engine.log.commit(Commit(offsets=[Moved(group="g", partition=place, next=0, epoch=held.epoch)]))
        with pytest.raises(Fenced):
            other.log.commit(Commit(offsets=[Moved(group="g", partition=place, next=0, epoch=old.epoch)]))
        with pytest.raises(Fenced):
            hanging.renew()


def test_writers_stopped_at_random_points_hold_the_others_up_at_most_until_they_go_on(
    engine: Engine, url: str, start: Start, rounds: int
) -> None:
    copiers = [start("copy", url, "0.3"), start("copy", url, "0.3")]
    for number in range(rounds * 40):
        engine.log.commit(commit_of(number))
        if number % 20 == 10:
            process = random.choice(copiers).process
            process.send_signal(signal.SIGSTOP)
            waker = Thread(target=wake_later, args=(process.pid, random.uniform(0, 0.8)))
            waker.start()
            engine.log.commit(commit_of(number))
            waker.join()
    wait_for_copies(engine)
    read = [[record.value for record in engine.log.read(place, 0, 100_000)] for place in (PLACE, COPY)]
    assert read[0] == read[1]


COPY = PLACE._replace(topic=COPIES)


def wake_later(process: int, seconds: float) -> None:
    """Let a stopped process go on after a while."""
    time.sleep(seconds)
    signal.pidfd_send_signal(os.pidfd_open(process), signal.SIGCONT)


def wait_for_copies(engine: Engine) -> None:
    """Wait until the copies have come as far as their source."""
    until = time.monotonic() + 60
    while engine.log.ends(COPIES)[COPY] != engine.log.ends(SOURCE)[PLACE]:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_who_waits_for_a_lock_says_which_process_has_it_and_goes_on_when_it_ends(
    engine: Engine, url: str, start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TELL_AFTER_S", 0.05)
    monkeypatch.setattr(logging.getLogger("lienthong"), "propagate", True)
    holding = start("lock", url)
    holding.hear("locked")
    holding.process.send_signal(signal.SIGSTOP)
    writer = Thread(target=engine.log.commit, args=(commit_of(0),))
    writer.start()
    until = time.monotonic() + 20
    while not caplog.records and time.monotonic() < until:
        time.sleep(0.01)
    told = caplog.records[0].lienthong_facts["holder"]  # type: ignore[attr-defined]
    holding.kill()
    writer.join(20)
    assert told == f"process {holding.process.pid}, which is stopped"
    assert engine.log.ends(SOURCE)[PLACE].end == 1


def test_readers_do_not_wait_for_a_lock(engine: Engine, url: str, start: Start) -> None:
    engine.log.commit(commit_of(0))
    holding = start("lock", url)
    holding.hear("locked")
    assert len(engine.log.read(PLACE, 0, 10)) == 1


def test_the_holder_is_who_has_the_lock_not_who_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.touch()
    status = file.stat()
    name = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    (tmp_path / "locks").write_text(LOCKS.format(name=name))
    assert holder([str(file)], tmp_path / "locks").startswith("process 33")
    assert holder([str(tmp_path / "locks")], tmp_path / "locks") == "unknown"
    assert holder([str(file)], tmp_path / "absent") == "unknown"
