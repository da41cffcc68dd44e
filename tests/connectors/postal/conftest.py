"""A post, and a log in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.registry import SchemaRegistry, open_registry
from connectors.postal.simulator import Simulator
from tests.connectors.postal.world import Log


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """Run a post."""
    with Simulator(tmp_path / "postal", seed=1) as one:
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
    with closing(Log(registry, tmp_path)) as one:
        yield one
