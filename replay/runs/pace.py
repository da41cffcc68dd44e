"""When each record is due: as soon as it can be, or at a multiple of the pace at which things once went. Pure."""

from __future__ import annotations

from bus.records import Record
from replay.reading import occurred_header
from replay.runs.plan import Pace


class Pacer:
    """Says how many seconds after the first record each is due; asked in order, once for each.

    What happened before its neighbours, or at no known time, waits for nothing: order is never changed for a pace.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._latest: int | None = None
        self._due_s = 0.0

    @property
    def is_flat(self) -> bool:
        """Tell whether nothing ever waits."""
        return self._pace.speed is None

    def due_s(self, record: Record) -> float:
        """Return when ``record`` is due."""
        if self._pace.speed is None:
            return 0.0
        moment = record.timestamp if self._pace.by == "accepted" else occurred_header(record)
        if moment is not None and (self._latest is None or moment > self._latest):
            if self._latest is not None:
                self._due_s += self._shortened((moment - self._latest) / 1000 / self._pace.speed)
            self._latest = moment
        return self._due_s

    def _shortened(self, wait_s: float) -> float:
        return wait_s if self._pace.max_gap_s is None else min(wait_s, self._pace.max_gap_s)
