"""``connector test`` as a person runs it, on a file drop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bus.cli.root import run
from tests.connectors.file_drop.making import HEADER, MAPPING, ROWS, write_mapping


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A mapping with three good rows, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(HEADER + ROWS, "utf-8")
    return str(write_mapping(tmp_path, MAPPING))


def test_a_sound_connector_gets_a_scorecard_and_exit_code_0(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["connector", "test", "file-drop", "--config", config]) == 0
    told = capfd.readouterr()
    assert ("✔ mapping is pure and stable" in told.out, "11 kept, 0 broken, 0 not looked at" in told.err) == (
        True,
        True,
    )


def test_the_scorecard_comes_as_json(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["connector", "test", "file-drop", "--config", config, "--json"]) == 0
    findings = json.loads(capfd.readouterr().out)
    assert {finding["outcome"] for finding in findings} == {"kept"}
    assert set(findings[0]) == {"part", "promise", "outcome", "detail", "hint"}


def test_a_bad_row_is_remarked_on(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    (Path(config).parent / "rows.csv").write_text(HEADER + ROWS + "A3,,2026-11-24T10:00:00+07:00\n", "utf-8")
    assert run(["connector", "test", "file-drop", "--config", config]) == 0
    assert (
        "✔ every event fits its contract and its value rules: 1 of 4 things would be buried, the first: rows.csv row"
        in (capfd.readouterr().out)
    )


def test_where_every_row_would_be_buried_a_promise_is_broken(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    (Path(config).parent / "rows.csv").write_text(HEADER + "A3,,2026-11-24T10:00:00+07:00\n", "utf-8")
    assert run(["connector", "test", "file-drop", "--config", config]) == 1
    assert "✘ every event fits its contract and its value rules: 1 of 1" in capfd.readouterr().out


def test_a_source_without_things_is_exit_code_7(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    (Path(config).parent / "rows.csv").write_text(HEADER, "utf-8")
    assert run(["connector", "test", "file-drop", "--config", config]) == 7
    assert "nothing to fetch" in capfd.readouterr().out


def test_nothing_is_written(config: str) -> None:
    before = set(Path(config).parent.rglob("*"))
    run(["connector", "test", "file-drop", "--config", config])
    assert set(Path(config).parent.rglob("*")) == before
