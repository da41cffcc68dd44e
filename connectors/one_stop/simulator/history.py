"""What happens in the simulated province: the changes of all its dossiers, brought into the store as time goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from threading import Lock

from msgspec import Struct

from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.habits import with_habits
from connectors.one_stop.simulator.life import life
from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.store import Sent, Store
from connectors.times import parse, told

_AT_ONCE = 200


class Plan(Struct, frozen=True, kw_only=True):
    """Which province: ``dossiers`` of them by ``seed``, told by a system with these ``habits``."""

    dossiers: int
    seed: int = 0
    habits: tuple[str, ...] = ()

    def changes(self, number: int) -> Sequence[Change]:
        """Return the changes of one dossier: a function of (seed, number), whatever the others are."""
        return with_habits(life(self.seed, number), self.habits, f"{self.seed}:{number}")


class History:
    """Brings changes into the store once each; what was brought is remembered there across starts.

    Opened again with more dossiers, the new ones' past is entered at once and carries the time of its entry.
    """

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store, self._plan, self._lock = store, plan, Lock()
        self.reached = parse(store.note("reached")) or FIRST_DAY
        self._known = int(store.note("dossiers") or "0")
        self._coming: deque[Change] | None = None

    @property
    def moments(self) -> Sequence[datetime]:
        """When something becomes visible, in order, from here on."""
        return [change.seen_at for change in self._pending()]

    def advance(self, to: datetime) -> None:
        """Bring in everything that is visible by then."""
        with self._lock:
            coming = self._pending()
            batch = []
            while coming and coming[0].seen_at <= to:
                batch.append(coming.popleft())
            if batch or to > self.reached:
                self._enter(batch)
                self._note(max(to, self.reached))

    def take(self, code: str, sent: Sent, now: datetime) -> bool:
        """Take nothing: here everything has been decided, whatever is sent."""
        return False

    def finish(self) -> datetime:
        """Bring in everything, without holding it all in memory, and return when all of it is over."""
        with self._lock:
            end = self.reached
            for chunk in self._chunks():
                end = max([end, *(change.seen_at for change in chunk)])
                self._enter(chunk)
            self._coming = deque()
            self._note(end + timedelta(seconds=1))
            return end

    def _chunks(self) -> Iterator[list[Change]]:
        for first in range(0, self._plan.dossiers, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, self._plan.dossiers))
            chunk = [change for number in numbers for change in self._fresh(number)]
            yield sorted(chunk, key=lambda change: change.seen_at)

    def _fresh(self, number: int) -> Iterator[Change]:
        """Yield what of a dossier has not been brought in at an earlier start."""
        for change in self._plan.changes(number):
            if number >= self._known or change.seen_at > self.reached:
                yield change

    def _pending(self) -> deque[Change]:
        if self._coming is None:
            self._coming = deque(
                sorted((change for chunk in self._chunks() for change in chunk), key=lambda change: change.seen_at)
            )
        return self._coming

    def _enter(self, batch: Sequence[Change]) -> None:
        """A change that should have been here long ago is entered now, and says so."""
        entered_now = told(self.reached + timedelta(seconds=1))
        self._store.apply([change for change in batch if change.seen_at <= self.reached], not_before=entered_now)
        self._store.apply([change for change in batch if change.seen_at > self.reached])

    def _note(self, to: datetime) -> None:
        self.reached, self._known = to, self._plan.dossiers
        self._store.take_note("reached", told(to))
        self._store.take_note("dossiers", str(self._plan.dossiers))
