"""The one-stop system of a province: what it has is polled, and what other agencies did is sent to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.sdk import Part


class OneStop:
    """The kind of connector; what it needs is imported when one is opened."""

    name = "one-stop"
    summary = "Dossiers of a one-stop system, by polling; status, payments and results to it."

    def open(self, config: Path) -> Sequence[Part]:
        """Read and check the configuration; contact nobody. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.one_stop.client import Client
        from connectors.one_stop.config import load
        from connectors.one_stop.sink import OneStopSink
        from connectors.one_stop.source import OneStopSource

        settings = load(config)
        source = OneStopSource(settings, Client(settings))
        return [source, OneStopSink(settings, Client(settings))] if settings.config.deliver else [source]


connector = OneStop()
