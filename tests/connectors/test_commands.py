"""The commands of connectors, run as a person runs them, over a connector that the tests install."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bus.cli.root import run
from bus.envelope import Envelope, event_id
from bus.errors import ConfigError, PartnerUnavailable, Unmappable
from bus.transports import open_engine
from connectors import installed
from connectors.sdk import Batch, Fetched, Source
from tests.connectors.doubles import ListSource

CODE = "H56.14-261124-0001"


class WordSource(ListSource):
    """Each word of a configuration file withdraws the dossier for that reason."""

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return one real event for a word."""
        if item.value == "?":
            raise Unmappable("no reason of that name", hint="Correct the export.")
        payload = {"dossierCode": {"code": CODE, "codeSystem": "VN-DOSSIER"}, "reason": item.value}
        return [
            Envelope(
                id=event_id(self.name, item.value), type="DossierWithdrawn", source=self.name, key=CODE,
                time=datetime(2026, 11, 24, 5, 0, tzinfo=UTC), payload=_whole(payload),
            )
        ]  # fmt: skip


class Words:
    """A connector whose configuration is its data."""

    name, summary = "words", "Tells the words of its configuration."

    def open(self, config: Path) -> Sequence[Source]:
        """Return the source of a file's words."""
        text = config.read_text("utf-8")
        if not text:
            raise ConfigError("the configuration is empty", hint="Write a word.")
        outages = [PartnerUnavailable("the partner is down", wait_s=3600.0)] if text == "down" else []
        return [WordSource(text.split(), name="words", outages=outages)]

    def open_sample(self, _config: Path, sample: Path) -> Source:
        """Return the source of a sample's words."""
        return WordSource(sample.read_text("utf-8").split(), name="words")


class Point(NamedTuple):
    """An entry point that is there already."""

    what: object

    def load(self) -> object:
        """Return what it names."""
        return self.what


class Answer(NamedTuple):
    """An exit code, what was said to stdout (as JSON where it is), and to stderr."""

    code: int
    data: Any
    talk: str


Call = Callable[..., Answer]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command line on a folder of its own, with the connector `words` installed and its file written."""
    monkeypatch.setattr(installed, "_points", lambda: {"words": Point(Words())})

    def calling(*words: str, config: str = "one ? two") -> Answer:
        (tmp_path / "words.txt").write_text(config, "utf-8")
        code = run(
            ["--data", str(tmp_path / "var"), *(word.replace("FILE", str(tmp_path / "words.txt")) for word in words)]
        )
        out, err = capfd.readouterr()
        return Answer(code, json.loads(out) if out.startswith(("{", "[")) else out, err)

    return calling


def _whole(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload with the fields that a contract asks for besides."""
    from schemas.catalogue import load, parsed

    names = [field["name"] for field in parsed(load().event("DossierWithdrawn"))["fields"]]
    payload["dossierCode"]["validAt"] = None
    return dict.fromkeys(names) | payload


def test_installed_connectors_are_listed(call: Call) -> None:
    answer = call("connector", "list", "--json")
    assert (answer.code, answer.data) == (0, [{"name": "words", "summary": Words.summary}])


def test_a_run_prints_its_books_and_ends_with_7_where_something_was_buried(call: Call) -> None:
    answer = call("connector", "run", "words", "--config", "FILE", "--once", "--json")
    assert (answer.code, answer.data) == (7, {"rows": 3, "published": 2, "deduplicated": 0, "dead_lettered": 1})


def test_a_run_tells_a_person_what_was_buried_and_what_to_do(call: Call) -> None:
    talk = call("connector", "run", "words", "--config", "FILE", "--once").talk
    assert all(part in talk for part in ("list row 2", "LT-E2402", "Correct the export.", "deadletter list"))


def test_a_second_run_ends_well_and_tells_nothing_twice(call: Call) -> None:
    call("connector", "run", "words", "--config", "FILE", "--once")
    answer = call("connector", "run", "words", "--config", "FILE", "--once")
    assert (answer.code, answer.data) == (0, {"rows": 0, "published": 0, "deduplicated": 0, "dead_lettered": 0})


def test_a_partner_that_is_away_is_exit_code_8(call: Call) -> None:
    answer = call("connector", "run", "words", "--config", "FILE", "--once", config="down")
    assert (answer.code, "the partner is down" in answer.talk) == (8, True)


def test_what_was_moved_before_an_outage_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    class Falling(WordSource):
        """Goes away behind its first page."""

        def fetch(self, cursor: bytes | None) -> Batch:
            if cursor is not None:
                raise PartnerUnavailable("the partner is down", wait_s=3600.0)
            return super().fetch(cursor)

    monkeypatch.setattr(Words, "open", lambda _self, config: [Falling(config.read_text("utf-8").split(), name="words")])
    answer = call("connector", "run", "words", "--config", "FILE", "--once", config="one two three")
    assert (answer.code, '"published": 2' in answer.talk) == (8, True)


def test_a_run_names_the_folder_that_it_writes_to(call: Call, tmp_path: Path) -> None:
    assert f"words: into {tmp_path / 'var'}" in call("connector", "run", "words", "--config", "FILE", "--once").talk


class Endless(WordSource):
    """Never ends; after its third page somebody sends its process a signal."""

    def __init__(self, number: int) -> None:
        super().__init__([], name="words")
        self._number = number

    def fetch(self, cursor: bytes | None) -> Batch:
        """Return a page without anything in it."""
        page = int(cursor or b"0") + 1
        if page == 3:
            os.kill(os.getpid(), self._number)
        return Batch(items=[], cursor=str(page).encode(), more=True)


@pytest.mark.parametrize(
    ("number", "how", "code"),
    [
        (signal.SIGTERM, ["--once"], 130),
        (signal.SIGINT, ["--once"], 130),
        (signal.SIGTERM, [], 0),
        (signal.SIGINT, [], 130),
    ],
)
def test_a_run_that_is_asked_to_end_says_whether_it_was_through(
    call: Call, monkeypatch: pytest.MonkeyPatch, number: int, how: list[str], code: int
) -> None:
    monkeypatch.setattr(Words, "open", lambda _self, _config: [Endless(number)])
    answer = call("connector", "run", "words", "--config", "FILE", *how)
    assert (answer.code, "Ended early" in answer.talk) == (code, code == 130)


def test_a_watching_run_tells_at_once_what_it_buries(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    class Burying(Endless):
        """Brings one thing that cannot be mapped, then ends as above."""

        def fetch(self, cursor: bytes | None) -> Batch:
            return super().fetch(cursor) if cursor else Batch(items=[self._item(0, "?")], cursor=b"1", more=True)

    monkeypatch.setattr(Words, "open", lambda _self, _config: [Burying(signal.SIGTERM)])
    talk = call("connector", "run", "words", "--config", "FILE").talk
    assert talk.index("rows were buried") < talk.index("buried: 1 by LT-E2402")


def test_a_wrong_configuration_starts_nothing(call: Call, tmp_path: Path) -> None:
    answer = call("connector", "run", "words", "--config", "FILE", "--once", config="")
    assert (answer.code, "Write a word." in answer.talk, (tmp_path / "var").exists()) == (2, True, False)


def test_an_unknown_connector_is_told_the_nearest(call: Call) -> None:
    answer = call("connector", "run", "wrods", "--config", "FILE", "--once")
    assert (answer.code, "Did you mean `words`?" in answer.talk) == (2, True)


def test_a_check_says_what_each_row_would_become_and_writes_nothing(call: Call, tmp_path: Path) -> None:
    answer = call("connector", "check", "words", "--config", "FILE", "--json")
    trials = [
        (one["place"], len(one["events"]), one["error"] and one["error"]["code"]) for one in answer.data["trials"]
    ]
    assert (answer.code, trials) == (
        7, [("list row 1", 1, None), ("list row 2", 0, "LT-E2402"), ("list row 3", 1, None)],
    )  # fmt: skip
    assert not (tmp_path / "var").exists()


def test_a_check_shows_a_persons_eyes_the_fields(call: Call) -> None:
    answer = call("connector", "check", "words", "--config", "FILE", "--rows", "1")
    assert (answer.code, "DossierWithdrawn" in answer.data, 'reason: "one"' in answer.data) == (0, True, True)


def test_a_check_takes_a_sample_of_ones_own(call: Call, tmp_path: Path) -> None:
    sample = tmp_path / "sample.txt"
    sample.write_text("three four", "utf-8")
    answer = call("connector", "check", "words", "--config", "FILE", "--sample", str(sample), "--json")
    assert (answer.code, answer.data["rows"], answer.data["events"]) == (0, 2, 2)


def test_the_status_tells_where_a_source_stands_and_what_it_left(call: Call) -> None:
    call("connector", "run", "words", "--config", "FILE", "--once")
    (status,) = call("connector", "status", "--json").data
    assert (status["source"], status["running"], status["cursor"], status["dead_letters"]) == ("words", False, "3", 1)
    assert datetime.fromisoformat(status["moved"]).date() == datetime.now(UTC).date()


def test_the_status_tells_a_person_the_same(call: Call) -> None:
    call("connector", "run", "words", "--config", "FILE", "--once")
    answer = call("connector", "status")
    assert (answer.code, "words: at rest, last moved " in answer.data, "cursor: 3" in answer.data) == (0, True, True)


def test_the_status_sees_a_run_of_another_process(call: Call, tmp_path: Path) -> None:
    call("connector", "run", "words", "--config", "FILE", "--once")
    other = open_engine(f"sqlite:///{tmp_path / 'var' / 'bus.db'}")
    other.claim("words")
    assert call("connector", "status", "--json").data[0]["running"]
    other.close()


def test_the_status_of_a_folder_without_a_log_is_not_found(call: Call) -> None:
    answer = call("connector", "status")
    assert (answer.code, "there is no log" in answer.talk) == (3, True)


def test_batches_of_the_double_are_what_the_port_asks_for() -> None:
    assert isinstance(WordSource(["a"]).fetch(None), Batch)
