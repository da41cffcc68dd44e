"""The Avro container keeps every promise of a target; who reads it here is fastavro."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from replay.runs.targets.container import Container
from tests.contracts.target import Arrived, OpenTarget, TargetContract
from tests.replay.runs.reading import whole_or_not, with_fastavro


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.avro"


class _ContainerContract(TargetContract):
    @pytest.fixture
    def arrived(self, file: Path) -> Callable[[], list[Arrived]]:
        return lambda: with_fastavro(whole_or_not(file))

    @pytest.fixture
    def is_whole(self, file: Path) -> Callable[[], bool]:
        return file.exists


class TestContainer(_ContainerContract):
    @pytest.fixture
    def open_target(self, file: Path) -> OpenTarget:
        return lambda: Container(file, "null")


class TestDeflatedContainer(_ContainerContract):
    @pytest.fixture
    def open_target(self, file: Path) -> OpenTarget:
        return lambda: Container(file, "deflate")
