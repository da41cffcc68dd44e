"""The page of this room says what its commands say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bus.cli.root import run

PAGE = (Path(__file__).resolve().parents[2] / "registry" / "README.md").read_text("utf-8")
CONSOLE = PAGE.partition("```console\n")[2].partition("```")[0]
CANDIDATE = PAGE.partition("```json\n")[2].partition("```")[0]


def pattern(lines: str) -> str:
    """Return a pattern for what was printed: `…` stands for any lines, and numbers grow with the catalogue."""
    return "".join(r"(?:.*\n)*?" if line == "…" else _line(line) + "\n" for line in lines.splitlines())


def _line(line: str) -> str:
    return re.sub(r"\b([0-9a-f]{16}|\d+)\b", r"[0-9a-f]+", re.escape(line))


def test_the_commands_print_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rated.avsc").write_text(CANDIDATE, "utf-8")
    for call in CONSOLE.split("$ lienthong ")[1:]:
        typed, _, lines = call.partition("\n")
        run(shlex.split(typed))
        out, err = capfd.readouterr()
        assert re.fullmatch(pattern(lines), out + err) or re.fullmatch(pattern(lines), err + out), typed
