"""A post to try the connector on: a real HTTP server that makes an order of each call, and carries parcels.

Invented people only. A parcel's way and its times are a function of (seed, order number, the time that it was given
with), so they do not depend on when the simulator runs; only when a row shows up in the tracking list does.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from connectors.postal.simulator.app import CUSTOMER, PASSWORD, USERNAME, Desk, wsgi
from connectors.postal.simulator.books import TABLES, Books
from connectors.simulation import Server, Store

__all__ = ["CUSTOMER", "PASSWORD", "USERNAME", "Simulator"]


class Simulator:
    """A post over HTTP on the loopback, with its store in ``folder``. Used as a context."""

    def __init__(
        self, folder: Path, *, seed: int = 0, port: int = 0, trouble: bool = False, outage: bool = False
    ) -> None:  # fmt: skip
        self.store = Store(folder, "postal", TABLES)
        self.books = Books(self.store, seed, outage=outage)
        self.desk = Desk(self.books, trouble=trouble)
        self._server = Server(wsgi(self.desk), port=port, name="postal simulator")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """What a connector's configuration calls ``base_url``."""
        return self._server.base_url

    def script(self, *faults: str) -> None:
        """Let these befall the next calls behind the login, one each; ``ok`` lets one pass."""
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
