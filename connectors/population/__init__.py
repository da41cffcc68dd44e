"""The national population database (CSDLQG về dân cư): a citizen's number, name and birth date are verified there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.sdk import Part


class Population:
    """The kind of connector; what it needs is imported when one is opened."""

    name = "population"
    summary = "Verifies citizens at the national population database; its reply stays there."

    def open(self, config: Path) -> Sequence[Part]:
        """Read and check the configuration; contact nobody. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.population.client import Client
        from connectors.population.config import load
        from connectors.population.exchange import PopulationExchange

        settings = load(config)
        return [PopulationExchange(settings.config, Client(settings))]


connector = Population()
