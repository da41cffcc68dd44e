"""Reads the log into the index: whole pages, sorted batches, and positions that move with their rows.

What cannot be read is remembered with its place and never stops the follower. A log that was replaced, other
tags or another key mean that the index is of something else: it is then made anew, with a sentence to say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from bus.deadletters import SUFFIX
from bus.envelope import Envelope
from bus.errors import ContractError, CorruptRecord
from bus.pages import Page, pages
from bus.records import Record, TopicPartition
from bus.transport import Span, Transport
from replay.index.identifiers import Identifier, Identifiers
from replay.index.keys import fingerprint, hidden
from replay.index.store import Move, Position, Posting, Spot, Store, Unread
from replay.reading import Progress, Spans, occurred_header

if TYPE_CHECKING:
    from bus.wire import Wire

BATCH_POSTINGS = 20_000
_MOST_PAGES = 200
_RETRIED = 200


class Reading(Struct, frozen=True, kw_only=True):
    """What was pulled from one page."""

    postings: Sequence[Posting]
    unread: Sequence[Unread]


class Follower:
    """Brings the index up to given ends. One at a time by its caller's lock; two at once do no harm."""

    def __init__(self, log: Transport, wire: Wire, store: Store, key: bytes) -> None:
        self._log, self._wire, self._store, self._key = log, wire, store, key
        self._identifiers = Identifiers(wire.catalogue)
        self._checked = False

    def hide(self, one: Identifier) -> int:
        """Return how an identifier is written in the index."""
        return hidden(self._key, one.kind, one.value)

    def carries(self, record: Record, event: Envelope | None, wanted: Identifier) -> bool:
        """Tell whether a record really has an identifier, so that a colliding hash shows nobody a wrong event."""
        return any(one == wanted for one in self._identifiers.of(record, event))

    def follow(self, ends: Spans, progress: Progress) -> Sequence[str]:
        """Read every partition up to its end in ``ends``; return sentences on what a person should know."""
        notes = [] if self._checked else self._check(ends)
        positions = self._store.enter(sorted(ends))
        if not self._checked:
            self._read_again()
            if any(span.first for span in ends.values()):
                self._store.drop_before({partition: span.first for partition, span in ends.items()})
            self._checked = True
        self._index(positions, ends, progress)
        return notes

    def is_astray(self, ends: Spans, positions: Mapping[TopicPartition, Position]) -> bool:
        """Tell whether the index knows more than the log has: the log was replaced."""
        return any(position.next > ends[name].end for name, position in positions.items() if name in ends)

    def doubt(self) -> None:
        """Compare with the log again before the next reading."""
        self._checked = False

    def _check(self, ends: Spans) -> list[str]:
        """Start over where the index is of another key, other tags or another log."""
        stamps = {
            "key": fingerprint(self._key, b"").hex(),
            "tags": hashlib.sha256(self._identifiers.digest().encode()).hexdigest(),
        }
        positions = self._store.positions()
        reason = self._reason_to_start_over(stamps, ends, positions)
        if reason is not None:
            self._store.start_over(stamps)
        return [f"The index was made anew: {reason}."] if reason and positions else []

    def _reason_to_start_over(
        self, stamps: Mapping[str, str], ends: Spans, positions: Mapping[TopicPartition, Position]
    ) -> str | None:
        if self._store.stamp("key") != stamps["key"]:
            return "its key is another one"
        if self._store.stamp("tags") != stamps["tags"]:
            return "the contracts now tag other identifiers"
        if self.is_astray(ends, positions):
            return "it knew more records than the log has, so the log was replaced"
        if any(self._differs(name, position, ends[name]) for name, position in positions.items() if name in ends):
            return "the log holds other records than those it was made from"
        return None

    def _differs(self, name: TopicPartition, position: Position, span: Span) -> bool:
        """Compare the last record read with what stands there now; what retention took cannot be compared."""
        if not position.tail or position.next <= span.first:
            return False
        offset = position.next - 1
        try:
            found = self._log.read(name, offset, 1)
        except CorruptRecord:
            return False
        return bool(found) and found[0].offset == offset and self._tail(found[0]) != position.tail

    def _tail(self, record: Record) -> bytes:
        content = b"\0".join((str(record.timestamp).encode(), record.key or b"", record.value or b""))
        return fingerprint(self._key, content)

    def _read_again(self) -> None:
        """Try what could not be read before: a schema may have been registered since."""
        positions = self._store.positions()
        for unread in self._store.unread()[:_RETRIED]:
            name = TopicPartition(unread.spot.topic, unread.spot.partition)
            number, offset = positions[name].number, unread.spot.offset
            reading = self._reading(number, next(pages(self._log, name, offset, offset + 1)))
            if not reading.unread:
                self._store.read_after_all(number, offset, reading.postings)

    def _index(self, positions: Mapping[TopicPartition, Position], ends: Spans, progress: Progress) -> None:
        starts = {name: max(positions[name].next, span.first) for name, span in ends.items()}
        total = sum(max(0, ends[name].end - start) for name, start in starts.items())
        done = gathered = 0
        moves: list[Move] = []
        for name, span in ends.items():
            for move in self._moves(name, positions[name], span):
                moves.append(move)
                done += move.next - max(move.old, span.first)
                gathered += len(move.postings)
                if gathered >= BATCH_POSTINGS or len(moves) >= _MOST_PAGES:
                    self._write(moves)
                    moves, gathered = [], 0
                    progress(done, total)
        self._write(moves)
        progress(done, total)

    def _write(self, moves: Sequence[Move]) -> None:
        """Another follower having been faster is no fault: the positions of the answer tell how far it came."""
        if moves:
            self._store.write(moves)

    def _moves(self, name: TopicPartition, position: Position, span: Span) -> Iterator[Move]:
        """Yield a partition's pages as moves of its position, up to the end that was seen."""
        old = position.next
        for page in pages(self._log, name, max(position.next, span.first), span.end):
            reading = self._reading(position.number, page)
            last = page.records[-1] if page.records else None
            tail = self._tail(last) if last is not None and last.offset == page.next - 1 else b""
            yield Move(
                number=position.number, old=old, next=page.next, tail=tail,
                postings=reading.postings, unread=reading.unread,
            )  # fmt: skip
            old = page.next

    def _reading(self, number: int, page: Page) -> Reading:
        postings: list[Posting] = []
        unread: list[Unread] = []
        if page.damaged is not None:
            spot = Spot(*page.damaged.partition, page.damaged.offset)
            unread.append(Unread(spot, None, None, page.damaged.error.code))
        for record in page.records:
            found, code = self._pulled(record)
            postings.extend(Posting(one, number, record.offset) for one in {self.hide(one) for one in set(found)})
            if code:
                spot = Spot(record.topic, record.partition, record.offset)
                unread.append(Unread(spot, record.timestamp, occurred_header(record), code))
        return Reading(postings=postings, unread=unread)

    def _pulled(self, record: Record) -> tuple[Iterator[Identifier], str]:
        """Return a record's identifiers, and the error's code if its value could not be read."""
        if record.value is None or record.topic.endswith(SUFFIX):
            return self._identifiers.of(record, None), ""
        try:
            return self._identifiers.of(record, self._wire.decode(record)), ""
        except ContractError as error:
            return self._identifiers.of(record, None), error.code
