"""The embedded engine keeps every promise: in memory, on disk, and on disk without sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.transport import Engine
from bus.transports import open_engine
from tests.contracts.administration import AdminContract
from tests.contracts.groups import GroupContract
from tests.contracts.transactions import CursorContract, TransactionContract
from tests.contracts.transport import TransportContract


class Everything(TransportContract, TransactionContract, CursorContract, GroupContract, AdminContract):
    """All suites for one engine."""


class TestInMemory(Everything):
    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        with closing(open_engine("sqlite://")) as engine:
            yield engine


class TestOnDisk(Everything):
    @pytest.fixture
    def engine(self, ram_disk: Path) -> Iterator[Engine]:
        with closing(open_engine(f"sqlite:///{ram_disk}/bus.db")) as engine:
            yield engine


class TestOnDiskPolling(Everything):
    @pytest.fixture
    def engine(self, ram_disk: Path) -> Iterator[Engine]:
        with closing(open_engine(f"sqlite:///{ram_disk}/bus.db", wake="poll")) as engine:
            yield engine
