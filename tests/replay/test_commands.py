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
from tests.replay.doubles import DOSSIER, JsonWire, an_event, another, append_broken, bury, close, later, publish

HISTORY_KEYS = ["dossier", "as_of", "events", "completeness"]
EVENT_KEYS = [
    "place", "id", "type", "occurred", "accepted", "source", "agency", "key", "correlation", "causation", "payload",
]  # fmt: skip

BY_DOSSIER = (search_events, "--id", f"dossier:{DOSSIER}")
BY_TYPE = (search_events, "--type", "DossierReceived")


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
    assert "Đã tìm trong cả 3 chủ đề (6 phân vùng, 1 bản ghi)" in text


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


def test_a_buried_row_of_a_dossier_is_named_until_it_is_closed(engine: Engine, call: Call) -> None:
    place = bury(engine)
    publish(engine, an_event())
    first = call(dossier_history, DOSSIER, "--json")
    close(engine, place)
    second = call(dossier_history, DOSSIER, "--json")
    assert (first.code, [one["place"] for one in first.data["completeness"]["dead_letters"]]) == (7, [str(place)])
    assert (second.code, second.data["completeness"]["dead_letters"]) == (0, [])


def test_a_search_by_identifier_names_its_buried_rows(engine: Engine, call: Call) -> None:
    place = bury(engine)
    answer = call(search_events, "--id", f"dossier:{DOSSIER}", "--topic", "dossier.events", "--json")
    assert (answer.code, [one["place"] for one in answer.data["completeness"]["unreadable"]]) == (7, [str(place)])


def test_a_letter_of_an_event_that_stands_in_the_log_is_not_missing(engine: Engine, call: Call) -> None:
    event = an_event()
    publish(engine, event)
    append_broken(engine, "dossier.events.dead-letter", DOSSIER, ce_id=str(event.id))
    assert [call(*one).code for one in (BY_DOSSIER, (dossier_history, DOSSIER))] == [0, 0]


@pytest.mark.parametrize("command", [BY_DOSSIER, BY_TYPE, (dossier_history, DOSSIER)], ids=["id", "type", "history"])
def test_a_row_that_nobody_could_read_may_be_about_anyone(engine: Engine, call: Call, command: Any) -> None:
    place = bury(engine, key="")
    publish(engine, an_event())
    first = call(*command, "--json")
    said = call(*command, "--lang", "en").text
    close(engine, place)
    second = call(*command, "--json")
    assert (first.code, first.data["completeness"]["unattributed_letters"]) == (7, 1)
    assert "1 row that nobody could read lies in the dead letters" in said
    assert (second.code, second.data["completeness"]["unattributed_letters"]) == (0, 0)


@pytest.mark.parametrize(
    "options",
    [("--topic", "payment.events"), ("--by", "accepted", "--to", "2026-01-01"), ("--type", "Any", "--id", "dossier:1")],
    ids=["topic", "time", "id"],
)
def test_it_counts_where_it_can_be_meant(engine: Engine, call: Call, options: tuple[str, ...]) -> None:
    bury(engine, key="")
    found = call(search_events, *options, "--json").data["completeness"]["unattributed_letters"]
    assert found == (1 if "--id" in options else 0)


def test_as_of_counts_what_was_accepted_later(engine: Engine, call: Call) -> None:
    publish(engine, an_event())
    bury(engine, key="")
    answer = call(dossier_history, DOSSIER, "--as-of", "2026-01-01", "--json")
    counted = {name: answer.data["completeness"][name] for name in ("accepted_later", "unattributed_letters")}
    assert (answer.code, counted) == (3, {"accepted_later": 1, "unattributed_letters": 0})


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
    first, second, _ = answer.text.split("\n", 2)
    assert (first, second.endswith("Did you mean `DossierReceived`?")) == ("Nothing was found.", True)


def test_a_type_like_none_is_not_guessed(call: Call) -> None:
    assert "no event type `Zzz`: `lienthong schema list`" in call(search_events, "--type", "Zzz", "--lang", "en").text


def test_a_mistyped_topic_is_an_error_that_names_the_nearest(call: Call) -> None:
    with pytest.raises(TopicNotFound) as refusal:
        call(search_events, "--topic", "dosier.events")
    assert "dossier.events" in refusal.value.hint


@pytest.mark.parametrize("text", ["001099012345", "citizn:001099012345", "citizen:"])
def test_a_wrong_identifier_is_refused_without_telling_it(call: Call, text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        call(search_events, "--id", text)
    assert "001099012345" not in f"{refusal.value} {refusal.value.hint}"


@pytest.mark.parametrize(
    ("text", "hint"), [("001099012345", "--id dossier:"), ("zz:1", "--id dossier:"), ("citizn:1", "mean `citizen`?")]
)
def test_a_kind_is_guessed_only_where_one_is_alike(call: Call, text: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="citizen, dossier, payment") as refusal:
        call(search_events, "--id", text)
    assert hint in refusal.value.hint


def test_an_identifier_may_come_from_stdin(engine: Engine, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(engine, an_event())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=lambda size: "001099012345\n"))
    assert call(search_events, "--id", "citizen:-", "--json").code == 0
