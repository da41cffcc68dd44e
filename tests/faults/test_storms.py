"""Members that join, leave, die and freeze all the time: a group handles every record once, and each key in order."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.deadletters import read_letter
from bus.records import Record, TopicPartition
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from tests.bus.doubles import an_event
from tests.faults.agency import REFUSED_EVERY, AgencyWire
from tests.faults.conftest import Worker
from tests.faults.worker import COPIES, SOURCE

KEYS = 11
PARTITIONS = 4
LEASE_S = "0.6"
Start = Callable[..., Worker]


class Storm:
    """Three processes of a group that come and go while numbered events are published."""

    def __init__(self, engine: Engine, start: Callable[[str], Worker], group: str) -> None:
        self._engine = engine
        self._start = start
        self._group = group
        self.published = 0
        self.members = [start(group) for _ in range(3)]

    def publish(self, number: int) -> None:
        """Publish some events, one by one and in pages."""
        until = self.published + number
        while self.published < until:
            size = min(random.choice([1, 1, 5, 20]), until - self.published)
            events = [an_event(n, key=f"k{n % KEYS}") for n in range(self.published, self.published + size)]
            self._engine.log.commit(Commit(appends=[AgencyWire().encode(event) for event in events]))
            self.published += size

    def leave(self) -> None:
        """One member leaves in good order, and another comes."""
        member = self._replaced()
        member.tell()
        member.hear("left")

    def kill(self) -> None:
        """One member is killed, and another comes."""
        self._replaced().kill()

    def freeze(self) -> None:
        """One member stands still for longer than its lease, and goes on."""
        process = random.choice(self.members).process
        process.send_signal(signal.SIGSTOP)
        time.sleep(float(LEASE_S) * 1.5)
        process.send_signal(signal.SIGCONT)

    def settle(self, limit_s: float = 60.0) -> None:
        """Wait until the group has committed all, and let its members leave."""
        until = time.monotonic() + limit_s
        while self._lag() and time.monotonic() < until:
            time.sleep(0.05)
        for member in self.members:
            member.tell()
            member.hear("left")
        assert self._lag() == 0

    def _lag(self) -> int:
        states = [state for state in self._engine.admin.groups() if state.group == self._group]
        return sum(state.end - state.next for state in states) if len(states) == PARTITIONS else 1

    def _replaced(self) -> Worker:
        place = random.randrange(len(self.members))
        member, self.members[place] = self.members[place], self._start(self._group)
        return member


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return a log with the topics of the storm."""
    with closing(open_engine(url)) as engine:
        for topic in (SOURCE, COPIES, f"{SOURCE}.dead-letter"):
            engine.admin.create_topic(TopicSpec(name=topic, partitions=PARTITIONS))
        yield engine


@pytest.fixture
def begin(engine: Engine, url: str, folder: Path, start: Start) -> Callable[[str], Storm]:
    """Return what begins a storm in a group."""

    def a_member(group: str) -> Worker:
        return start("tests.faults.agency", url, str(folder), group, LEASE_S)

    return lambda group: Storm(engine, a_member, group)


def test_members_that_come_and_go_in_good_order_handle_everything_exactly_once(
    engine: Engine, folder: Path, begin: Callable[[str], Storm], rounds: int
) -> None:
    storm = begin("g")
    for _ in range(rounds):
        storm.publish(60)
        storm.leave()
    storm.settle()
    handled = notes(folder, "g")
    assert sorted(number for _, number, _ in handled) == list(range(storm.published))
    assert in_order_by_key(handled)
    assert outcomes(engine, "g", storm.published)


def test_members_that_die_and_freeze_leave_one_outcome_of_each_record_in_the_log(
    engine: Engine, folder: Path, begin: Callable[[str], Storm], rounds: int
) -> None:
    storm = begin("g")
    for turn in range(rounds):
        storm.publish(60)
        time.sleep(random.uniform(0, 0.3))
        random.choice([storm.kill, storm.freeze, storm.leave])() if turn else storm.freeze()
    storm.settle()
    handled = notes(folder, "g")
    assert {number for _, number, _ in handled} == set(range(storm.published))
    assert in_order_by_key(first_of_each(handled))
    assert outcomes(engine, "g", storm.published)


def test_two_groups_each_get_everything(engine: Engine, folder: Path, begin: Callable[[str], Storm]) -> None:
    one, other = begin("g"), begin("h")
    one.publish(100)
    other.leave()
    one.kill()
    one.settle()
    other.settle()
    assert outcomes(engine, "g", 100)
    assert outcomes(engine, "h", 100)
    assert {number for _, number, _ in notes(folder, "h")} == set(range(100))


def notes(folder: Path, group: str) -> list[tuple[int, int, str]]:
    """Return time, number and key of all that a group's processes noted, by time."""
    found: list[tuple[int, int, str]] = []
    for file in folder.glob(f"{group}-*.db"):
        with closing(sqlite3.connect(file)) as own:
            found += own.execute("SELECT at,n,key FROM handled").fetchall()
    return sorted(found)


def first_of_each(handled: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return when each number was handled first: after a kill, part of a page is handled again."""
    seen: set[int] = set()
    return [note for note in handled if note[1] not in seen and not seen.add(note[1])]  # type: ignore[func-returns-value]


def in_order_by_key(handled: list[tuple[int, int, str]]) -> bool:
    """Say whether the numbers of each key rise with the time."""
    by_key: dict[str, list[int]] = {}
    for _, number, key in handled:
        by_key.setdefault(key, []).append(number)
    return all(numbers == sorted(numbers) for numbers in by_key.values())


def outcomes(engine: Engine, group: str, published: int) -> bool:
    """Hold the log's answers and dead letters of a group against the log: one for each record, in its order."""
    for partition in range(PARTITIONS):
        numbers = [number_of(record) for record in records(engine, SOURCE, partition)]
        answers = [number_of(record) for record in records(engine, COPIES, partition) if source(record) == group]
        assert answers == [number for number in numbers if number % REFUSED_EVERY]
    letters = [read_letter(record) for record in all_records(engine, f"{SOURCE}.dead-letter")]
    buried = sorted(number_of(letter.record) for letter in letters if letter.by == group)
    assert buried == list(range(0, published, REFUSED_EVERY))
    return True


def number_of(record: Record) -> int:
    """Return an event's number."""
    return int(AgencyWire().decode(record).payload["n"])


def source(record: Record) -> str:
    """Return who says so."""
    return (record.header("ce_source") or b"").decode()


def records(engine: Engine, topic: str, partition: int) -> list[Record]:
    """Return what stands in a partition."""
    return list(engine.log.read(TopicPartition(topic, partition), 0, 1_000_000))


def all_records(engine: Engine, topic: str) -> list[Record]:
    """Return what stands in a topic."""
    return [record for partition in range(PARTITIONS) for record in records(engine, topic, partition)]
