"""Giving records to a target, masked and in pieces that it has room for; the bookmark moves when a piece is safe."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bus.records import Record
from replay.runs.bookmark import Bookmark
from replay.runs.state import State, Tally
from replay.runs.target import RunFacts, Target

Mask = Callable[[Record], Record]
"""Returns a record with its mask on. Raises :class:`~bus.errors.ContractError` for one that takes none."""

_SETTLE_S = 0.5
"""The longest that records which were taken wait for the bookmark."""


class Giver:
    """One process's hand. ``hear`` is told the state whenever the bookmark has been looked after, and may end the run.

    Raises what the target and the log raise: what was not settled then comes again.
    """

    def __init__(self, target: Target, bookmark: Bookmark, mask: Mask | None, hear: Callable[[State], None]) -> None:
        self._target, self._room, self._bookmark, self._mask, self._hear = target, target.room, bookmark, mask, hear
        self._tally = Tally(bookmark.state)
        self._held: list[Record] = []
        self._count = self._size = 0
        self._settled_at = time.monotonic()

    def begin(self, facts: RunFacts) -> None:
        """Make ready behind the bookmark; a new run is told in the books."""
        self._target.begin(facts, self._bookmark.state.mark)
        self._bookmark.begin()

    def give(self, records: Sequence[Record]) -> None:
        """Give records on; what takes no mask is counted, and stays here."""
        mask, held, tally, room = self._mask, self._held, self._tally, self._room
        for record in records:
            given = record if mask is None else tally.masked(mask, record)
            if given is None:
                continue
            size = len(given.value or b"") + len(given.key or b"")
            if self._count and (self._count >= room.records or self._size + size > room.bytes):
                self.settle()
            tally.give(record, size)
            held.append(given)
            self._count += 1
            self._size += size
        self._hand_over()

    @property
    def is_due(self) -> bool:
        """Tell whether something has waited long enough for the bookmark."""
        return time.monotonic() - self._settled_at >= _SETTLE_S

    def settle(self) -> None:
        """Have the target make safe what it took, and move the bookmark with it."""
        self._hand_over()
        if self._count:
            settled = self._target.settle()
            self._bookmark.state.mark = settled.mark
            self._count = self._size = 0
            self._bookmark.save(settled.appends)
        self._settled_at = time.monotonic()
        self._hear(self._bookmark.state)

    def finish(self) -> None:
        """Make the whole visible."""
        self._target.finish()

    def _hand_over(self) -> None:
        if self._held:
            self._target.take(self._held)
            self._held.clear()
