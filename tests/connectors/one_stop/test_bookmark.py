"""Rounds: where they begin, how they go through the feeds, and what they leave behind."""

from __future__ import annotations

import pytest

from bus.errors import CursorLost
from connectors import times
from connectors.one_stop import bookmark
from connectors.one_stop.bookmark import Bookmark, Course

COURSE = Course(feeds=("dossiers", "steps"), since="20250601000000", overlap_s=600)
READ = {"dossiers": "20250701120000", "steps": "20250701115000"}


def test_the_first_round_begins_where_the_configuration_says() -> None:
    mark = bookmark.opened(Bookmark(), COURSE)
    assert (mark.feed, mark.time, mark.id, mark.until) == ("dossiers", "20250601000000", "", "")


def test_a_later_round_begins_behind_the_watermark_less_the_overlap() -> None:
    assert bookmark.opened(Bookmark(watermarks=READ), COURSE).time == "20250701115001"


def test_a_round_under_way_goes_on() -> None:
    mark = Bookmark(watermarks=READ, feed="steps", time="20250701120000", id="7", until="20250701130000")
    assert bookmark.opened(mark, COURSE) == mark


def test_a_feed_that_is_no_longer_read_ends_the_round() -> None:
    mark = Bookmark(watermarks=READ, feed="payments", time="20250701120000", id="7", until="20250701130000")
    assert bookmark.opened(mark, COURSE).feed == "dossiers"
    assert bookmark.opened(mark, COURSE).until == ""


def test_a_feeds_part_leaves_its_newest_time_and_goes_to_the_next() -> None:
    mark = bookmark.moved(bookmark.opened(Bookmark(watermarks=READ), COURSE), "20250702080000", "7")
    after = bookmark.feed_done(bookmark.within(mark, "20250702090000"), COURSE)
    assert (after.watermarks["dossiers"], after.feed, after.time, after.until) == (
        "20250702080000", "steps", "20250701114001", "20250702090000",
    )  # fmt: skip


def test_the_last_feed_ends_the_round() -> None:
    mark = Bookmark(watermarks=READ, feed="steps", time="20250702080000", id="7", until="20250702090000")
    assert bookmark.feed_done(mark, COURSE) == Bookmark(watermarks={**READ, "steps": "20250702080000"})


def test_a_watermark_never_goes_back() -> None:
    mark = Bookmark(watermarks=READ, feed="steps", time="20250701114500", id="7", until="20250702090000")
    assert bookmark.feed_done(mark, COURSE).watermarks == READ


def test_a_round_in_which_nothing_came_leaves_the_cursor_as_it_was() -> None:
    rest = Bookmark(watermarks=READ)
    mark = bookmark.feed_done(bookmark.feed_done(bookmark.opened(rest, COURSE), COURSE), COURSE)
    assert bookmark.encode(mark) == bookmark.encode(rest)


def test_a_cursor_is_read_back_as_it_was() -> None:
    mark = Bookmark(watermarks=READ, feed="steps", time="20250701120000", id="Đ/7", page=2, until="20250701130000")
    assert bookmark.decode(bookmark.encode(mark)) == mark
    assert bookmark.decode(None) == Bookmark()


@pytest.mark.parametrize(
    "cursor",
    [
        b"",
        b"41",
        b"\xff",
        b'{"file":"a.csv","offset":7}',
        b'{"watermarks":{"steps":"soon"}}',
        b'{"feed":"steps","time":"x"}',
    ],
)
def test_a_cursor_of_somebody_else_is_lost(cursor: bytes) -> None:
    with pytest.raises(CursorLost):
        bookmark.decode(cursor)


@pytest.mark.parametrize(
    "text", ["", "2026", "20260609081560", "20261309081500", "２０２６０６０９０８１５００", "00000609081500"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert times.parse(text) is None


def test_times_are_vietnams() -> None:
    moment = times.parse("20260609003000")
    assert moment is not None
    assert (moment.isoformat(), times.told(moment)) == ("2026-06-08T17:30:00+00:00", "20260609003000")
