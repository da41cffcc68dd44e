"""JSON lines keep every promise of a target: what they tell is enough to make the record anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bus.wire import Wire
from replay.runs.targets.lines import Lines
from tests.contracts.target import Arrived, OpenTarget, TargetContract
from tests.replay.runs.reading import from_lines, whole_or_not


class TestLines(TargetContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "run.jsonl"

    @pytest.fixture
    def open_target(self, file: Path, wire: Wire) -> OpenTarget:
        return lambda: Lines(file, wire)

    @pytest.fixture
    def arrived(self, file: Path, wire: Wire) -> Callable[[], list[Arrived]]:
        return lambda: from_lines(whole_or_not(file), wire)

    @pytest.fixture
    def is_whole(self, file: Path) -> Callable[[], bool]:
        return file.exists
