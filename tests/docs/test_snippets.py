"""The README's commands do what it says, run in its order."""

from __future__ import annotations

import io
import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from types import CodeType

import pytest

from bus.cli.root import run

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "README.md").read_text("utf-8")
COMMAND = re.compile(r"^\$ lienthong (.*)$", re.MULTILINE)


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def console(heading: str) -> list[list[str]]:
    """Return a section's commands, without their `lienthong`."""
    return [shlex.split(line) for line in COMMAND.findall(section(heading))]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with an installation of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_event_is_published_and_its_history_asked_for(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    payload = section("Your first event").partition("```json\n")[2].partition("```")[0]
    (home / "received.json").write_text(payload, encoding="utf-8")
    codes = [run(command) for command in console("Your first event")]
    assert (codes, "H56.14-261124-0001" in capfd.readouterr().out) == ([0, 0, 0], True)


def test_emitting_the_first_event_again_publishes_nothing(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    payload = section("Your first event").partition("```json\n")[2].partition("```")[0]
    (home / "received.json").write_text(payload, encoding="utf-8")
    apply, emit, history = console("Your first event")
    assert [run(command) for command in (apply, emit, emit, ["event", "tail"])] == [0, 0, 0, 0]
    capfd.readouterr()
    assert run([*history, "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)["events"]) == 1


def test_the_vietnamese_page_starts_with_the_same_event() -> None:
    other = (ROOT / "README.vi.md").read_text("utf-8").partition("\n## Sự kiện đầu tiên\n")[2].partition("\n## ")[0]
    payloads = [text.partition("```json\n")[2].partition("```")[0] for text in (section("Your first event"), other)]
    assert payloads[0] == payloads[1] != ""


def test_history_is_asked_for_as_the_page_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("038090001234\n"))
    run(["topic", "apply"])
    assert [run(command) for command in console("Ask for history")] == [3, 3, 3]


@pytest.mark.parametrize(
    ("english", "vietnamese"), [("Ask for history", "Hỏi lịch sử"), ("Replay history", "Phát lại lịch sử")]
)
def test_both_first_pages_ask_the_same(english: str, vietnamese: str) -> None:
    other = (ROOT / "README.vi.md").read_text("utf-8").partition(f"\n## {vietnamese}\n")[2].partition("\n## ")[0]
    asked = [re.sub(r" --lang \w\w", "", "\n".join(COMMAND.findall(text))) for text in (section(english), other)]
    assert asked[0] == asked[1] != ""


LABEL = re.compile(r"^  (\w[\w ]*?)  ", re.MULTILINE)


def test_history_is_replayed_as_the_page_says(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    payload = section("Your first event").partition("```json\n")[2].partition("```")[0]
    (home / "received.json").write_text(payload, encoding="utf-8")
    assert [run(command) for command in console("Your first event")] == [0, 0, 0]
    capfd.readouterr()
    plan, go, overview = console("Replay history")
    assert run(plan) == 0
    said = capfd.readouterr().out
    assert LABEL.findall(said) == LABEL.findall(section("Replay history"))
    assert [run([*go[:2], said.split()[-1], *go[3:]]), run(overview)] == [0, 0]
    assert (home / "history.jsonl").read_text("utf-8").count("\n") == 1


def test_an_avro_file_is_read_as_the_page_of_replays_says(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "replay" / "README.md").read_text("utf-8").partition("\n### Reading an Avro file\n")[2]
    payload = section("Your first event").partition("```json\n")[2].partition("```")[0]
    (home / "received.json").write_text(payload, encoding="utf-8")
    assert [run(command) for command in console("Your first event")] == [0, 0, 0]
    capfd.readouterr()
    assert run(["replay", "plan", "--target", "history.avro", "--json"]) == 0
    assert run(["replay", "run", json.loads(capfd.readouterr().out)["run"]]) == 0
    capfd.readouterr()
    exec(compile(page.partition("```python\n")[2].partition("```")[0], "replay/README.md", "exec"), {})  # noqa: S102
    said = capfd.readouterr().out
    assert re.search(r"DossierReceived {'dossierCode': {'code': '~\w+'", said)


def example(number: int) -> CodeType:
    """Return an example of the bus's page, ready to run."""
    parts = (ROOT / "bus" / "README.md").read_text("utf-8").split("```python\n")
    return compile(parts[number].partition("```")[0], f"bus/README.md, example {number}", "exec")


def test_the_bus_examples_publish_an_event_and_handle_it(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["topic", "apply"]) == 0
    capfd.readouterr()
    exec(example(1), {})  # noqa: S102
    published = capfd.readouterr().out.strip()
    exec(example(2), {})  # noqa: S102
    assert capfd.readouterr().out.strip() == f"{published} DossierWithdrawn H56.14-261124-0001"


def test_the_agency_of_the_first_page_does_once_what_an_event_asks_for(home: Path) -> None:
    assert run(["topic", "apply"]) == 0
    exec(example(1), {})  # noqa: S102
    consume = compile(section("Consume as an agency").partition("```python\n")[2].partition("```")[0], "README", "exec")
    exec(consume, {})  # noqa: S102
    with closing(sqlite3.connect(home / "police.db")) as own:
        withdrawn = own.execute("SELECT dossier, reason FROM withdrawn").fetchall()
    assert withdrawn == [("H56.14-261124-0001", "Công dân rút hồ sơ")]


def test_both_first_pages_show_the_same_agency() -> None:
    vietnamese = (ROOT / "README.vi.md").read_text("utf-8").partition("\n## Cơ quan tiêu thụ\n")[2]
    codes = [
        text.partition("```python\n")[2].partition("```")[0] for text in (section("Consume as an agency"), vietnamese)
    ]
    assert codes[0] == codes[1] != ""
