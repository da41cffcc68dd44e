"""The simulator as a server: waitress in a thread, on a port of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any

from waitress import create_server, wasyncore

from connectors.one_stop.simulator.app import Desk, wsgi
from connectors.one_stop.simulator.clock import Clock
from connectors.one_stop.simulator.faults import Faults
from connectors.one_stop.simulator.history import History, Plan
from connectors.one_stop.simulator.store import Store

_TURN_S = 1.0
_ROOM = {"outbuf_overflow": 64 * 1024 * 1024}
"""A client that goes away in the middle leaves no temporary file behind."""


class Simulator:
    """A one-stop system over HTTP on the loopback, with its store in ``folder``. Used as a context."""

    def __init__(self, folder: Path, plan: Plan, clock: Clock, *, faults: Faults | None = None, port: int = 0) -> None:
        self.store = Store(folder)
        self.history = History(self.store, plan)
        self.clock = clock
        self.faults = faults or Faults()
        self._sockets: dict[int, Any] = {}
        app = wsgi(Desk(self.store, self.history, clock, self.faults))
        self._server = create_server(app, map=self._sockets, host="127.0.0.1", port=port, threads=4, **_ROOM)
        self._stop = Event()
        self._thread = Thread(target=self._serve, name="one-stop simulator", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.effective_port)

    @property
    def base_url(self) -> str:
        """What a connector's configuration calls ``base_url``."""
        return f"http://127.0.0.1:{self.port}"

    def script(self, *faults: str) -> None:
        """Let these befall the next list calls."""
        self.faults.script(faults)

    def answers(self) -> Sequence[str]:
        """Return how each call so far was answered."""
        return [call.answered for call in self.store.calls()]

    def start(self) -> Simulator:
        """Serve from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving and close the store. May be repeated."""
        self._stop.set()
        if self._thread.is_alive():
            self._server.pull_trigger()
            self._thread.join()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)
        self.store.close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            wasyncore.loop(timeout=_TURN_S, map=self._sockets, count=1)
