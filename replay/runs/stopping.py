"""Whether a run is to stop: for now, since its process is asked to end, or for good, since somebody cancelled it."""

from __future__ import annotations

import time
from threading import Event

from bus import retry
from bus.errors import Duplicate
from bus.transport import Commit, Seen, Transport
from replay.runs.plan import Plan

INTERRUPTED, CANCELLED = "interrupted", "cancelled"

_CANCELS = "replay-cancel"
"""The inbox scope that remembers which runs are to be cancelled: whoever runs one looks there."""

_LOOK_S = 0.5


class Stopped(Exception):
    """The run is to stop here; ``outcome`` says for how long. ``is_midway`` where the target was at work."""

    def __init__(self, outcome: str, *, is_midway: bool = False) -> None:
        super().__init__()
        self.outcome, self.is_midway = outcome, is_midway


class Watch:
    """Looks whether one run is to stop, and waits no longer than until it is."""

    def __init__(self, stop: Event, log: Transport, plan: Plan) -> None:
        self._stop, self._log, self._id = stop, log, _id16(plan)

    def look(self, *, is_midway: bool = False) -> None:
        """Raise :class:`Stopped` if it is."""
        if self._log.seen(_CANCELS, [self._id]):
            raise Stopped(CANCELLED, is_midway=is_midway)
        if self._stop.is_set():
            raise Stopped(INTERRUPTED, is_midway=is_midway)

    @property
    def is_asked_to_end(self) -> bool:
        """Tell whether the process is; costs nothing, so it may be asked for each record."""
        return self._stop.is_set()

    def wait_until(self, due: float, *, is_midway: bool = False) -> None:
        """Wait until ``time.monotonic()`` is ``due``. Raises :class:`Stopped`."""
        while (left := due - time.monotonic()) > 0:
            self._stop.wait(min(left, _LOOK_S))
            self.look(is_midway=is_midway)

    def rest(self, seconds: float) -> None:
        """Wait before a target is asked again. Raises :class:`Stopped`."""
        self.wait_until(time.monotonic() + seconds, is_midway=True)


def ask_to_cancel(log: Transport, plan: Plan) -> None:
    """Have whoever runs a plan stop for good at the next bookmark. May be repeated."""
    seen = Seen(scope=_CANCELS, id=_id16(plan))
    if not log.seen(_CANCELS, [seen.id]):
        try:
            retry.call(lambda: log.commit(Commit(seen=[seen])))
        except Duplicate:
            return  # somebody else has asked meanwhile


def _id16(plan: Plan) -> bytes:
    """Return 16 bytes of the plan's digest, which is what an inbox remembers."""
    return bytes.fromhex(plan.digest)[:16]
