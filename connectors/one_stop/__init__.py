"""The one-stop system of a province: its dossiers, progress steps and payments, read by polling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.sdk import Source


class OneStop:
    """The kind of connector; what it needs is imported when one is opened."""

    name = "one-stop"
    summary = "Dossiers, steps and payments of a one-stop system, by polling."

    def open(self, config: Path) -> Sequence[Source]:
        """Read and check the configuration; contact nobody. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.one_stop.client import Client
        from connectors.one_stop.config import load
        from connectors.one_stop.source import OneStopSource

        settings = load(config)
        return [OneStopSource(settings, Client(settings))]


connector = OneStop()
