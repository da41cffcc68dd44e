"""How parts stand: what is told when, and for how long."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from bus.errors import PartnerUnavailable, StorageFull
from bus.transports import open_engine
from connectors.health import Board, Health, Standing
from connectors.notebook import Notebook, Page, pages
from connectors.status import statuses

DOWN, FULL = PartnerUnavailable("the partner is down"), StorageFull("no room")


class Ticking:
    """A clock that goes on by one each time it is read."""

    now = 0

    def __call__(self) -> int:
        """Return the next moment."""
        self.now += 1
        return self.now


@pytest.fixture
def board() -> Board:
    return Board(clock=Ticking())


@pytest.fixture
def health(board: Board) -> Health:
    return board.add("postal", "sink", "postal")


def told(board: Board) -> tuple[str, str, int]:
    (one,) = board.standings()
    return one.state, one.code, one.since


def answer(health: Health, error: Exception | None = None) -> None:
    """Let the partner answer, or not."""
    try:
        with health.of_calls():
            if error is not None:
                raise error
    except PartnerUnavailable:
        pass


def test_an_outage_is_told_from_its_beginning_until_the_partner_answers(board: Board, health: Health) -> None:
    for _ in range(3):
        answer(health, DOWN)
    during = told(board)
    answer(health)
    assert (during, told(board)) == (("retrying", "LT-E5002", 2), ("running", "", 3))


def test_that_the_partner_answers_is_no_comfort_where_nothing_can_be_written(board: Board, health: Health) -> None:
    health.failed(FULL)
    answer(health)
    during = told(board)[:2]
    health.well()
    assert (during, told(board)[0]) == (("retrying", "LT-E3008"), "running")


def test_who_has_nothing_to_do_after_a_failure_is_well_after_a_while(board: Board, health: Health) -> None:
    health.failed(FULL)
    health.lasted()
    assert told(board)[0] == "running"


def test_who_still_has_trouble_after_a_while_is_not_well(board: Board, health: Health) -> None:
    health.failed(FULL)
    answer(health, DOWN)
    health.lasted()
    assert told(board)[:2] == ("retrying", "LT-E5002")


def test_a_failure_is_news_once_and_counted_each_time(board: Board, health: Health) -> None:
    assert [health.failed(FULL) for _ in range(3)] == [True, False, False]
    assert board.standings()[0].failures == 3


def test_of_an_exception_that_is_none_of_ours_only_the_class_is_told(board: Board, health: Health) -> None:
    health.failed(KeyError("Nguyễn Văn Bí Mật"))
    assert board.standings()[0].message == "an unexpected fault, KeyError"


def test_what_is_passed_over_is_told_now_and_then_and_says_nothing_of_the_partner() -> None:
    told: list[Sequence[Standing]] = []
    board = Board(told.append)
    health = board.add("postal", "sink", "postal")
    health.trouble(DOWN)
    before = len(told)
    health.passed_over(3)
    health.passed_over(4)
    silent = len(told) - before
    board.tell_counts()
    board.tell_counts()
    assert (silent, [(one.passed_over, one.state) for (one,) in told[before:]]) == (0, [(7, "retrying")])


def test_what_a_part_has_passed_over_is_that_of_its_living_processes_else_of_the_last(tmp_path: Path) -> None:
    parts = [Standing(connector="postal", kind="sink", name="postal", passed_over=count) for count in (1, 10, 100)]
    lives = [Page(is_alive=alive, standings=(part,)) for alive, part in zip((False, True, True), parts, strict=True)]
    with closing(open_engine("sqlite://")) as engine:
        told = [[one.passed_over for one in statuses(engine, pages)] for pages in (lives, lives[:1])]
    assert told == [[110], [1]]


def test_a_bookmark_of_a_replay_is_no_source() -> None:
    with closing(open_engine("sqlite://")) as engine:
        engine.claim("replay/0123456789abcdef").release()
        engine.claim("file-drop").release()
        assert [one.name for one in statuses(engine)] == ["file-drop"]


def test_a_notebook_is_read_by_others_and_known_to_be_a_dead_ones_after_its_end(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path)
    notebook.begin()
    board = Board(notebook.keep)
    board.add("postal", "sink", "postal").failed(DOWN)
    alive = list(pages(tmp_path))
    notebook.close()
    assert [page.is_alive for page in (*alive, *pages(tmp_path))] == [True, False]
    assert [page.standings for page in pages(tmp_path)] == [tuple(board.standings())]


def test_a_start_clears_what_dead_ones_left_and_nothing_else(tmp_path: Path) -> None:
    dead, living = Notebook(tmp_path), Notebook(tmp_path)
    for notebook, name in ((dead, "dead"), (living, "living")):
        notebook.begin()
        Board(notebook.keep).add("postal", "sink", name)
    dead.close()
    Notebook(tmp_path).begin()
    assert [page.standings[0].name for page in pages(tmp_path)] == ["living"]
    living.close()


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff", b'[{"name":"x"}]'])
def test_a_file_that_is_no_page_is_passed_over(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "1-a.json").write_bytes(raw)
    assert list(pages(tmp_path)) == []


def test_a_notebook_that_cannot_be_written_says_so_once_and_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "serving").write_text("a file is in the way", "utf-8")
    notebook = Notebook(tmp_path)
    standings: Sequence[Standing] = [Standing(connector="a", kind="sink", name="a")]
    for _ in range(3):
        notebook.keep(standings)
    assert [record.getMessage() for record in caplog.records] == ["how the parts stand cannot be written"]
    assert os.listdir(tmp_path) == ["serving"]  # noqa: PTH208
