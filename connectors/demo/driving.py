"""One run of the demo: everything is started, watched until it is over, and ended."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import NamedTuple

from msgspec.structs import replace

from bus.cli.session import Session
from bus.services import installed
from bus.supervisor import Supervisor
from connectors.demo import groups
from connectors.demo.home import Home
from connectors.demo.look import Look, Looker
from connectors.demo.stores import Stores
from connectors.demo.trouble import Murder, Say, poison
from registry.apply import apply_catalogue

PATIENCE_S = 60.0
_LOOK_S = 0.25


class Run(NamedTuple):
    """How a run went: ``published`` are the events of this run."""

    elapsed_s: float
    published: int
    is_asked_to_stop: bool


def drive(session: Session, home: Home, stop: Event, say: Say, show: Callable[[Look], None]) -> Run:
    """Run all services until nobody has anything left to do, nothing moves any more, or ``stop``.

    ``say`` is told what happens, by the name of a sentence and its facts; ``show`` is given each look.
    """
    settings = replace(session.settings, hooks_port=home.ports["hooks"])
    apply_catalogue(session.engine, session.registry, session.catalogue)
    topics = [topic.name for topic in session.catalogue.topics]
    looker = Looker(session.engine, topics, groups.subscriptions(settings.data), Stores(settings.data))
    services = installed(settings)
    say("services", names=", ".join(one.name for one in services))
    before, began = looker.look().published, monotonic()
    poison(session.engine, say)
    with Supervisor(services, settings.data / "logs") as supervisor:
        watch = _Watch(home, looker, Murder(session.engine, supervisor, say), show)
        look = watch.until_over(supervisor, stop)
        took = monotonic() - began
        if watch.is_stuck:
            _tell_stuck(look, home, supervisor, say)
        elif not stop.is_set():
            say("ended", seconds=took, published=look.published - before, rate=(look.published - before) / took)
    return Run(took, looker.look().published - before, stop.is_set())


class _Watch:
    def __init__(self, home: Home, looker: Looker, murder: Murder, show: Callable[[Look], None]) -> None:
        self._home, self._looker, self._murder, self._show = home, looker, murder, show
        self.is_stuck = False

    def until_over(self, supervisor: Supervisor, stop: Event) -> Look:
        """Look now and then, and return the last look: twice over, stuck, or asked to stop."""
        moved_at, looks_over = monotonic(), 0
        last = self._looker.look()
        while looks_over < 2 and not self.is_stuck and not stop.wait(_LOOK_S):
            supervisor.check()
            look = self._looker.look()
            self._show(look)
            self._murder.hear(look, self._home.dossiers)
            looks_over = looks_over + 1 if look.is_over(self._home.dossiers) else 0
            moved_at = moved_at if look == last else monotonic()
            self.is_stuck = monotonic() - moved_at > PATIENCE_S
            last = look
        return last


def _tell_stuck(look: Look, home: Home, supervisor: Supervisor, say: Say) -> None:
    say("stuck", seconds=PATIENCE_S, final=look.final, dossiers=home.dossiers, untold=look.untold, lag=look.lag,
        owed=look.owed)  # fmt: skip
    for name, state in supervisor.states().items():
        if state.restarts:
            say("service", name=name, restarts=state.restarts, reason=state.reason)
