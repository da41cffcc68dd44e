"""What the tests of ``bus/`` share: an engine in memory, with a topic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bus.transport import Engine
from bus.transports import open_engine
from tests.bus.doubles import make_topics


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A log in memory with one topic of one partition, and its dead letters."""
    engine = open_engine("sqlite://")
    make_topics(engine)
    yield engine
    engine.close()
