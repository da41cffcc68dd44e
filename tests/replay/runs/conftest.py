"""A wire that knows the contracts of the records, and a receiver that opted in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.wire import Wire
from tests.contracts.history import a_wire
from tests.replay.runs.receiver import Receiver


@pytest.fixture
def wire() -> Iterator[Wire]:
    with a_wire() as wire:
        yield wire


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(tmp_path / "taken.db") as receiver:
        yield receiver
