"""``event get``: one record by its place, or by its event's id with an honest word on what was searched."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from bus import replays
from bus.records import NewRecord
from bus.transport import Commit, Engine
from tests.bus.cli.calling import DOSSIER, NOON, Call, as_lines, enveloped, received

ID = "6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57"
ABSENT = "00000000-0000-4000-8000-000000000000"
EVENT_KEYS = [
    "place", "id", "type", "occurred", "accepted", "source", "agency", "key", "correlation", "causation", "payload",
    "error", "letter",
]  # fmt: skip
GET_KEYS = [*EVENT_KEYS, "schema", "headers", "raw", "searched"]


@pytest.fixture
def place(call: Call) -> str:
    """Emit an event and return where it stands."""
    value = enveloped(received(summary="tóm tắt"), id=ID, agency="H56.14")
    answer = call("event", "emit", "dossier.events", "-f", "-", "--json", stdin=as_lines(value))
    return str(answer.data["place"])


def broken(engine: Engine, **headers: bytes) -> str:
    """Append a record that nobody can read, and return its place."""
    new = NewRecord(topic="dossier.events", key=b"k", value=b"\x01\xff", headers=tuple(headers.items()))
    return str(engine.log.commit(Commit(appends=[new]))[0])


def test_by_place_everything_is_told(call: Call, place: str) -> None:
    answer = call("event", "get", place, "--json")
    event = answer.data
    assert (answer.code, list(event), event["occurred"]) == (0, GET_KEYS, NOON)
    assert event["payload"]["dossierCode"] == {"code": DOSSIER, "codeSystem": "VN-DOSSIER", "validAt": None}
    assert event["schema"]["subject"] == "dossier.events-vn.lienthong.dossier.DossierReceived"
    assert event["schema"]["version"] == 1
    assert ["ce_agency", "H56.14"] in event["headers"]
    assert (event["error"], event["raw"], event["searched"]) == (None, None, None)


def test_people_read_what_is_told_and_not_what_is_not(call: Call, place: str) -> None:
    text = call("event", "get", place).out
    assert all(word in text for word in (place, "DossierReceived", "tóm tắt", "H56.14", "version 1"))
    assert "null" not in text


def test_by_id_it_says_how_much_was_searched(call: Call, place: str) -> None:
    event = call("event", "get", ID.upper(), "--json").data
    assert (event["place"], event["searched"]["records"], event["searched"]["of"]) == (place, 1, 1)


def test_an_absent_id_is_code_3_and_says_what_was_searched(call: Call, place: str) -> None:
    answer = call("event", "get", ABSENT, "--json")
    assert (answer.code, answer.data["place"], answer.data["searched"]["records"]) == (3, None, 1)
    assert "dossier.events.dead-letter" in answer.data["searched"]["topics"]
    assert f"There is no event {ABSENT} among 1 record." in call("event", "get", ABSENT).err


def test_on_another_topic_it_is_not_looked_for(call: Call, place: str) -> None:
    assert call("event", "get", ID, "--topic", "payment.events").code == 3


def test_a_copy_of_an_event_is_found_only_where_its_topic_is_named(call: Call, place: str, engine: Engine) -> None:
    [record] = [one for at in engine.log.ends("dossier.events") for one in engine.log.read(at, 0, 1)]
    marked = (*record.headers, (replays.RUN, b"r1"))
    copy = NewRecord(topic=replays.TOPIC, key=record.key, value=record.value, headers=marked)
    [copied] = engine.log.commit(Commit(appends=[copy]))
    found = [call("event", "get", ID, *more, "--json").data for more in ((), ("--topic", replays.TOPIC))]
    assert [one["place"] for one in found] == [place, str(copied)]
    assert replays.TOPIC not in found[0]["searched"]["topics"]


def test_an_unreadable_record_is_shown_raw_with_code_7(call: Call, engine: Engine) -> None:
    place = broken(engine, ce_type=b"DossierReceived", ce_source="nguồn".encode(), odd=b"\xff")
    answer = call("event", "get", place, "--json")
    event = answer.data
    assert (answer.code, event["type"], event["source"], event["payload"]) == (7, "DossierReceived", "nguồn", None)
    assert event["error"]["code"] == "LT-E2102"
    assert base64.b64decode(event["raw"]["base64"]) == b"\x01\xff"
    assert ["odd", "\\xff"] in event["headers"]


def test_nothing_that_a_record_holds_reaches_the_terminal_as_a_command(call: Call, engine: Engine) -> None:
    place = broken(engine, ce_type=b"\x1b[2J", odd="\u202e\x9b".encode())
    answer = call("event", "get", place)
    assert not {"\x1b", "\u202e", "\x9b"} & set(answer.out + answer.err)


@pytest.mark.parametrize(
    ("which", "code"),
    [("dossier.events/0/99", 3), ("dossier.events/9/0", 3), ("dosier.events/0/0", 3), ("nonsense", 2), ("a/b/c", 2)],
)
def test_what_is_not_there_or_no_place_is_an_error(call: Call, which: str, code: int) -> None:
    answer = call("event", "get", which)
    assert (answer.code, answer.out) == (code, "")


def damaged(data: Path, engine: Engine, call: Call) -> Any:
    """Flip a bit in the only record's value."""
    engine.close()
    content = bytearray((data / "bus.db").read_bytes())
    content[content.index("tóm tắt".encode())] ^= 4
    (data / "bus.db").write_bytes(content)


def test_a_damaged_record_is_code_6(call: Call, place: str, data: Path, engine: Engine) -> None:
    damaged(data, engine, call)
    answer = call("event", "get", place)
    assert (answer.code, place in answer.err) == (6, True)


def test_an_id_that_a_damaged_record_may_have_had_is_not_said_to_be_absent(
    call: Call, place: str, data: Path, engine: Engine
) -> None:
    damaged(data, engine, call)
    answer = call("event", "get", ABSENT, "--json")
    assert (answer.code, answer.data["searched"]["damaged"]) == (7, [place])


def test_people_read_both_times_of_an_event_in_their_zone(call: Call) -> None:
    told = call("event", "emit", "DossierReceived", "-f", "-", "--json", stdin=as_lines(enveloped(received()))).data
    out = call("event", "get", told["place"]).out
    assert "  occurred    24/11/2026 12:00:00\n" in out
    assert call("event", "get", told["place"], "--json").data["occurred"] == NOON
