"""The simulated system's clock: set by hand, or running from a start at some speed."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from connectors.times import VIETNAM


class Clock(Protocol):
    """What time it is for the simulated system."""

    def now(self) -> datetime:
        """Return the time."""
        ...


class HandClock:
    """Stands still until it is set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return what was set last."""
        return self.moment


class RunningClock:
    """Begins at ``start`` and goes ``speed`` times as fast as ours."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self._start, self._speed, self._begun = start, speed, time.monotonic()

    def now(self) -> datetime:
        """Return the time."""
        return self._start + timedelta(seconds=(time.monotonic() - self._begun) * self._speed)


class WallClock:
    """Our own clock, but one that never goes back behind ``not_before``, nor behind what it has told."""

    def __init__(self, not_before: datetime) -> None:
        self._last, self._lock = not_before, Lock()

    def now(self) -> datetime:
        """Return the time."""
        with self._lock:
            self._last = max(self._last, datetime.now(VIETNAM))
            return self._last
