"""The public postal service (bưu chính công ích): parcels are ordered there, and followed by polling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.sdk import Part


class Postal:
    """The kind of connector; what it needs is imported when one is opened."""

    name = "postal"
    summary = "Orders parcels at the public postal service, and follows them by polling."

    def open(self, config: Path) -> Sequence[Part]:
        """Read and check the configuration; contact nobody. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.postal.client import Client
        from connectors.postal.config import load
        from connectors.postal.sink import PostalSink
        from connectors.postal.source import PostalSource

        settings = load(config)
        # A client each: parts run in threads of their own.
        return [PostalSink(settings.config, Client(settings)), PostalSource(settings.config, Client(settings))]


connector = Postal()
