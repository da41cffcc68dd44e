"""``dossier history`` and ``event search`` as a person or a script calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import click
import pytest

from bus.errors import ConfigError, TopicNotFound
from bus.settings import load
from bus.transport import Engine
from replay.commands import dossier_history, search_events
from tests.replay.doubles import DOSSIER, JsonWire, an_event, another, append_broken, later, publish

HISTORY_KEYS = ["dossier", "as_of", "events", "completeness"]
EVENT_KEYS = [
    "place", "id", "type", "occurred", "accepted", "source", "agency", "key", "correlation", "causation", "payload",
]  # fmt: skip


class Answer(NamedTuple):
    code: int
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)


Call = Callable[..., Answer]


@pytest.fixture
def call(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call a command over the log in memory."""
    settings = load({}, tmp_path, data=tmp_path / "var")
    wire = JsonWire()
    session = SimpleNamespace(
        settings=settings, engine=engine, standing_engine=engine, wire=wire, catalogue=wire.catalogue
    )

    def calling(command: click.Command, *arguments: str) -> Answer:
        with command.make_context("test", list(arguments)) as context:
            context.meta["lienthong.session"] = session
            code = command.invoke(context)
        return Answer(code, capsys.readouterr().out)

    return calling


def test_a_history_is_told_with_stable_keys(engine: Engine, call: Call) -> None:
    place = publish(engine, an_event())[0]
    answer = call(dossier_history, DOSSIER, "--json")
    assert (answer.code, list(answer.data)) == (0, HISTORY_KEYS)
    event = answer.data["events"][0]
    assert (list(event), event["place"], event["occurred"]) == (EVENT_KEYS, str(place), "2026-11-24T05:00:00.000Z")


def test_a_history_is_told_to_people_with_what_was_searched(engine: Engine, call: Call) -> None:
    publish(engine, an_event())
    text = call(dossier_history, DOSSIER, "--lang", "vi").text
    assert "24/11/2026 12:00:00  Hồ sơ đã được tiếp nhận [DossierReceived]  H56.14 · one-stop" in text
    assert "Đã tìm trong 6 phân vùng (1 bản ghi)" in text


def test_nothing_found_is_code_3_and_says_what_was_searched(engine: Engine, call: Call) -> None:
    publish(engine, another(3))
    answer = call(dossier_history, DOSSIER, "--json")
    completeness = answer.data["completeness"]
    assert (answer.code, answer.data["events"]) == (3, [])
    assert (completeness["complete"], completeness["partitions"], completeness["records"]) == (True, 6, 1)


@pytest.mark.parametrize("topic", ["dossier.events", "dossier.events.dead-letter"])
def test_what_may_be_missing_is_code_7(engine: Engine, call: Call, topic: str) -> None:
    broken = append_broken(engine, topic, DOSSIER)
    publish(engine, an_event())
    answer = call(dossier_history, DOSSIER, "--json")
    completeness = answer.data["completeness"]
    assert (answer.code, completeness["complete"]) == (7, False)
    assert [one["place"] for one in completeness["unreadable"] + completeness["dead_letters"]] == [str(broken)]


def test_a_range_leaves_out_and_counts(engine: Engine, call: Call) -> None:
    publish(engine, an_event("1"), an_event("2", time=later(24 * 60)))
    answer = call(dossier_history, DOSSIER, "--from", "2026-11-25", "--to", "2026-11-25", "--json")
    assert [one["occurred"] for one in answer.data["events"]] == ["2026-11-25T05:00:00.000Z"]
    assert answer.data["completeness"]["outside_range"] == 1


def test_as_of_tells_what_was_known_then(engine: Engine, call: Call) -> None:
    publish(engine, an_event())
    answer = call(dossier_history, DOSSIER, "--as-of", "2026-01-01", "--json")
    assert (answer.code, answer.data["as_of"]) == (3, "2026-01-01T16:59:59.999Z")


def test_a_search_by_identifier_finds_a_person(engine: Engine, call: Call) -> None:
    publish(engine, an_event(), another(2))
    answer = call(search_events, "--id", "citizen:001099012345", "--json")
    assert (answer.code, [one["key"] for one in answer.data["events"]]) == (0, [DOSSIER])


def test_a_search_by_type_counts_all_and_shows_the_first(engine: Engine, call: Call) -> None:
    publish(engine, an_event(), another(2), another(3))
    answer = call(search_events, "--type", "DossierReceived", "--max", "2", "--json")
    completeness = answer.data["completeness"]
    assert (len(answer.data["events"]), completeness["matched"], completeness["shown"]) == (2, 3, 2)


def test_a_mistyped_type_finds_nothing_and_names_the_nearest(engine: Engine, call: Call) -> None:
    publish(engine, an_event())
    answer = call(search_events, "--type", "DossierRecieved", "--lang", "en")
    assert answer.code == 3
    assert "Did you mean `DossierReceived`?" in answer.text


def test_a_mistyped_topic_is_an_error_that_names_the_nearest(call: Call) -> None:
    with pytest.raises(TopicNotFound) as refusal:
        call(search_events, "--topic", "dosier.events")
    assert "dossier.events" in refusal.value.hint


@pytest.mark.parametrize("text", ["001099012345", "citizn:001099012345", "citizen:"])
def test_a_wrong_identifier_is_refused_without_telling_it(call: Call, text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        call(search_events, "--id", text)
    assert "001099012345" not in f"{refusal.value} {refusal.value.hint}"


def test_an_identifier_may_come_from_stdin(engine: Engine, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(engine, an_event())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=lambda size: "001099012345\n"))
    assert call(search_events, "--id", "citizen:-", "--json").code == 0
