"""The command ``demo`` as a visitor runs it, on few dossiers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bus.cli.root import run


def demo(capfd: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, Any, str]:
    code = run(["--data", str(folder), "demo", "--dossiers", "400", "--json", *words])
    out, err = capfd.readouterr()
    return code, json.loads(out) if out else None, err


def test_the_books_balance(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, answer, _ = demo(capfd, tmp_path)
    assert (code, answer["books"]["balanced"], answer["books"]["dossiers"]) == (0, True, 400)
    assert answer["run"]["dead_lettered"] == answer["books"]["bad_rows"] > 0


def test_a_second_demo_on_the_same_data_tells_nothing_twice(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = demo(capfd, tmp_path)[1]
    again = demo(capfd, tmp_path)[1]
    assert (again["run"]["published"], again["books"]) == (0, first["books"])


def test_a_larger_number_extends_the_demo(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    demo(capfd, tmp_path)
    code, answer, _ = demo(capfd, tmp_path, "--dossiers", "450")
    assert (code, answer["books"]["balanced"], answer["books"]["dossiers"]) == (0, True, 450)


def test_another_seed_on_the_same_data_is_a_conflict(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    demo(capfd, tmp_path)
    code, _, talk = demo(capfd, tmp_path, "--seed", "8")
    assert (code, "LT-E1002" in talk, "--seed 7" in talk) == (9, True, True)


def test_a_visitor_is_told_a_story_and_where_to_look_further(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", str(tmp_path), "demo", "--dossiers", "400", "--lang", "vi"]) == 0
    out, err = capfd.readouterr()
    assert "Hồ sơ được tiếp nhận" in out
    assert "The books balance." in out
    assert re.search(rf"lienthong --data {tmp_path} dossier history H56", err)


def test_without_data_a_fresh_folder_is_taken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lienthong.toml").write_text('transport = "sqlite:///precious.db"', "utf-8")
    assert run(["demo", "--dossiers", "5", "--json"]) == 0
    folder = Path(json.loads(capfd.readouterr().out)["data"])
    assert (folder.parent, folder.name[:5]) == (tmp_path / "var", "demo-")
    assert not (tmp_path / "precious.db").exists()


def test_a_demo_that_is_killed_goes_on_where_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = str(Path(sys.executable).with_name("lienthong"))
    command = [program, "--data", str(tmp_path), "demo", "--dossiers", "400", "--json"]
    for pause_s in (0.6, 0.9, 1.2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pause_s)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    code, answer, _ = demo(capfd, tmp_path)
    assert (code, answer["books"]["balanced"]) == (0, True)
