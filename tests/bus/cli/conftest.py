"""An installation that ``topic apply`` has made, and calls of the command line on it."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.cli.root import run
from bus.cli.session import Session
from bus.settings import load
from bus.transport import Engine
from tests.bus.cli.calling import Answer, Call


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installation's data as ``topic apply`` leaves it; tests copy it, because making it takes a while."""
    data = tmp_path_factory.mktemp("applied") / "var"
    assert run(["--data", str(data), "topic", "apply", "--json"]) == 0
    return data


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's settings reach a test."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LIENTHONG_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def data(applied: Path, tmp_path: Path) -> Path:
    """Return the data folder of an installation of the test's own."""
    shutil.copytree(applied, tmp_path / "var")
    return tmp_path / "var"


@pytest.fixture
def call(data: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call ``lienthong`` on that installation, in this process."""

    def calling(*arguments: str, stdin: str | bytes = "") -> Answer:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        capfd.readouterr()
        code = run(["--data", str(data), *arguments])
        return Answer(code, *capfd.readouterr())

    return calling


@pytest.fixture
def session(data: Path) -> Iterator[Session]:
    """Lend the parts of that installation, for what no command does."""
    session = Session(load({}, data.parent, data=data))
    yield session
    session.close()


@pytest.fixture
def engine(session: Session) -> Engine:
    """Return its log."""
    return session.engine
