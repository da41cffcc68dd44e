"""The wall clock jumps by hours: times in the log never go back, look-ups stay right, and leases do not notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.transport import Commit, Engine, Moved, Seen, TopicSpec
from bus.transports import open_engine
from tests.contracts.groups import settle
from tests.faults.making import PLACE, commit_of
from tests.faults.worker import SOURCE

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class WallClock:
    """The machine's wall clock, which somebody turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.turned_ms = 0
        real = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: real() + self.turned_ms * 1_000_000)
        monkeypatch.setattr(time, "time", lambda: (real() + self.turned_ms * 1_000_000) / 1e9)

    def now_ms(self) -> int:
        """Return what it shows."""
        return time.time_ns() // 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """Return the clock."""
    return WallClock(monkeypatch)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return a log whose leases are short."""
    with closing(open_engine(url, lease_s=1.0)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1, retention_ms=2 * DAY_MS))
        yield engine


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(jumps=st.lists(st.integers(-9 * HOUR_MS, 9 * HOUR_MS), max_size=20))
def test_times_never_go_back_and_every_look_up_finds_its_record(clock: WallClock, jumps: list[int]) -> None:
    with closing(open_engine("sqlite://")) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        for number, jump in enumerate([0, *jumps]):
            clock.turned_ms += jump
            engine.log.commit(commit_of(number))
        times = [record.timestamp for record in engine.log.read(PLACE, 0, 100)]
        assert times == sorted(times)
        for moment in {*times, *(moment + 1 for moment in times), 0}:
            expected = next((offset for offset, at in enumerate(times) if at >= moment), len(times))
            assert engine.log.offset_at(PLACE, moment) == expected


def test_a_lease_neither_ends_nor_freezes_as_the_wall_clock_jumps(engine: Engine, url: str, clock: WallClock) -> None:
    with closing(open_engine(url, lease_s=1.0)) as other:
        hanging = other.join("g", [SOURCE])
        held = hanging.assignment()[PLACE]
        member = engine.join("g", [SOURCE])
        for jump in (9 * HOUR_MS, -20 * HOUR_MS, 11 * HOUR_MS):
            clock.turned_ms += jump
            assert (member.assignment(), hanging.assignment()[PLACE]) == ({}, held)
            engine.log.commit(Commit(offsets=[Moved(group="g", partition=PLACE, next=0, epoch=held.epoch)]))
        clock.turned_ms -= 9 * HOUR_MS
        settle([member], [1], limit_s=10)


def test_nothing_young_is_removed_after_the_clock_has_gone_back(engine: Engine, clock: WallClock) -> None:
    clock.turned_ms = 9 * HOUR_MS
    engine.log.commit(commit_of(0))
    engine.log.commit(Commit(seen=[Seen(scope="s", id=b"1" * 16)]))
    clock.turned_ms = 0
    engine.log.commit(commit_of(1))
    engine.admin.clean(clock.now_ms() + DAY_MS)
    assert len(engine.log.read(PLACE, 0, 10)) == 2
    assert engine.log.seen("s", [b"1" * 16])
    assert engine.admin.clean(clock.now_ms() + 3 * DAY_MS).records == 2


def test_news_is_heard_while_the_clock_jumps(engine: Engine, clock: WallClock) -> None:
    version = engine.log.wait(0, 1)
    for jump in (9 * HOUR_MS, -20 * HOUR_MS, 11 * HOUR_MS):
        clock.turned_ms += jump
        engine.log.commit(commit_of(0))
        version, before = engine.log.wait(version, 10), version
        assert version != before
