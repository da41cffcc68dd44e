"""Where the reading of a partner stands: rounds over all feeds, each from its watermark less the overlap. Pure.

A round reads what had changed before ``until``: the partner's own time at its beginning, less the safety lag. Within a
feed the bookmark is composite, (time, id), so that equal times across a page's end lose nothing. When a feed's part
is over, its watermark becomes the newest time read: never later than ``until``, and never taken from our clock.

So a row is read if it shows up no later than the lag and the overlap together after the time that it carries. Since
only whole seconds are read, the next round begins with the second behind those: without an overlap nothing comes twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bus.errors import CursorLost
from connectors import times


class Bookmark(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """``until`` is empty between rounds; ``page`` counts pages that were asked for behind the same row."""

    watermarks: Mapping[str, str] = {}
    until: str = ""
    feed: str = ""
    time: str = ""
    id: str = ""
    page: int = 1

    @property
    def at_rest(self) -> bool:
        """No round is under way."""
        return not self.feed


class Course(Struct, frozen=True, kw_only=True):
    """What a configuration says about rounds: the feeds in order, the very first time, and the overlap."""

    feeds: Sequence[str]
    since: str
    overlap_s: int


def decode(cursor: bytes | None) -> Bookmark:
    """Return the bookmark of a cursor. Raises :class:`~bus.errors.CursorLost` for one of another connector."""
    if cursor is None:
        return Bookmark()
    try:
        mark = msgspec.json.decode(cursor, type=Bookmark)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _lost() from error
    if any(times.parse(time) is None for time in (*mark.watermarks.values(), mark.time or "20000101000000")):
        raise _lost()
    return mark


def _lost() -> CursorLost:
    return CursorLost(
        "the stored cursor is none of a one-stop system",
        hint="Give this source another `name`: as a new source it reads from `since` on, and tells everything anew.",
    )


def encode(mark: Bookmark) -> bytes:
    """Return the cursor: the same bytes for the same bookmark."""
    return msgspec.json.encode(mark, order="sorted")


def opened(mark: Bookmark, course: Course) -> Bookmark:
    """Return where to read next: a new round where none is under way, or where its feed is no longer configured."""
    if mark.feed in course.feeds:
        return mark
    return _at_feed(replace(mark, until=""), course.feeds[0], course)


def within(mark: Bookmark, until: str) -> Bookmark:
    """Return the bookmark of a round that reads up to ``until``."""
    return replace(mark, until=until)


def turned(mark: Bookmark) -> Bookmark:
    """Return the bookmark that asks for the next page behind the same row."""
    return replace(mark, page=mark.page + 1)


def moved(mark: Bookmark, time: str, row_id: str) -> Bookmark:
    """Return the bookmark behind a row."""
    return replace(mark, time=time, id=row_id, page=1)


def feed_done(mark: Bookmark, course: Course) -> Bookmark:
    """Return the bookmark behind the last row of a feed's part: at the next feed, or at rest."""
    reached = max(mark.watermarks.get(mark.feed, ""), mark.time) if mark.id else mark.watermarks.get(mark.feed, "")
    watermarks = {**mark.watermarks, mark.feed: reached} if reached else mark.watermarks
    following = list(course.feeds[course.feeds.index(mark.feed) + 1 :])
    done = replace(mark, watermarks=watermarks)
    return _at_feed(done, following[0], course) if following else Bookmark(watermarks=watermarks)


def _at_feed(mark: Bookmark, feed: str, course: Course) -> Bookmark:
    watermark = mark.watermarks.get(feed)
    start = course.since if watermark is None else max(course.since, times.before(watermark, course.overlap_s - 1))
    return replace(mark, feed=feed, time=start, id="", page=1)
