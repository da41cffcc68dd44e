"""The inbox forgets by periods: never too early, and not for ever."""

from __future__ import annotations

from contextlib import closing

import pytest

from bus.errors import Duplicate
from bus.transport import Commit, Engine, Seen
from bus.transports import open_engine

DAY_NS = 86_400 * 1_000_000_000
START_NS = 1_790_000_000 * 1_000_000_000


class Clock:
    """A wall clock that a test turns."""

    def __init__(self) -> None:
        self.days = 0.0

    def time_ns(self) -> int:
        return START_NS + int(self.days * DAY_NS)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that commits are stamped by."""
    clock = Clock()
    monkeypatch.setattr("bus.transports.sqlite.commit.time", clock)
    monkeypatch.setattr("bus.transports.sqlite.admin.time", clock)
    return clock


def take(engine: Engine, *ids: int) -> None:
    """Take ids in."""
    engine.log.commit(Commit(seen=[Seen(scope="s", id=b"%016d" % number) for number in ids]))


def test_each_id_is_remembered_for_the_window_and_gone_a_quarter_later(clock: Clock) -> None:
    with closing(open_engine("sqlite://", inbox_days=8)) as engine:
        for day in range(30):
            clock.days = day
            take(engine, day)
            engine.admin.clean()
            known = engine.log.seen("s", [b"%016d" % number for number in range(day + 1)])
            kept = {int(number) for number in known}
            assert set(range(max(0, day - 8), day + 1)) <= kept <= set(range(max(0, day - 11), day + 1))


def test_an_id_in_an_older_period_is_still_a_duplicate(clock: Clock) -> None:
    with closing(open_engine("sqlite://", inbox_days=8)) as engine:
        take(engine, 1)
        clock.days = 5
        take(engine, 2)
        with pytest.raises(Duplicate):
            take(engine, 1)


def test_what_is_forgotten_is_counted_and_cleaned_in_bites(clock: Clock) -> None:
    with closing(open_engine("sqlite://", inbox_days=8)) as engine:
        take(engine, *range(1201))
        clock.days = 2
        take(engine, 5000)
        clock.days = 11
        assert [engine.admin.clean().ids, engine.admin.clean().ids] == [1201, 0]
        take(engine, *range(3))
