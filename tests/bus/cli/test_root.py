"""The root: help, nearest names, exit codes, and what is said of faults."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest

from bus.cli import root
from bus.cli.root import run
from tests.bus.cli.calling import ROOT, Call

HEAVY = {"sqlalchemy", "alembic", "fastavro", "kafka", "requests", "rich", "falcon", "prometheus_client", "sqlite3"}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["event", "--help"], ["event", "emit", "--help"], ["event"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from bus.cli.root import run; code = run(sys.argv[1:]);"
        f"print(code, sorted({HEAVY!r} & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 []"
    assert done.stdout.startswith("Usage: lienthong")


def test_help_leads_with_examples(call: Call) -> None:
    text = call("deadletter", "redrive", "--help").out
    assert 0 < text.index("lienthong deadletter redrive dossier.events") < text.index("Options:")


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["topik"], "`lienthong topic`"), (["topic", "lst"], "`lienthong topic list`"),
        (["tail"], "`lienthong event tail`"), (["event", "tail", "--folow"], "--follow"),
    ],
)  # fmt: skip
def test_a_mistyped_word_is_told_the_nearest(call: Call, arguments: list[str], nearest: str) -> None:
    answer = call(*arguments)
    assert (answer.code, answer.out, nearest in answer.err) == (2, "", True)


def test_an_option_before_a_command_that_is_none_is_named(call: Call) -> None:
    answer = call("--nope", "topic", "list")
    assert (answer.code, "--nope" in answer.err) == (2, True)


def test_a_usage_error_is_json_where_json_was_asked_for(call: Call) -> None:
    answer = call("event", "get", "--json")
    assert (answer.code, json.loads(answer.err)["error"]["code"]) == (2, "LT-E1001")


def test_the_version_is_cheap_to_ask(call: Call) -> None:
    assert call("--version").out.startswith("lienthong ")


def registered(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Register a command, as another package would."""
    point = EntryPoint(name="grant.list", value=value, group=root.GROUP)
    monkeypatch.setattr(root, "commands", lambda: {"grant.list": point})


@click.command("list")
def _faulty() -> None:
    raise ValueError("Nguyễn Văn A")


def test_a_fault_of_ours_is_told_by_its_place_and_never_by_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(monkeypatch, "x:y")
    monkeypatch.setattr(EntryPoint, "load", lambda _point: _faulty)
    code, err = run(["grant", "list"]), capsys.readouterr().err
    assert (code, "Nguyễn" in err) == (1, False)
    assert "LT-E0001: an unexpected fault, ValueError" in err
    assert "test_root.py" in err


def test_another_package_may_bring_a_noun_and_a_broken_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(monkeypatch, "nowhere.commands:grants")
    assert run(["--help"]) == 0
    assert "grant  List" in capsys.readouterr().out
    assert run(["grant", "list"]) == 2
    assert "the command `grant list` cannot be loaded" in capsys.readouterr().err


@pytest.mark.parametrize("answer", [KeyboardInterrupt, click.Abort])
def test_an_interrupted_command_is_code_130(monkeypatch: pytest.MonkeyPatch, answer: type[BaseException]) -> None:
    @click.command()
    def interrupted() -> None:
        raise answer

    registered(monkeypatch, "x:y")
    monkeypatch.setattr(EntryPoint, "load", lambda _point: interrupted)
    assert run(["grant", "list"]) == 130


def test_the_folder_may_be_named_behind_the_command_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["topic", "apply", "--data", str(tmp_path / "here")]) == 0
    assert run(["--data", str(tmp_path / "elsewhere"), "topic", "list", "--data", str(tmp_path / "here")]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"here"}
