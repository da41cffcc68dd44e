"""A simulator in which everything has happened, and a log in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.one_stop.simulator import Simulator
from tests.connectors.one_stop.world import Log, a_simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """Run a small simulator."""
    with a_simulator(tmp_path) as one:
        yield one


@pytest.fixture
def log() -> Iterator[Log]:
    """Open a log in memory."""
    one = Log()
    yield one
    one.close()
