"""``deadletter list|show|redrive``: what was buried, why, and each back exactly once."""

from __future__ import annotations

import base64

import pytest

from bus.deadletters import DECODE, Failure, record_letter, source_letter
from bus.errors import DecodeError, Unmappable
from bus.records import Header, NewRecord
from bus.transport import Commit, Engine, TopicSpec
from tests.bus.cli.calling import Call

TOPIC = "dossier.events"


def bury_items(engine: Engine, count: int) -> None:
    """Bury items of one source, each for a reason of its own."""
    for row in range(count):
        failure = Failure(error=Unmappable(f"unknown activity {row}"), stage="map", by="fines")
        append(engine, source_letter(TOPIC, b"x", failure, origin=f"fines.csv row {row}"))


def append(engine: Engine, *records: NewRecord) -> list[str]:
    """Append records and return their places."""
    return [str(place) for place in engine.log.commit(Commit(appends=records))]


def bury_record(engine: Engine, value: bytes = b"\x01\xff", headers: tuple[Header, ...] = ()) -> str:
    """Bury a record that stood on the topic, as a group does, and return the letter's place."""
    append(engine, NewRecord(topic=TOPIC, key=b"k", value=value, headers=(("ce_id", b"one"), *headers), partition=1))
    record = engine.log.read(next(one for one in engine.log.ends(TOPIC) if one.partition == 1), 0, 1)[0]
    failure = Failure(error=DecodeError(f"{record.place}: no"), stage=DECODE, by="billing")
    return append(engine, record_letter(record, failure))[0]


def bury_item(engine: Engine, row: int = 12) -> str:
    """Bury a source's raw item, and return the letter's place."""
    failure = Failure(error=Unmappable("unknown activity", hint="Add it to the mapping."), stage="map", by="fines")
    return append(engine, source_letter(TOPIC, b"A;\x1b[2J;B", failure, origin=f"fines.csv row {row}"))[0]


def test_letters_are_grouped_by_cause_with_counts(call: Call, engine: Engine) -> None:
    bury_record(engine)
    places = [bury_item(engine, row) for row in (12, 13)]
    answer = call("deadletter", "list", "--json")
    told = answer.data
    assert (answer.code, list(told), told["letters"], told["open"]) == (0, ["letters", "open", "causes"], 3, 3)
    first, second = told["causes"]
    assert (first["code"], first["stage"], first["by"], first["letters"]) == ("LT-E2402", "map", "fines", 2)
    assert first["example"]["place"] in places
    assert (second["code"], second["by"]) == ("LT-E2102", "billing")


def test_two_reasons_with_one_code_are_two_causes(call: Call, engine: Engine) -> None:
    bury_items(engine, 2)
    bury_item(engine, 12)
    bury_item(engine, 13)
    told = call("deadletter", "list", "--json").data["causes"]
    assert [(one["letters"], one["reason"][:19]) for one in told] == [
        (2, "unknown activity. N"), (1, "unknown activity 0"), (1, "unknown activity 1")]  # fmt: skip


def test_of_very_many_causes_twenty_are_told_apart_and_the_rest_is_one(call: Call, engine: Engine) -> None:
    bury_items(engine, 25)
    told = call("deadletter", "list", "--json").data
    assert (len(told["causes"]), told["letters"], told["causes"][0]["letters"], told["causes"][0]["reason"]) == (
        21, 25, 5, "")  # fmt: skip
    assert "dossier.events  all other causes" in call("deadletter", "list").out


def test_the_topic_of_a_letter_may_be_mistyped(call: Call) -> None:
    answer = call("deadletter", "list", "--topic", "dosier.events")
    assert (answer.code, "Did you mean `dossier.events`?" in answer.err) == (3, True)


def test_each_letter_can_be_listed_and_a_choice_can_be_made(call: Call, engine: Engine) -> None:
    bury_record(engine)
    place = bury_item(engine)
    told = call("deadletter", "list", "--topic", TOPIC, "--code", "LT-E2402", "--each", "--json").data
    assert [(one["place"], one["origin"]) for one in told["each"]] == [(place, "fines.csv row 12")]
    assert call("deadletter", "list", "--since", "2999-01-01", "--json").data["causes"] == []


def test_people_read_cause_reason_and_next_step(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    answer = call("deadletter", "list", "--each")
    assert "dossier.events  LT-E2402  map by fines" in answer.out
    assert f"{place}: fines.csv row 12: unknown activity. Next: Add it to the mapping." in answer.out
    assert ("deadletter settle" in answer.err, "deadletter redrive" in answer.err) == (True, False)
    assert "1 letter, 1 open" in answer.out
    bury_record(engine)
    assert "lienthong deadletter redrive" in call("deadletter", "list").err
    assert call("deadletter", "list", "--topic", "payment.events").err == "There are no such dead letters.\n"


def test_a_letter_is_shown_whole_with_its_bytes_escaped(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    told = call("deadletter", "show", place, "--json").data
    assert (told["place"], told["redriven"], told["stage"], told["origin"]) == (place, False, "map", "fines.csv row 12")
    assert told["reason"].endswith("Next: Add it to the mapping.")
    assert base64.b64decode(told["raw"]["base64"]) == b"A;\x1b[2J;B"
    text = call("deadletter", "show", place).out
    assert ("A;\\x1b[2J;B" in text, "\x1b" in text) == (True, False)


def test_the_bytes_alone_can_be_had(call: Call, engine: Engine) -> None:
    assert call("deadletter", "show", bury_item(engine), "--raw").out == "A;\x1b[2J;B"


def test_a_record_goes_back_once_however_often_it_is_redriven(call: Call, engine: Engine) -> None:
    place = bury_record(engine)
    first = call("deadletter", "redrive", place, "--json")
    again = call("deadletter", "redrive", "--topic", TOPIC, "--json")
    assert (first.code, first.data["redriven"], first.data["letters"][0]["place"]) == (0, 1, f"{TOPIC}/1/1")
    assert (again.code, again.data["redriven"], again.data["already"]) == (0, 0, 1)
    assert sum(span.end for span in engine.log.ends(TOPIC).values()) == 2
    assert call("deadletter", "list", "--json").data["open"] == 0


def test_a_rehearsal_tells_and_does_nothing(call: Call, engine: Engine) -> None:
    bury_record(engine)
    bury_item(engine)
    answer = call("deadletter", "redrive", "--topic", TOPIC, "--dry-run", "--json")
    assert (answer.code, answer.data["redriven"], answer.data["refused"]) == (7, 1, 1)
    assert sum(span.end for span in engine.log.ends(TOPIC).values()) == 1


def test_a_raw_item_is_refused_with_what_to_do_and_code_7(call: Call, engine: Engine) -> None:
    answer = call("deadletter", "redrive", bury_item(engine))
    assert (answer.code, "run that source again" in answer.err) == (7, True)
    assert "0 redriven, 0 had been closed before, 1 refused." in answer.err


def test_of_named_letters_all_are_found_before_the_first_goes_back(call: Call, engine: Engine) -> None:
    answer = call("deadletter", "redrive", bury_record(engine), f"{TOPIC}.dead-letter/0/99")
    assert (answer.code, sum(span.end for span in engine.log.ends(TOPIC).values())) == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("redrive",), 2), (("redrive", "--code", "LT-E2102"), 2), (("redrive", "a/0/1", "--topic", TOPIC), 2),
        (("show", "nonsense"), 2), (("show", f"{TOPIC}/0/0"), 3), (("list", "--topic", "nowhere"), 3),
        (("list", "--since", "soon"), 2),
    ],
)  # fmt: skip
def test_a_wrong_call_is_an_error(call: Call, arguments: tuple[str, ...], code: int) -> None:
    answer = call("deadletter", *arguments)
    assert (answer.code, answer.out, answer.err.startswith("Error LT-E")) == (code, "", True)


def test_letters_of_a_topic_outside_the_catalogue_are_listed_too(call: Call, engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="other.dead-letter", partitions=1))
    append(engine, NewRecord(topic="other.dead-letter", key=None, value=b"x"))
    (cause,) = call("deadletter", "list", "--json").data["causes"]
    assert (cause["topic"], cause["code"], cause["stage"]) == ("other", "", "")
