"""Searching the log by time, topic, type and agency: a scan that says exactly what it looked at.

Headers are compared before a value is decoded. Of many matches the first by time are kept, and all are counted.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from bus.deadletters import SUFFIX, dead_letter_topic
from bus.pages import pages
from bus.records import Record, TopicPartition
from bus.transport import Engine, Span, Transport
from replay.moments import Window
from replay.reading import (
    Coverage,
    Progress,
    Spans,
    Told,
    Unreadable,
    occurred_header,
    retained,
    spans_of,
    told,
    unreadable,
)
from replay.timeline import Happening, happening, order_of

if TYPE_CHECKING:
    from bus.wire import Wire


class Wanted(Struct, frozen=True, kw_only=True):
    """What a search asks for; None leaves it open."""

    window: Window
    topic: str | None = None
    type: str | None = None
    agency: str | None = None

    def may_match(self, record: Record) -> bool:
        """Tell from the headers alone whether a record can be meant; doubt counts as yes."""
        if self.type is not None and record.header("ce_type") not in (None, self.type.encode()):
            return False
        if self.agency is not None and record.header("ce_agency") != self.agency.encode():
            return False
        return self.window.holds(occurred_header(record), record.timestamp)

    def matches(self, one: Told) -> bool:
        """Tell whether a record that was read is meant."""
        if self.topic is not None and one.record.topic != self.topic:
            return False
        return one.event is not None and self.may_match(one.record) and self.type in (None, one.event.type)

    def coverage(self, found: Coverage) -> Coverage:
        """Return what of an index's coverage matters here: records that nobody could read may still be meant."""
        unread = [one for one in found.unreadable if self.window.holds(one.occurred, one.accepted)]
        if self.topic is not None:
            asked = (self.topic, dead_letter_topic(self.topic))
            unread = [one for one in unread if one.place.rsplit("/", 2)[0] in asked]
        return msgspec.structs.replace(found, unreadable=unread)


class Matches(Struct, frozen=True, kw_only=True):
    """The first matches by time, how many there are in all, and what could not be read among what might be meant."""

    happenings: Sequence[Happening]
    total: int
    unreadable: Sequence[Unreadable]


class Scan:
    """One pass over the spans that a search needs. ``unreadable`` fills as it goes."""

    def __init__(self, log: Transport, wire: Wire, wanted: Wanted) -> None:
        self._log, self._wire, self._wanted = log, wire, wanted
        self.unreadable: list[Unreadable] = []

    def spans(self, all_spans: Spans) -> Spans:
        """Return what has to be looked at: the topic asked for, cut where times of acceptance allow it."""
        return {name: self._cut(name, span) for name, span in all_spans.items() if self._is_asked(name.topic)}

    def run(self, spans: Spans, progress: Progress) -> Iterator[Told]:
        """Yield every match, partition by partition."""
        total, done = sum(span.end - span.first for span in spans.values()), 0
        for name, span in spans.items():
            for page in pages(self._log, name, span.first, span.end):
                if page.damaged is not None:
                    self.unreadable.append(Unreadable(place=page.damaged.place, code=page.damaged.error.code))
                yield from self._matching(page.records)
                progress(done + page.next - span.first, total)
            done += span.end - span.first

    def _is_asked(self, topic: str) -> bool:
        """Dead letters are searched only by their topic's name: what they hold are not events of the bus."""
        return topic == self._wanted.topic or (self._wanted.topic is None and not topic.endswith(SUFFIX))

    def _cut(self, name: TopicPartition, span: Span) -> Span:
        first, last = self._wanted.window.accepted_first, self._wanted.window.accepted_last
        start = span.first if first is None else self._log.offset_at(name, first)
        end = span.end if last is None else self._log.offset_at(name, last + 1)
        start = min(max(start, span.first), span.end)
        return Span(start, max(start, min(end, span.end)))

    def _matching(self, records: Sequence[Record]) -> Iterator[Told]:
        for record in records:
            if record.value is None or not self._wanted.may_match(record):
                continue
            one = told(self._wire, record)
            if one.event is None:
                self.unreadable.append(unreadable(one))
            elif self._wanted.matches(one):
                yield one


def search(engine: Engine, wire: Wire, wanted: Wanted, most: int, progress: Progress) -> tuple[Matches, Coverage]:
    """Scan the log, up to the ends that it has now, and return the first ``most`` matches by the window's time."""
    now = round(time.time() * 1000)
    spans = spans_of(engine, wanted.topic)
    scan = Scan(engine.log, wire, wanted)
    searched = scan.spans(spans)
    happenings, total = first_by_time(scan.run(searched, progress), wanted.window, most)
    coverage = Coverage(searched_at=now, spans=searched, unreadable=scan.unreadable, retained=retained(spans))
    return Matches(happenings=happenings, total=total, unreadable=scan.unreadable), coverage


def first_by_time(found: Iterable[Told], window: Window, most: int) -> tuple[Sequence[Happening], int]:
    """Return the first ``most`` by the window's time, and the number of all; memory holds no more than ``most``."""
    total = 0

    def counted() -> Iterator[Happening]:
        nonlocal total
        for one in found:
            if one.event is not None:
                total += 1
                yield happening(one, one.event)

    kept = heapq.nsmallest(most, counted(), key=lambda one: order_of(one, window.by))
    return kept, total
