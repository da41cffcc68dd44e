"""What the tests of connectors share: a log and a ledger in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bus.transport import Engine
from bus.transports import open_engine
from connectors.ledger import Ledger, open_ledger
from tests.connectors.delivery_doubles import make_topics


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A log with one topic of one partition, the one for replays, and their dead letters."""
    opened = open_engine("sqlite://")
    make_topics(opened)
    yield opened
    opened.close()


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger("sqlite://")
    yield opened
    opened.close()
