"""A person's command line over a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

from bus.cli.root import run


class Answer(NamedTuple):
    """An exit code, what was printed (as JSON where it is), and what was said."""

    code: int
    data: Any
    talk: str


Call: TypeAlias = Callable[..., Answer]


@pytest.fixture
def call(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run one command; its data is in the folder `var` of the test's own."""

    def calling(*words: object) -> Answer:
        code = run(["--data", str(tmp_path / "var"), *map(str, words)])
        out, err = capfd.readouterr()
        return Answer(code, json.loads(out) if out.startswith(("{", "[")) else out, err)

    return calling
