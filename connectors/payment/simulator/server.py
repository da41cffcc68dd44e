"""The simulator whole: books, pages, and the sender of notices. Used as a context."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from connectors.payment.simulator.app import Gateways, make_app
from connectors.payment.simulator.books import Books
from connectors.payment.simulator.draws import Draws
from connectors.payment.simulator.sender import Sender
from connectors.simulation import Server


class Simulator(Server):
    """Both gateways on one port. Without ``notify`` nobody is told; what is owed waits for the next start."""

    def __init__(self, folder: Path, *, seed: int = 0, port: int = 0, notify: str = "", trouble: bool = False) -> None:
        draws = Draws(seed)
        self.books = Books(folder, draws, trouble=trouble)
        self._sender = Sender(self.books, notify) if notify else None
        gateways = Gateways(self.books, draws, trouble=trouble, paid=self._paid)
        super().__init__(make_app(gateways), port=port, name="payment")

    def start(self) -> Self:
        """Serve, and send what is owed, from now on."""
        super().start()
        if self._sender is not None:
            self._sender.start()
        return self

    def close(self) -> None:
        """Stop serving and sending, and close the books. May be repeated."""
        super().close()
        if self._sender is not None:
            self._sender.close()
        self.books.close()

    def _paid(self) -> None:
        if self._sender is not None:
            self._sender.wake()
