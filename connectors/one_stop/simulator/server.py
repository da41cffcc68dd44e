"""The simulator as a server: on a port of its own, with its store and what happens in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from connectors.one_stop.simulator.app import Desk, wsgi
from connectors.one_stop.simulator.citizens import Citizens
from connectors.one_stop.simulator.clock import Clock, WallClock
from connectors.one_stop.simulator.faults import Faults
from connectors.one_stop.simulator.history import History, Plan
from connectors.one_stop.simulator.inbound import Inbound
from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.process import Filing, Process
from connectors.one_stop.simulator.store import Store
from connectors.simulation import Server
from connectors.times import parse


class Simulator(Server):
    """A one-stop system over HTTP on the loopback, with its store in ``folder``. Used as a context."""

    def __init__(self, folder: Path, plan: Plan, clock: Clock, *, faults: Faults | None = None, port: int = 0) -> None:
        self.store = Store(folder)
        self.history = History(self.store, plan)
        self.clock = clock
        self.faults = faults or Faults()
        desk = Desk(self.store, self.history, clock, self.faults, Inbound(self.store, self.history))
        super().__init__(wsgi(desk), port=port, name="one-stop simulator")

    def script(self, *faults: str) -> None:
        """Let these befall the next list calls, one each."""
        self.faults.script(faults)

    def answers(self) -> Sequence[str]:
        """Return how each call was answered, in order."""
        return [call.answered for call in self.store.calls()]

    def close(self) -> None:
        """Stop serving and close the store. May be repeated."""
        super().close()
        self.store.close()


class ProcessSimulator(Server):
    """A one-stop system that decides by what is sent to it, now. Used as a context."""

    def __init__(
        self, folder: Path, plan: Plan, *, trouble: bool = False, faults: Faults | None = None, port: int = 0
    ) -> None:
        self.store = Store(folder)
        self.faults = faults or Faults()
        self._citizens = Citizens(self.store)
        clock = WallClock(parse(self.store.newest()) or FIRST_DAY)
        process = Process(self.store, plan, trouble=trouble)
        inbound = Inbound(self.store, process, self._citizens, loses=plan.seed if trouble else None)
        desk = Desk(self.store, process, clock, self.faults, inbound)
        self._filing = Filing(process, clock, desk.lock)
        super().__init__(wsgi(desk), port=port, threads=8, name="one-stop simulator")

    def script(self, *faults: str) -> None:
        """Let these befall the next calls, one each."""
        self.faults.script(faults)

    def start(self) -> Self:
        """Serve, file and pay from now on."""
        super().start()
        self._filing.start()
        self._citizens.start()
        return self

    def close(self) -> None:
        """Stop it all and close the store. May be repeated."""
        self._filing.close()
        self._citizens.close()
        super().close()
        self.store.close()
