"""What happens in the simulated province, whoever decides it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from connectors.one_stop.simulator.store import Sent


class World(Protocol):
    """Where changes come from: with time alone, or by what is sent to the system."""

    def advance(self, to: datetime) -> None:
        """Bring in everything that happens by itself until then."""
        ...

    def take(self, code: str, sent: Sent, now: datetime) -> bool:
        """Keep what was sent about a dossier, and go on with it; False if there is no such dossier."""
        ...
