"""How many lines of a kind the log gets: strangers decide how often a door is tried, and not how full the disk is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from time import monotonic
from typing import NamedTuple

MOST, WITHIN_S = 20, 60.0


class _Told(NamedTuple):
    since: float
    told: int
    untold: int


class Sparing:
    """Lets the first ``MOST`` lines of a kind through in each minute. Threads share it; kinds must be few."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kinds: dict[Hashable, _Told] = {}
        self._lock = Lock()

    def untold(self, kind: Hashable) -> int | None:
        """Return how many lines were held back since the last one of this kind, or None if this one is held back too.

        >>> sparing = Sparing(clock=lambda: 0.0)
        >>> [sparing.untold("a") for _ in range(MOST + 1)][-2:], sparing.untold("b")
        ([0, None], 0)
        """
        with self._lock:
            now = self._clock()
            since, told, untold = self._kinds.get(kind, _Told(now, 0, 0))
            if now - since >= WITHIN_S:
                since, told = now, 0
            if told >= MOST:
                self._kinds[kind] = _Told(since, told, untold + 1)
                return None
            self._kinds[kind] = _Told(since, told + 1, 0)
            return untold
