"""Letters keep what came, say why, and go back as they were."""

from __future__ import annotations

import pytest

from bus.deadletters import (
    Failure,
    dead_letter_topic,
    letter_id,
    parse_place,
    read_letter,
    record_letter,
    redriven,
    source_letter,
)
from bus.errors import CannotRedrive, ConfigError, DecodeError, Unmappable
from bus.records import NewRecord, Place, Record
from tests.bus.doubles import NOON, TOPIC

FAILURE = Failure(error=DecodeError("dossier.events/2/7: not Avro"), stage="decode", by="statistics", time=NOON)
HEADERS = (("ce_id", b"1"), ("ce_id", b"2"), ("other", None))


def a_record(**changes: object) -> Record:
    facts = {"topic": TOPIC, "partition": 2, "offset": 7, "timestamp": 5, "key": b"k", "value": b"\x00v"}
    return Record(**{**facts, "headers": HEADERS, **changes})  # type: ignore[arg-type]


def stored(new: NewRecord, offset: int = 0) -> Record:
    return Record(
        topic=new.topic, partition=0, offset=offset, timestamp=9, key=new.key, value=new.value, headers=new.headers
    )


def test_a_records_letter_keeps_key_value_and_headers_and_tells_why() -> None:
    new = record_letter(a_record(), FAILURE)
    letter = read_letter(stored(new))
    assert (new.topic, new.key, new.value, new.headers[:3]) == (f"{TOPIC}.dead-letter", b"k", b"\x00v", HEADERS)
    assert (letter.topic, letter.code, letter.stage, letter.by) == (TOPIC, "LT-E2102", "decode", "statistics")
    assert (letter.origin, letter.attempts, letter.time) == ("dossier.events/2/7", 1, "2026-11-24T05:00:00.000Z")


def test_a_letters_reason_says_what_to_do_next() -> None:
    letter = read_letter(stored(record_letter(a_record(), FAILURE)))
    assert letter.reason.startswith("dossier.events/2/7: not Avro. Next: ")


def test_a_sources_letter_tells_the_place_and_keeps_the_raw_bytes() -> None:
    failure = Failure(error=Unmappable("unknown activity", hint="Map it."), stage="map", by="file-drop")
    new = source_letter(TOPIC, b"a;b\xff", failure, origin="fines.csv row 12")
    letter = read_letter(stored(new))
    assert (new.key, new.value, letter.origin) == (None, b"a;b\xff", "fines.csv row 12")
    assert letter.reason == "fines.csv row 12: unknown activity. Next: Map it."


def test_of_a_huge_item_the_head_is_kept_and_that_is_said() -> None:
    failure = Failure(error=Unmappable("too long"), stage="read", by="file-drop")
    new = source_letter(TOPIC, b"x" * 2_000_000, failure, origin="a.csv row 1")
    assert len(new.value or b"") == 524288
    assert "first 524288 of its 2000000 bytes" in read_letter(stored(new)).reason


def test_a_redriven_record_is_the_original_with_its_returns_counted() -> None:
    record = redriven(read_letter(stored(record_letter(a_record(), FAILURE))))
    marks = (("lt_redrive_count", b"1"), ("lt_redrive_group", b"statistics"))
    assert record == NewRecord(topic=TOPIC, key=b"k", value=b"\x00v", headers=HEADERS + marks, partition=2)


def test_returns_are_counted_on() -> None:
    once = redriven(read_letter(stored(record_letter(a_record(), FAILURE))))
    again = record_letter(a_record(headers=once.headers), FAILURE)
    twice = redriven(read_letter(stored(again)))
    assert [value for name, value in twice.headers if name == "lt_redrive_count"] == [b"2"]


def test_a_sources_letter_is_never_written_to_a_topic_of_events() -> None:
    failure = Failure(error=Unmappable("unknown"), stage="map", by="file-drop")
    letter = read_letter(stored(source_letter(TOPIC, b"raw", failure, origin=f"{TOPIC}/0/1")))
    with pytest.raises(CannotRedrive):
        redriven(letter)


def test_a_letter_for_another_topic_than_its_own_does_not_go_back() -> None:
    letter = read_letter(stored(record_letter(a_record(), FAILURE)))
    headers = tuple(
        (name, b"payment.events/0/1" if name == "lt_error_origin" else v) for name, v in letter.record.headers
    )
    forged = read_letter(stored(NewRecord(topic=letter.record.topic, key=b"k", value=b"v", headers=headers)))
    with pytest.raises(CannotRedrive):
        redriven(forged)


def test_a_record_at_its_engines_limit_still_has_a_letter_but_no_redrive() -> None:
    big = a_record(headers=(("ce_id", b"1"), ("huge", b"x" * 65000)))
    new = record_letter(big, FAILURE)
    assert sum(len(name) + len(value or b"") for name, value in new.headers) < 60_000
    with pytest.raises(CannotRedrive, match="not whole"):
        redriven(read_letter(stored(new)))


def test_headers_that_make_no_sense_make_a_letter_with_empty_facts() -> None:
    headers = (("lt_error_attempts", b"\xff"), ("lt_redrive_count", b"9" * 30))
    letter = read_letter(stored(NewRecord(topic=f"{TOPIC}.dead-letter", key=None, value=None, headers=headers)))
    assert (letter.attempts, letter.redrives, letter.code) == (0, 0, "")


def test_a_letters_id_depends_on_place_and_time() -> None:
    ids = {letter_id(Place("a.dead-letter", 0, offset, time)) for offset in (1, 2) for time in (1, 2)}
    assert {len(one) for one in ids} == {16}
    assert len(ids) == 4


@pytest.mark.parametrize("text", ["", "a", "a/1", "a/b/c", "a/-1/2", "a/1/2/3", "/1/2", "a/²/1", "a/1/" + "9" * 19])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_place(text)


def test_the_dead_letters_of_dead_letters_are_those_themselves() -> None:
    assert dead_letter_topic(dead_letter_topic(TOPIC)) == dead_letter_topic(TOPIC)
