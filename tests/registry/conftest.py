"""An installation in memory: a log and a registry, empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.transport import Engine
from bus.transports import open_engine
from registry.local import LocalRegistry
from registry.store import Store
from schemas.catalogue import Catalogue
from tests.registry.doubles import a_small_catalogue


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Return an empty log in memory."""
    opened = open_engine("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def local() -> Iterator[LocalRegistry]:
    """Return an empty registry in memory."""
    opened = LocalRegistry(Store("sqlite://"))
    yield opened
    opened.close()


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Return a small catalogue, its contracts below ``tmp_path / "schemas"``."""
    return a_small_catalogue(tmp_path / "schemas")
