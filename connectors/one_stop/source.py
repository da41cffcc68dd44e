"""The source: one partner's feeds in rounds, page by page. Everything that it decides is in :mod:`.bookmark`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from bus.envelope import Envelope
from bus.errors import PartnerUnavailable
from connectors import times
from connectors.one_stop import bookmark
from connectors.one_stop.bookmark import Bookmark, Course
from connectors.one_stop.client import Page, Query
from connectors.one_stop.config import Settings
from connectors.one_stop.feeds import FEEDS
from connectors.one_stop.mapping import By, events
from connectors.one_stop.rows import Row, rows
from connectors.sdk import Batch, Fetched

MAX_EMPTY_PAGES = 10
"""A page may be empty although there is more; so many in a row mean that the partner goes round in circles."""


class Partner(Protocol):
    """What the source needs of its client."""

    def page(self, query: Query) -> Page:
        """Return one page."""
        ...

    def close(self) -> None:
        """Close the connections. May be repeated."""
        ...


class _Turn(NamedTuple):
    """A page's things and the bookmark behind them.

    ``is_behind`` if the round began so long ago, before a halt perhaps, that the next should follow at once.
    """

    mark: Bookmark
    items: Sequence[Fetched]
    is_behind: bool


class OneStopSource:
    """Dossiers, steps, payments and requests of a one-stop system; README.md has what a round is and promises."""

    topic = "dossier.events"

    def __init__(self, settings: Settings, partner: Partner) -> None:
        config = settings.config
        self._config, self._partner = config, partner
        self._course = Course(
            feeds=config.feeds, since=f"{config.since:%Y%m%d}000000", overlap_s=config.overlap_s,
        )  # fmt: skip
        self._by = By(
            source=config.name, agency=config.agency, applicant_kinds=config.applicant_kinds,
            confirmed_elsewhere=frozenset(config.confirmed_elsewhere),
        )  # fmt: skip
        self._patience = timedelta(seconds=config.interval_s + config.overlap_s)
        self.name, self.interval_s = config.name, config.interval_s

    def fetch(self, cursor: bytes | None) -> Batch:
        """Turn pages until a page's worth of things came or the round is over; as the port says."""
        mark = bookmark.opened(bookmark.decode(cursor), self._course)
        items: list[Fetched] = []
        while True:
            turn = self._turn(mark)
            mark = turn.mark
            items += turn.items
            if mark.at_rest or len(items) >= self._config.page_size:
                more = not mark.at_rest or turn.is_behind
                return Batch(items=items, cursor=bookmark.encode(mark), more=more)

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return the facts of a thing of any feed; as the port says."""
        return events(item.value, self._by)

    def close(self) -> None:
        """Let go of the connections. May be repeated."""
        self._partner.close()

    def _turn(self, mark: Bookmark) -> _Turn:
        """Take one page."""
        page = self._partner.page(self._query(mark))
        settled = page.answered_at - timedelta(seconds=self._config.safety_lag_s)
        until = mark.until or times.told(settled)
        mark = bookmark.within(mark, until)
        found = [item for item in rows(page.items, mark) if _is_settled(item, until)]
        behind = _behind(mark, found)
        if not page.more or len(found) < len(page.items):
            behind = bookmark.feed_done(behind, self._course)
        return _Turn(behind, found, until < times.told(settled - self._patience))

    def _query(self, mark: Bookmark) -> Query:
        service = FEEDS[mark.feed].service
        if mark.page > MAX_EMPTY_PAGES:
            raise PartnerUnavailable(f"{service}: over {MAX_EMPTY_PAGES} pages without a row, and still more to come")
        return Query(service, mark.time, mark.id, mark.until, mark.page, self._config.page_size)


def _is_settled(item: Fetched, until: str) -> bool:
    """Leave for the next round what is so young that an older change may still come."""
    row = item.value
    return not isinstance(row, Row) or row.time < until


def _behind(mark: Bookmark, found: Sequence[Fetched]) -> Bookmark:
    settled = [item.value for item in found if isinstance(item.value, Row)]
    return bookmark.moved(mark, settled[-1].time, settled[-1].id) if settled else bookmark.turned(mark)
