"""A post to try the connector on: a real HTTP server that makes an order of each call, and carries parcels.

Invented people only. A parcel's way and its times are a function of (seed, order number, the time that it was given
with), so they do not depend on when the simulator runs; only when a row shows up in the tracking list does.
"""

from __future__ import annotations

from pathlib import Path

from connectors.postal.simulator.app import CUSTOMER, PASSWORD, USERNAME, Desk, wsgi
from connectors.postal.simulator.books import TABLES, Books
from connectors.simulation import Server, Store

__all__ = ["CUSTOMER", "PASSWORD", "USERNAME", "Simulator"]


class Simulator(Server):
    """A post over HTTP on the loopback, with its store in ``folder``. Used as a context."""

    def __init__(
        self, folder: Path, *, seed: int = 0, port: int = 0, trouble: bool = False, outage: bool = False
    ) -> None:  # fmt: skip
        self.store = Store(folder, "postal", TABLES)
        self.books = Books(self.store, seed, outage=outage)
        self.desk = Desk(self.books, trouble=trouble)
        super().__init__(wsgi(self.desk), port=port, name="postal simulator")

    def script(self, *faults: str) -> None:
        """Let these befall the next calls behind the login, one each; ``ok`` lets one pass."""
        self.desk.script.extend(faults)

    def close(self) -> None:
        """Stop serving and close the store. May be repeated."""
        super().close()
        self.store.close()
