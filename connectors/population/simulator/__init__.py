"""A population database to try the connector on: a real HTTP server that knows everybody who is asked for.

Invented people only. A person's record is a function of (seed, number), and whether a look finds it equal is a
function of (seed, request number). What it answers holds far more than was asked, as the real one's does.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from connectors.population.simulator.app import Desk, wsgi
from connectors.population.simulator.looks import TABLES
from connectors.population.simulator.proof import SECRET, USERNAME
from connectors.simulation import Server, Store

__all__ = ["SECRET", "UNIT", "USERNAME", "Simulator"]

UNIT = "H31"
"""Whose officials may ask; so may those of H54, which closed on 1 July 2025, and all units below both."""


class Simulator:
    """A population database over HTTP on the loopback, with its store in ``folder``. Used as a context."""

    def __init__(
        self, folder: Path, *, seed: int = 0, port: int = 0, trouble: bool = False, lucky: str = ""
    ) -> None:  # fmt: skip
        self.store = Store(folder, "population", TABLES)
        self.desk = Desk(self.store, seed, trouble=trouble, lucky=lucky)
        self._server = Server(wsgi(self.desk), port=port, name="population simulator")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """What a connector's configuration calls ``base_url``."""
        return self._server.base_url

    def script(self, *faults: str) -> None:
        """Let these befall the next calls, one each; ``ok`` lets one pass."""
        self.desk.script.extend(faults)

    def close(self) -> None:
        """Stop serving and close the store. May be repeated."""
        self._server.close()
        self.store.close()

    def __enter__(self) -> Simulator:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
