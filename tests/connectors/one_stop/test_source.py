"""The source over the simulator: the common contract, and pages that come in every bad way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from bus.errors import ConnectorError, CredentialsRefused, LienthongError, PartnerUnavailable
from connectors.one_stop.simulator import Plan, Simulator
from connectors.one_stop.simulator.store import Asked
from connectors.sdk import Source
from tests.connectors.one_stop.world import NOON, a_row, a_simulator, open_source
from tests.contracts.source import OpenSource, SourceContract, items_of, walk


class TestOneStopSource(SourceContract):
    """A one-stop system in which everything has happened."""

    @pytest.fixture
    def open_source(self, tmp_path: Path, simulator: Simulator) -> OpenSource:
        """Open the source with small pages and a short overlap."""
        return lambda: open_source(tmp_path, simulator, page_size=7, overlap_s=1)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Simulator]:
    """Run a simulator without a dossier, at noon."""
    with a_simulator(tmp_path, Plan(dossiers=0)) as simulator:
        simulator.clock.moment = NOON
        yield simulator


def names(source: Source, cursor: bytes | None = None) -> list[str]:
    """Return what a round brings, by name."""
    return [item.value.id for item in items_of(walk(source, cursor))]


def enter(simulator: Simulator, *rows: tuple[str, int]) -> None:
    """Enter dossiers, each with its age in seconds."""
    simulator.store.apply([a_row(name, NOON - timedelta(seconds=age)) for name, age in rows])


# -- the order of pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 50])
def test_equal_times_across_a_pages_end_lose_and_repeat_nothing(
    tmp_path: Path, empty: Simulator, page_size: int
) -> None:
    enter(empty, ("A", 300), *((name, 200) for name in "BCDEF"), ("G", 100))
    with closing(open_source(tmp_path, empty, page_size=page_size)) as source:
        assert names(source) == list("ABCDEFG")


def test_rows_that_change_while_we_page_are_neither_lost_nor_told_as_they_were(
    tmp_path: Path, empty: Simulator
) -> None:
    enter(empty, *((name, 900 - 10 * place) for place, name in enumerate("ABCDEFGH")))
    empty.script("shift", "ok", "shift")
    with closing(open_source(tmp_path, empty, page_size=2, feeds=["dossiers"])) as source:
        steps = walk(source)
        empty.clock.moment += timedelta(minutes=5)
        found = [item.value.id for item in items_of(steps)] + names(source, steps[-1][1].cursor)
    assert set(found) == set("ABCDEFGH")


def test_pages_by_number_alone_would_have_lost_a_row(empty: Simulator) -> None:
    """That the fault is one: the simulator's own pages, turned by number while a row moves on."""
    enter(empty, *((name, 900 - 10 * place) for place, name in enumerate("ABCD")))
    first = empty.store.page(Asked("dossiers", "", "", "", 0, 2))
    empty.store.touch("dossiers", ["A"], "20250626115900")
    second = empty.store.page(Asked("dossiers", "", "", "", 2, 2))
    assert [row.id for row in (*first, *second)] == ["A", "B", "D", "A"]


@pytest.mark.parametrize("fault", ["repeated-page", "disorder"])
def test_a_page_that_comes_again_or_in_no_order_is_an_error_and_moves_nothing(
    tmp_path: Path, empty: Simulator, fault: str
) -> None:
    enter(empty, *((name, 900 - 10 * place) for place, name in enumerate("ABCD")))
    with closing(open_source(tmp_path, empty, page_size=2, feeds=["dossiers"])) as source:
        cursor = source.fetch(None).cursor
        empty.script(fault)
        with pytest.raises(PartnerUnavailable):
            source.fetch(cursor)
        assert names(source, cursor) == ["C", "D"]


def test_an_empty_page_with_more_behind_it_is_turned(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("A", 300), ("B", 200))
    empty.script("empty-page", "empty-page", "ok", "empty-page")
    with closing(open_source(tmp_path, empty, page_size=1)) as source:
        assert names(source) == ["A", "B"]


def test_empty_pages_without_end_are_an_error(tmp_path: Path, empty: Simulator) -> None:
    empty.script(*["empty-page"] * 11)
    with closing(open_source(tmp_path, empty)) as source, pytest.raises(PartnerUnavailable, match="without a row"):
        source.fetch(None)


def test_a_row_twice_in_a_page_is_brought_twice_and_not_refused(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("A", 300), ("B", 200))
    empty.script("twice-in-page")
    with closing(open_source(tmp_path, empty)) as source:
        assert names(source) == ["A", "A", "B", "B"]


def test_a_session_that_ends_in_the_middle_is_renewed(tmp_path: Path, simulator: Simulator) -> None:
    simulator.script("ok", "session-over", "ok", "session-over")
    with closing(open_source(tmp_path, simulator, page_size=5)) as source:
        assert len(names(source)) == sum(simulator.store.counts().values())


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        (["500"], PartnerUnavailable), (["429"], PartnerUnavailable), (["truncated"], PartnerUnavailable),
        (["html"], PartnerUnavailable), (["contradiction"], PartnerUnavailable), (["busy"], PartnerUnavailable),
        (["401", "401"], CredentialsRefused), (["404"], ConnectorError),
    ],
)  # fmt: skip
def test_only_a_whole_answer_moves_the_cursor(
    tmp_path: Path, simulator: Simulator, faults: list[str], kind: type[LienthongError]
) -> None:
    with closing(open_source(tmp_path, simulator, page_size=5)) as source:
        first = source.fetch(None)
        again = source.fetch(first.cursor)
        simulator.script(*faults)
        with pytest.raises(kind):
            source.fetch(first.cursor)
        assert source.fetch(first.cursor).cursor == again.cursor


# -- times ------------------------------------------------------------------------------------------------


def test_what_is_younger_than_the_lag_waits(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("old", 61), ("young", 60))
    with closing(open_source(tmp_path, empty, safety_lag_s=60)) as source:
        batch = source.fetch(None)
        assert [item.value.id for item in batch.items] == ["old"]
        empty.clock.moment += timedelta(seconds=1)
        assert names(source, batch.cursor) == ["old", "young"]


def test_a_row_that_shows_up_late_within_lag_and_overlap_is_read(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("first", 61))
    with closing(open_source(tmp_path, empty, safety_lag_s=60, overlap_s=600)) as source:
        cursor = source.fetch(None).cursor
        empty.clock.moment += timedelta(seconds=1)
        enter(empty, ("late", 659))
        assert "late" in names(source, cursor)


def test_a_row_that_shows_up_while_a_round_is_under_way_is_read_by_the_next(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, *((name, 500 - 50 * place) for place, name in enumerate("ABCDE")))
    with closing(open_source(tmp_path, empty, page_size=2, feeds=["dossiers"])) as source:
        first = source.fetch(None)
        enter(empty, ("late", 490))
        steps = walk(source, first.cursor)
        assert "late" not in [item.value.id for item in items_of(steps)]
        assert "late" in names(source, steps[-1][1].cursor)


def test_a_round_that_lasts_leaves_no_gap_for_rows_that_show_up_late(tmp_path: Path, empty: Simulator) -> None:
    """A round reads no further than its beginning, however long it takes."""
    enter(empty, ("A", 100), ("B", 65), ("C", 61))
    with closing(open_source(tmp_path, empty, page_size=1, overlap_s=10, interval_s=3600)) as source:
        cursor = source.fetch(source.fetch(None).cursor).cursor
        enter(empty, ("late", 69))
        empty.clock.moment += timedelta(minutes=5)
        enter(empty, ("new", -200))
        steps = walk(source, cursor)
        assert "late" in names(source, steps[-1][1].cursor)


def test_a_round_from_before_a_halt_is_followed_by_another_at_once(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("A", 200), ("B", 100))
    with closing(open_source(tmp_path, empty, page_size=1)) as source:
        cursor = source.fetch(None).cursor
        empty.clock.moment += timedelta(days=2)
        enter(empty, ("new", -3600))
        assert names(source, cursor)[-1] == "new"


def test_our_own_clock_has_no_part_in_it(tmp_path: Path, empty: Simulator) -> None:
    """The simulated system lives in 2025; nothing that it has would be young, or old, by our clock."""
    enter(empty, ("old", 3600), ("young", 5))
    with closing(open_source(tmp_path, empty)) as source:
        batch = source.fetch(None)
        assert [item.value.id for item in batch.items] == ["old"]
        assert json.loads(batch.cursor)["watermarks"] == {"dossiers": "20250626110000"}


def test_a_round_without_news_leaves_the_cursor_as_it_was(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("A", 300))
    with closing(open_source(tmp_path, empty, overlap_s=0)) as source:
        cursor = source.fetch(None).cursor
        empty.clock.moment += timedelta(hours=5)
        assert source.fetch(cursor).cursor == cursor


def test_a_feed_that_is_added_later_is_read_from_the_very_first(tmp_path: Path, simulator: Simulator) -> None:
    with closing(open_source(tmp_path, simulator, feeds=["dossiers"])) as source:
        cursor = walk(source)[-1][1].cursor
    with closing(open_source(tmp_path, simulator, feeds=["dossiers", "steps"])) as source:
        found = [item.value.feed for item in items_of(walk(source, cursor))]
    assert found.count("steps") == simulator.store.counts()["steps"]


def test_nothing_before_since_is_asked_for(tmp_path: Path, simulator: Simulator) -> None:
    with closing(open_source(tmp_path, simulator, since=date(2025, 6, 27), feeds=["steps"])) as source:
        found = [item.value.time for item in items_of(walk(source))]
    assert found
    assert min(found) >= "20250627000000"


def test_without_an_overlap_a_later_round_brings_only_what_is_new(tmp_path: Path, empty: Simulator) -> None:
    enter(empty, ("A", 300), ("B", 200))
    with closing(open_source(tmp_path, empty, overlap_s=0, safety_lag_s=1)) as source:
        cursor = walk(source)[-1][1].cursor
        assert names(source, cursor) == []
        enter(empty, ("C", 199))
        assert names(source, cursor) == ["C"]
