"""What every test starts from."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bus.logs import ROOT


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Leave no test what another configured: the command line sets our logger up for its whole process."""
    logger = logging.getLogger(ROOT)
    before = (list(logger.handlers), logger.propagate, logger.level)
    yield
    logger.handlers[:], logger.propagate, logger.level = before
