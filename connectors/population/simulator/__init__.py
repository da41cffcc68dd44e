"""A population database to try the connector on: a real HTTP server that knows everybody who is asked for.

Invented people only. A person's record is a function of (seed, number), and whether a look finds it equal is a
function of (seed, request number). What it answers holds far more than was asked, as the real one's does.
"""

from __future__ import annotations

from pathlib import Path

from connectors.population.simulator.app import Desk, wsgi
from connectors.population.simulator.looks import TABLES
from connectors.population.simulator.proof import SECRET, USERNAME
from connectors.simulation import Server, Store

__all__ = ["SECRET", "UNIT", "USERNAME", "Simulator"]

UNIT = "H31"
"""Whose officials may ask; so may those of H54, which closed on 1 July 2025, and all units below both."""


class Simulator(Server):
    """A population database over HTTP on the loopback, with its store in ``folder``. Used as a context."""

    def __init__(
        self, folder: Path, *, seed: int = 0, port: int = 0, trouble: bool = False, lucky: str = ""
    ) -> None:  # fmt: skip
        self.store = Store(folder, "population", TABLES)
        self.desk = Desk(self.store, seed, trouble=trouble, lucky=lucky)
        super().__init__(wsgi(self.desk), port=port, name="population simulator")

    def script(self, *faults: str) -> None:
        """Let these befall the next calls, one each; ``ok`` lets one pass."""
        self.desk.script.extend(faults)

    def close(self) -> None:
        """Stop serving and close the store. May be repeated."""
        super().close()
        self.store.close()
