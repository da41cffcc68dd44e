"""What a person types behind ``--target``: one target, or a sentence that says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigError
from replay.runs.plan import TargetSpec
from replay.runs.targets.naming import target_of


@pytest.mark.parametrize(
    ("text", "kind", "where"),
    [
        ("/srv/history.avro", "avro", "/srv/history.avro"),
        ("/srv/hồ sơ.jsonl", "jsonl", "/srv/hồ sơ.jsonl"),
        ("replay.events", "topic", "replay.events"),
        ("topic:replay.case-12", "topic", "replay.case-12"),
        (" https://agency.example/replays ", "http", "https://agency.example/replays"),
        ("http://127.0.0.1:8080/in", "http", "http://127.0.0.1:8080/in"),
    ],
)
def test_a_target_is_known_by_its_form(text: str, kind: Any, where: str) -> None:
    assert target_of(text) == TargetSpec(kind=kind, where=where)


@pytest.mark.parametrize("name", ["history.avro", "replay.avro", "replay.jsonl"])
def test_a_path_becomes_absolute_so_that_a_plan_means_one_file_only(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert target_of(name).where == str(tmp_path / name)


def test_options_stand_in_the_target_that_they_belong_to() -> None:
    packed = target_of("/a.avro", codec="null")
    sent = target_of("http://agency.example/in", token="env:TOKEN", allow_http=True)
    assert (packed.codec, sent.token, sent.allow_http) == ("null", "env:TOKEN", True)


@pytest.mark.parametrize("text", ["", "history", "history.csv", "topic:", "ftp://agency.example/a", "sqlite:///bus.db"])
def test_what_names_no_target_is_told_the_forms_that_there_are(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        target_of(text)
    assert "replay." in refusal.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "topic:dossier.events",
        "dossier.events",
        "topic:replay.",
        "replay.Đơn thư",
        "replay.a..b",
        "replay.a.dead-letter",
    ],
)
def test_a_topic_of_history_and_a_name_that_is_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        target_of(text)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("/a.jsonl", {"codec": "deflate"}),
        ("replay.events", {"token": "env:TOKEN"}),
        ("/a.avro", {"allow_http": True}),
        ("/a.jsonl", {"ca_file": Path("ca.pem")}),
    ],
)
def test_an_option_of_another_target_is_refused_rather_than_left_out(text: str, options: Any) -> None:
    with pytest.raises(ConfigError, match="belongs to another target"):
        target_of(text, **options)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("https://user:hidden@agency.example/in", {}),
        ("https://agency.example/in?key=hidden", {}),
        ("http://agency.example/hidden", {}),
        ("https://agency.example/in", {"token": "hidden"}),
    ],
)
def test_an_address_that_would_give_a_secret_away_is_refused_without_telling_it(text: str, options: Any) -> None:
    with pytest.raises(ConfigError) as refusal:
        target_of(text, **options)
    assert "hidden" not in f"{refusal.value} {refusal.value.hint}"
