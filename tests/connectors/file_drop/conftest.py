"""A log with the catalogue's topics, and the wire that writes events on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from bus.registry import SchemaRegistry, open_registry
from bus.transport import Engine
from bus.transports import open_engine
from bus.wire import Wire
from registry.apply import apply_catalogue
from schemas.catalogue import load
from tests.connectors.file_drop.making import Walk


@pytest.fixture(scope="session")
def registry() -> SchemaRegistry:
    """Return a registry in memory that knows the catalogue: what it knows never changes, so tests share it."""
    registry = open_registry("sqlite://")
    with closing(open_engine("sqlite://")) as engine:
        apply_catalogue(engine, registry, load())
    return registry


@pytest.fixture
def engine(registry: SchemaRegistry) -> Iterator[Engine]:
    """Return a log in memory with the catalogue's topics."""
    with closing(open_engine("sqlite://")) as engine:
        apply_catalogue(engine, registry, load())
        yield engine


@pytest.fixture
def walk(engine: Engine, registry: SchemaRegistry) -> Walk:
    """Return what runs mappings into the log."""
    return Walk(engine, Wire(registry, load()))
