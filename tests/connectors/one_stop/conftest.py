"""A simulator in which everything has happened, and a log in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.registry import SchemaRegistry, open_registry
from connectors.one_stop.simulator import Simulator
from tests.connectors.one_stop.world import Log, a_simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """Run a small simulator."""
    with a_simulator(tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def registry() -> Iterator[SchemaRegistry]:
    """Return a registry that all logs of the session share: contracts are registered once."""
    one = open_registry("sqlite://")
    yield one
    one.close()


@pytest.fixture
def log(registry: SchemaRegistry) -> Iterator[Log]:
    """Open a log in memory."""
    one = Log(registry)
    yield one
    one.close()
