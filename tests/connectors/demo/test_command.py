"""The command `demo`: what it says, where it puts its data, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bus.cli.root import run
from connectors.demo.words import NUMBERS, SENTENCES
from tests.connectors.demo.province import books, replay, verdict


def test_a_demo_that_is_over_ends_at_once_with_the_same_books(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = books(data)
    assert run(["--data", str(data), "demo", "--dossiers", "12", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["published"], told["delivered"], told["events_per_s"]) == (before.published, before.delivered, 0.0)


def test_a_larger_number_extends_a_demo(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", str(data), "demo", "--dossiers", "14", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["dossiers"], verdict(books(data))) == (14, (0, 0, 0))


def test_another_seed_on_the_same_data_is_a_conflict(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", str(data), "demo", "--seed", "8"]) == 9
    talk = capfd.readouterr().err
    assert ("LT-E1002" in talk, "--seed 7" in talk) == (True, True)


def test_books_that_do_not_balance_are_exit_code_6(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from tests.connectors.demo.province import POLICE, change

    again = "SELECT ce_id, operation, reference, 'again', at FROM effects LIMIT 1"
    change(data, POLICE, f"INSERT INTO effects (ce_id, operation, reference, name, at) {again}")
    assert run(["--data", str(data), "demo", "--dossiers", "12", "--lang", "en"]) == 6
    assert "DO NOT balance" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "story", "end"),
    [((), "Hồ sơ được tiếp nhận", "Sổ khớp."), (("--lang", "en"), "The dossier was received", "The books balance.")],
)
def test_a_visitor_is_told_the_story_and_the_books_in_vietnamese_unless_asked_otherwise(
    data: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], story: str, end: str
) -> None:
    assert run(["--data", str(data), "demo", "--dossiers", "12", *words]) == 0
    out, err = capfd.readouterr()
    assert (story in out, "police" in out, end in err) == (True, True, True)
    assert re.search(rf"lienthong --data {data} dossier history 000\.00\.04\.H31", err)
    assert re.search(r"replay plan --target story\.jsonl --dossier 000\.00\.04\.H31", err)


@pytest.mark.parametrize(
    ("lang", "words"), [("vi", "Bản ghi phát lại đã bỏ qua"), ("en", "Replayed records passed over")]
)
def test_a_replay_into_a_demo_changes_nothing_and_is_told(
    data: Path, capfd: pytest.CaptureFixture[str], lang: str, words: str
) -> None:
    before = books(data)
    replay(data, "replay.events")
    assert run(["--data", str(data), "demo", "--dossiers", "12", "--lang", lang]) == 0
    err = capfd.readouterr().err
    police = before.groups["police"].subscribed
    assert (words in err, f"police {police}" in err) == (True, True)
    assert (books(data).published, books(data).delivered) == (before.published, before.delivered)


def test_without_data_a_fresh_folder_is_taken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lienthong.toml").write_text('transport = "sqlite:///precious.db"', "utf-8")
    assert run(["demo", "--dossiers", "2", "--json"]) == 0
    (folder,) = (tmp_path / "var").iterdir()
    out, err = capfd.readouterr()
    assert (folder.name[:5], json.loads(out)["dossiers"], str(folder) in err) == ("demo-", 2, True)
    assert not (tmp_path / "precious.db").exists()


def test_both_languages_say_the_same() -> None:
    def places(text: str) -> set[str]:
        return {name.partition(":")[0] for name in re.findall(r"{([^}]+)}", text)}

    assert SENTENCES["vi"].keys() == SENTENCES["en"].keys()
    assert NUMBERS["vi"].keys() == NUMBERS["en"].keys()
    assert all(places(text) == places(SENTENCES["en"][name]) for name, text in SENTENCES["vi"].items())
