"""A simulator, an exchange over it, and a log in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.registry import SchemaRegistry, open_registry
from connectors.population.simulator import Simulator
from connectors.sdk import Exchange
from tests.connectors.population.world import Log, open_exchange, opened_log


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """Run a population database."""
    with Simulator(tmp_path / "population", seed=1) as one:
        yield one


@pytest.fixture
def exchange(tmp_path: Path, simulator: Simulator) -> Iterator[Exchange]:
    """Open the exchange over it."""
    with closing(open_exchange(tmp_path, simulator.base_url)) as one:
        yield one


@pytest.fixture(scope="session")
def registry() -> Iterator[SchemaRegistry]:
    """Return a registry that all logs of the session share: contracts are registered once."""
    one = open_registry("sqlite://")
    yield one
    one.close()


@pytest.fixture
def log(registry: SchemaRegistry, tmp_path: Path) -> Iterator[Log]:
    """Open a log in memory."""
    yield from opened_log(registry, tmp_path)
