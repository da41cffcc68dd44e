"""Answers where an identifier stands: catch up with the log, ask the postings, read the records, check them.

A query first catches up to the ends that it saw at its start; what it could not search, it names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from bus.errors import CorruptRecord
from bus.records import Record, TopicPartition
from bus.transport import Engine
from replay.index.database import file_of
from replay.index.follower import Follower
from replay.index.identifiers import Identifier
from replay.index.keys import load_key
from replay.index.lock import try_lock
from replay.index.store import PERIOD_POSTINGS, Position, Snapshot, Spot, Store, open_store
from replay.letters import with_closed
from replay.reading import Coverage, Gap, Progress, Spans, Told, Unreadable, retained, spans_of, told

if TYPE_CHECKING:
    from bus.wire import Wire

PATIENCE_S = 15.0
_LOOK_S = 0.02
_NEAR = 4
"""Records this close are read together: one page costs less than two reads."""


class Found(Struct, frozen=True, kw_only=True):
    """The records that carry an identifier, in no order, and how complete that is."""

    told: Sequence[Told]
    coverage: Coverage


def quiet(_done: int, _total: int) -> None:
    """Show no progress."""


class Index:
    """The by-identifier index over one log. May be kept open: a second question only catches up with the news."""

    def __init__(self, engine: Engine, wire: Wire, store: Store, follower: Follower, lock: Path | None) -> None:
        self._engine, self._wire, self._store, self._follower, self._lock = engine, wire, store, follower, lock
        self._version = -1
        self._spans: Spans = {}
        self._is_trusted = False

    def find(self, wanted: Identifier, *, progress: Progress = quiet, patience_s: float = PATIENCE_S) -> Found:
        """Return all records that carry ``wanted``, up to the ends that the log has now.

        Where another process is at work on the index, wait for it for ``patience_s`` and then name what is missing.
        """
        now = round(time.time() * 1000)
        spans = self._ends()
        notes: Sequence[str] = ()
        hidden = self._follower.hide(wanted)
        snapshot = self._store.find(hidden)
        gaps = gaps_of(snapshot.positions, spans)
        if gaps or not self._can_trust(snapshot.positions, spans):
            notes = self._catch_up(spans, progress, patience_s)
            snapshot = self._store.find(hidden)
            gaps = gaps_of(snapshot.positions, spans)
        found = [
            one for one in self._read(snapshot, spans) if isinstance(one, Unreadable) or self._carries(one, wanted)
        ]
        lost = [one for one in found if isinstance(one, Unreadable)]
        coverage = Coverage(
            searched_at=now,
            spans=spans,
            gaps=gaps,
            notes=notes,
            unreadable=[*lost, *self._unread(snapshot, spans)],
            retained=retained(spans),
            is_whole=True,
        )
        tolds = [one for one in found if isinstance(one, Told)]
        return Found(told=with_closed(self._engine.log, tolds), coverage=coverage)

    def keep_up(self, *, progress: Progress = quiet) -> Sequence[str]:
        """Catch up with the log now, unless another process is at it; return sentences on what a person should know.

        What ``progress`` raises ends it between two batches.
        """
        spans, positions = self._ends(), self._store.positions()
        if self._can_trust(positions, spans) and not gaps_of(positions, spans):
            return []
        return self._catch_up(spans, progress, 0.0)

    def close(self) -> None:
        """Close the store. May be repeated."""
        self._store.close()

    def _carries(self, one: Told, wanted: Identifier) -> bool:
        return self._follower.carries(one.record, one.event, wanted)

    def _ends(self) -> Spans:
        """Return all partitions' spans; as before, if the log has no news since."""
        version = self._engine.log.wait(0, 0.0)
        if version != self._version or not self._spans:
            self._spans = spans_of(self._engine)
            self._version = version
        return self._spans

    def _can_trust(self, positions: Mapping[TopicPartition, Position], spans: Spans) -> bool:
        """Tell whether the index is known to be of this log: compared once, and never ahead of it since."""
        if self._follower.is_astray(spans, positions):
            self._follower.doubt()
            return False
        return self._is_trusted

    def _catch_up(self, spans: Spans, progress: Progress, patience_s: float) -> Sequence[str]:
        """Follow the log to ``spans``, or wait while another process does."""
        deadline, notes = time.monotonic() + patience_s, list[str]()
        while True:
            with try_lock(self._lock) as is_mine:
                if is_mine:
                    notes.extend(self._follower.follow(spans, progress))
                    self._is_trusted = True
            missing = sum(gap.end - gap.first for gap in gaps_of(self._store.positions(), spans))
            if not missing or time.monotonic() >= deadline:
                return notes
            progress(0, missing)
            time.sleep(_LOOK_S)

    def _read(self, snapshot: Snapshot, spans: Spans) -> Iterator[Told | Unreadable]:
        by_partition: dict[TopicPartition, list[int]] = {}
        for spot in dict.fromkeys(snapshot.spots):
            name = TopicPartition(spot.topic, spot.partition)
            if name in spans and spans[name].first <= spot.offset < spans[name].end:
                by_partition.setdefault(name, []).append(spot.offset)
        for name, offsets in by_partition.items():
            for near in clusters(sorted(offsets)):
                yield from self._read_near(name, near)

    def _read_near(self, name: TopicPartition, offsets: Sequence[int]) -> Iterator[Told | Unreadable]:
        try:
            records: Sequence[Record] = self._engine.log.read(name, offsets[0], offsets[-1] - offsets[0] + 1)
        except CorruptRecord as error:
            yield Unreadable(place=str(Spot(*name, offsets[0])), code=error.code)
            records = ()
        here = {record.offset: record for record in records}
        yield from (told(self._wire, here[offset]) for offset in offsets if offset in here)
        if len(offsets) > 1:  # a page ends before a damaged record: look at what it left out, one by one
            for offset in offsets[0 if records else 1 :]:
                if offset not in here:
                    yield from self._read_near(name, [offset])

    def _unread(self, snapshot: Snapshot, spans: Spans) -> Iterator[Unreadable]:
        """Yield what the follower could not read, unless retention has taken it since."""
        for one in snapshot.unread:
            name = TopicPartition(one.spot.topic, one.spot.partition)
            if name in spans and spans[name].first <= one.spot.offset < spans[name].end:
                yield Unreadable(place=str(one.spot), code=one.code, accepted=one.accepted, occurred=one.occurred)


def open_index(
    engine: Engine, wire: Wire, url: str, key_file: Path, *, period_postings: int = PERIOD_POSTINGS
) -> Index:
    """Open the index that ``url`` names over ``engine``'s log; its key is made if there is none.

    Raises :class:`~bus.errors.ConfigError` and :class:`~bus.errors.StoreVersion`.
    """
    file = file_of(url)
    key = load_key(key_file)
    store = open_store(url, period_postings=period_postings)
    is_in_memory = file is None and url.startswith("sqlite")
    lock = None if is_in_memory else (file or key_file).with_suffix(".lock")
    return Index(engine, wire, store, Follower(engine.log, wire, store, key), lock)


def gaps_of(positions: Mapping[TopicPartition, Position], spans: Spans) -> list[Gap]:
    """Return what lies between the index and the log's ends."""
    found = []
    for name, span in spans.items():
        start = max(positions[name].next if name in positions else 0, span.first)
        if start < span.end:
            reason = "the index had not come that far, and another process was at work on it"
            found.append(Gap(partition=name, first=start, end=span.end, reason=reason))
    return found


def clusters(offsets: Sequence[int]) -> Iterator[list[int]]:
    """Cut rising offsets where they are far apart.

    >>> list(clusters([1, 2, 4, 90, 91]))
    [[1, 2, 4], [90, 91]]
    """
    near: list[int] = []
    for offset in offsets:
        if near and offset - near[-1] > _NEAR:
            yield near
            near = []
        near.append(offset)
    if near:
        yield near
