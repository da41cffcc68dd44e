"""A small demo that has come to its end, made once; each test takes a copy, and may spoil it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.connectors.demo.province import PROGRAM


@pytest.fixture(scope="session")
def _province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    command = [*PROGRAM, "--data", str(folder), "demo", "--dossiers", "12", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def data(_province: Path, tmp_path: Path) -> Path:
    """The folder of a demo of twelve dossiers, all final."""
    shutil.copytree(_province, tmp_path / "data")
    return tmp_path / "data"
