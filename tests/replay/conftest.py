"""A log in memory and an index over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bus.transport import Engine
from bus.transports import open_engine
from replay.index.lookup import Index, open_index
from tests.replay.doubles import JsonWire, make_topics

OpenIndex: TypeAlias = Callable[..., Index]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_engine("sqlite://")
    make_topics(engine)
    yield engine
    engine.close()


@pytest.fixture
def index_file(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
def open_it(engine: Engine, index_file: Path) -> Iterator[OpenIndex]:
    """Open the index as often as asked, each time as another process would."""
    opened: list[Index] = []

    def opening(wire: Any = None, of: Engine | None = None, **options: Any) -> Index:
        key = index_file.with_name("index.key")
        index = open_index(of or engine, wire or JsonWire(), f"sqlite:///{index_file}", key, **options)
        opened.append(index)
        return index

    yield opening
    for index in opened:
        index.close()


@pytest.fixture
def index(open_it: OpenIndex) -> Index:
    return open_it()
