"""The supervisor: starts services, starts those again that die, and ends all of them; none outlives it.

One thread forks, watches and ends the children (:mod:`bus.leash` says why one). A child that dies is started again at
once; only if that goes on do rests come between: so short that a second suffices, and longer for a program that
gives up by itself.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep, time
from types import TracebackType

from msgspec import Struct

from bus.children import Child, End
from bus.errors import LienthongError
from bus.services import Service, check_names

PATIENCE_S = 10.0
_LOOK_S = 0.05
_TRIM_S = 5.0
_QUICK_S = 2.0
"""Who dies younger than this dies in a row."""

_FIRST_REST_S, _MOST_REST_S, _MOST_FAULT_REST_S = 0.1, 0.3, 15.0


class Change(Struct, frozen=True, kw_only=True):
    """What became of a service: ``started``, ``ended`` (it is started again after ``rest_s``), or ``stopped`` with all.

    ``code`` is its exit code, negative for a signal; ``reason`` says it in words. ``at`` is in milliseconds UTC.
    """

    service: str
    what: str
    at: int
    pid: int | None = None
    restarts: int = 0
    code: int | None = None
    reason: str = ""
    rest_s: float = 0.0
    log: str = ""


class State(Struct, frozen=True, kw_only=True):
    """How a service stands: ``pid`` is None while it rests or is stopped; ``reason`` is how it ended last."""

    pid: int | None
    restarts: int
    reason: str


def rest_before(deaths: int, *, is_fault: bool) -> float:
    """Return how long to rest before a start, in seconds, after so many quick deaths in a row.

    >>> [rest_before(deaths, is_fault=False) for deaths in range(7)]
    [0.0, 0.0, 0.1, 0.2, 0.3, 0.3, 0.3]
    >>> rest_before(20, is_fault=True)
    15.0
    """
    if deaths < 2:
        return 0.0
    most = _MOST_FAULT_REST_S if is_fault else _MOST_REST_S
    return min(_FIRST_REST_S * 2.0 ** min(deaths - 2, 20), most)


class _Kept:
    """A child with its record. Written by the keeping thread alone, and read by others."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.restarts = 0
        self.deaths = 0
        self.due: float | None = 0.0
        self.reason = ""


class Supervisor:
    """Keeps services alive from ``start`` to ``stop``. As a context manager it does both.

    ``logs`` is the folder of what children print, one file each. ``hear`` is called for each change, by the thread
    that keeps the children: it must be quick, and must not raise.
    """

    def __init__(
        self, services: Sequence[Service], logs: Path, *, hear: Callable[[Change], None] | None = None
    ) -> None:
        check_names(services)
        self._hear = hear
        self._kept = {one.name: _Kept(Child(one, logs)) for one in services}
        self._stopping, self._begun = Event(), Event()
        self._patience_s, self._trim_at = PATIENCE_S, 0.0
        self._fault: BaseException | None = None
        self._thread = Thread(target=self._keep, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start all services; returns when each has been started once. Raises LienthongError."""
        self._thread.start()
        self._begun.wait()
        self.check()

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """End all services: SIGTERM, and SIGKILL for who still runs after ``patience_s``. May be repeated."""
        self._patience_s = patience_s
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Raise LienthongError where the supervisor itself has failed; its children are gone then."""
        if self._fault is not None:
            raise LienthongError("the supervisor has failed, and its services are ended") from self._fault

    def pid(self, name: str) -> int | None:
        """Return a service's process; None while it rests."""
        return self._kept[name].child.pid

    def restarts(self, name: str) -> int:
        """Return how often a service has been started again."""
        return self._kept[name].restarts

    def states(self) -> Mapping[str, State]:
        """Return how all services stand."""
        return {
            name: State(pid=kept.child.pid, restarts=kept.restarts, reason=kept.reason)
            for name, kept in self._kept.items()
        }

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- the thread that forks ------------------------------------------------------------------------------

    def _keep(self) -> None:
        try:
            self._look()
            self._begun.set()
            while not self._stopping.wait(_LOOK_S):
                self._look()
                self._trim_logs()
        except Exception as error:  # noqa: BLE001 - the outermost loop of a thread; `check` raises it
            self._fault = error
        finally:
            self._end()
            self._begun.set()

    def _look(self) -> None:
        for kept in self._kept.values():
            end = kept.child.ended()
            if end is not None:
                self._note(kept, end)
            if kept.due is not None and monotonic() >= kept.due:
                self._begin(kept)

    def _trim_logs(self) -> None:
        if monotonic() < self._trim_at:
            return
        self._trim_at = monotonic() + _TRIM_S
        for kept in self._kept.values():
            kept.child.trim_log()

    def _begin(self, kept: _Kept) -> None:
        try:
            pid = kept.child.start()
        except OSError as error:  # no process, file or memory to be had: as if it had died at once
            self._note(kept, End(1, 0.0, f"it could not be started: {error.strerror}"))
            return
        kept.due = None
        self._tell(kept, "started", pid=pid)

    def _note(self, kept: _Kept, end: End) -> None:
        """Write a death down, and decide when to start it again."""
        kept.deaths = kept.deaths + 1 if end.lived_s < _QUICK_S else 0
        rest_s = rest_before(kept.deaths, is_fault=end.is_fault)
        kept.due = monotonic() + rest_s
        kept.reason = end.told()
        kept.restarts += 1
        self._tell(kept, "ended", end=end, rest_s=rest_s)

    def _end(self) -> None:
        """End all children, by their pids, the patient way first."""
        running = [kept for kept in self._kept.values() if kept.child.pid is not None]
        for kept in running:
            kept.child.signal(signal.SIGTERM)
        until = monotonic() + self._patience_s
        while running:
            running = [kept for kept in running if not self._has_ended(kept)]
            if monotonic() > until:
                for kept in running:
                    kept.child.signal(signal.SIGKILL)
            if running:
                sleep(_LOOK_S / 5)

    def _has_ended(self, kept: _Kept) -> bool:
        end = kept.child.ended()
        if end is None:
            return False
        kept.due, kept.reason = None, end.told()
        self._tell(kept, "stopped", end=end)
        return True

    def _tell(
        self, kept: _Kept, what: str, *, pid: int | None = None, end: End | None = None, rest_s: float = 0.0
    ) -> None:
        if self._hear is None:
            return
        change = Change(
            service=kept.child.service.name, what=what, at=round(time() * 1000), pid=pid, restarts=kept.restarts,
            code=end and end.code, reason=kept.reason if end else "", rest_s=rest_s, log=str(kept.child.log),
        )  # fmt: skip
        self._hear(change)
