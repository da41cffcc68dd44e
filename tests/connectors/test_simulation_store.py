"""The simulators' store: what a partner holds of people is its owner's alone to read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.simulation import Store


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A process whose new files anybody may read, unless it says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_only_the_owner_reads_what_a_simulator_keeps(tmp_path: Path) -> None:
    store = Store(tmp_path / "partner", "partner")
    store.take_note("a", "b")
    modes = [path.stat().st_mode & 0o077 for path in (tmp_path / "partner", *(tmp_path / "partner").iterdir())]
    store.close()
    assert modes == [0] * 4  # the folder, the file, and the two that SQLite keeps beside it while it is open
