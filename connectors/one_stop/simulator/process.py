"""The province whose offices decide by what comes in: dossiers are filed bit by bit, and go on with each answer.

Whatever is decided is in the store before it is answered, in the same transaction as what it rests on. So a process
that is killed anywhere goes on as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Event, Lock, Thread

from msgspec.structs import replace

from connectors.one_stop.simulator.answered import answers_of
from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.clock import Clock
from connectors.one_stop.simulator.history import Plan
from connectors.one_stop.simulator.store import Case, Sent, Store
from connectors.one_stop.simulator.story import FINAL, code_of, story
from connectors.simulation import chance
from connectors.times import told

A_BATCH, REST_S = 20, 0.05
"""How many dossiers are filed at once, and how long nobody files: about 400 a second."""

_BAD_SHARE = 0.01
_UNKNOWN_STATUS = "99"


class Process:
    """Dossiers 0 to ``plan.dossiers``, in a store that remembers which seed they are of."""

    def __init__(self, store: Store, plan: Plan, *, trouble: bool = False) -> None:
        self._store, self._plan, self._trouble = store, plan, trouble

    def advance(self, to: datetime) -> None:
        """Nothing happens by itself, but for what is filed."""

    def file(self, now: datetime) -> int:
        """File the next dossiers, which carry the time ``now``, and return how many that were; 0 when all are."""
        first = self._store.filed()
        numbers = range(first, min(first + A_BATCH, self._plan.dossiers))
        with self._store.transaction():
            for number in numbers:
                code = code_of(number)
                self._go_on(code, Case(number, 0), now)
                self._misfile(code, now)
        return len(numbers)

    def take(self, code: str, sent: Sent, now: datetime) -> bool:
        """Keep what was sent about a dossier and go on with it; as the port says."""
        case = self._store.case(code)
        if case is None:
            return False
        with self._store.transaction():
            self._store.keep_sent(code, sent)
            self._go_on(code, case, now)
        return True

    def _go_on(self, code: str, case: Case, now: datetime) -> None:
        """Bring in what a dossier's answers lead to, and was not brought in before."""
        changes = story(self._plan.seed, case.number, answers_of(self._store.sent(code)))
        fresh = [replace(change, at=now, seen_at=now) for change in changes[case.changes :]]
        if fresh:
            self._store.apply(fresh)
            status = _status(changes)
            self._store.set_case(code, Case(case.number, len(changes)), status, is_final=status in FINAL)

    def _misfile(self, code: str, now: datetime) -> None:
        """List a row that nobody can map beside a good one: a step with a status that no list has."""
        if not self._trouble or chance.source(self._plan.seed, "bad-row", code).random() >= _BAD_SHARE:
            return
        if self._store.inject("bad-row", code):
            body = {"MaTienDo": f"{code}/999", "MaHoSo": code, "ThoiDiemXuLy": told(now), "TrangThai": _UNKNOWN_STATUS}
            row = Change(feed="steps", id=f"{code}/999", dossier=code, at=now, seen_at=now, body=body, is_bad=True)
            self._store.apply([row])


class Filing:
    """The thread by which dossiers come in; ``lock`` is held meanwhile, so that no answer is dated later than a row."""

    def __init__(self, process: Process, clock: Clock, lock: Lock) -> None:
        self._process, self._clock, self._lock = process, clock, lock
        self._stop = Event()
        self._thread = Thread(target=self._run, name="one-stop filing", daemon=True)

    def start(self) -> None:
        """File from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop filing. May be repeated."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        filed = 1
        while filed and not self._stop.wait(REST_S):
            with self._lock:
                filed = self._process.file(self._clock.now())


def _status(changes: Sequence[Change]) -> str:
    return str(next(change for change in reversed(changes) if change.feed == "dossiers").body["TrangThaiHoSo"])
