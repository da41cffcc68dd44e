"""``event emit``: checked as a source's event is, published once, and refused without telling a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bus.envelope import event_id
from tests.bus.cli.calling import DOSSIER, NOON, Call, as_lines, enveloped, received

EMITTED_KEYS = ["input", "outcome", "id", "type", "source", "key", "place", "error"]
SECRET = "Nguyễn Văn A"
ID = "6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57"


def emit(call: Call, *values: Any, target: str = "DossierReceived", options: tuple[str, ...] = ()) -> Any:
    """Emit JSON lines and return the answer."""
    return call("event", "emit", target, "-f", "-", "--json", *options, stdin=as_lines(*values))


def events(call: Call) -> list[Any]:
    """Return everything on the log."""
    return call("event", "tail", "--json").lines


def test_a_bare_payload_is_an_event_of_its_dossier(call: Call) -> None:
    answer = emit(call, received(), options=("--agency", "H56.14", "--time", "2026-11-24T12:00"))
    assert (answer.code, list(answer.lines[0]), answer.lines[0]["outcome"]) == (0, EMITTED_KEYS, "published")
    (event,) = events(call)
    told = (event["key"], event["correlation"], event["agency"], event["source"], event["occurred"])
    assert told == (DOSSIER, DOSSIER, "H56.14", "by-hand", NOON)


def test_the_same_content_is_published_once(call: Call) -> None:
    first, second = emit(call, received()), emit(call, received())
    assert (second.code, second.lines[0]["outcome"]) == (0, "known")
    assert second.lines[0]["place"] == first.lines[0]["place"]
    assert len(events(call)) == 1


def test_people_are_told_that_it_had_come_before(call: Call) -> None:
    emit(call, received())
    answer = call("event", "emit", "DossierReceived", "-f", "-", stdin=as_lines(received()))
    assert answer.out.startswith("known")
    assert "it was not published again" in answer.err


def test_an_id_that_stands_with_other_content_is_a_conflict_which_names_the_fields(call: Call) -> None:
    emit(call, received(summary="one"), options=("--id", ID))
    answer = emit(call, received(summary=SECRET), options=("--id", ID))
    assert (answer.code, answer.lines[0]["error"]["code"]) == (9, "LT-E3006")
    assert "payload.summary differ" in answer.lines[0]["error"]["message"]
    assert SECRET not in answer.out + answer.err
    assert len(events(call)) == 1


def test_a_native_id_gives_the_id_that_its_source_would_give(call: Call) -> None:
    answer = emit(call, received(), options=("--source", "one-stop", "--native-id", "42"))
    assert answer.lines[0]["id"] == str(event_id("one-stop", "42"))


def test_a_time_that_nobody_told_makes_no_conflict(call: Call) -> None:
    emit(call, received(), options=("--id", ID))
    assert emit(call, received(), options=("--id", ID)).lines[0]["outcome"] == "known"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"applicant": {"nmae": SECRET}}, "applicant.nmae"),
        ({"applicant": {"name": 5}}, "applicant.name"),
        ({"appointment": {"at": "24/11/2026"}}, "appointment.at"),
        ({"appointment": {"at": "2026-11-24T09:00:00"}}, "appointment.at"),
        ({"place": {"code": SECRET}}, "place.codeSystem"),
    ],
)
def test_a_payload_that_breaks_its_contract_is_named_by_its_path_and_never_by_its_value(
    call: Call, change: dict[str, Any], path: str
) -> None:
    answer = emit(call, received(**change))
    assert (answer.code, answer.lines[0]["error"]["message"].split()[0]) == (5, path)
    assert answer.lines[0]["error"]["code"] == "LT-E2101"
    assert SECRET not in answer.out + answer.err
    assert events(call) == []


def test_value_rules_are_held(call: Call) -> None:
    answer = emit(call, received("not a dossier code"))
    assert (answer.code, "dossierCode" in answer.lines[0]["error"]["message"]) == (5, True)
    assert events(call) == []


def test_within_an_envelope_the_path_begins_with_payload(call: Call) -> None:
    answer = emit(call, enveloped(received(channel={"cod": "1"})), target="dossier.events")
    assert answer.lines[0]["error"]["message"].startswith("payload.channel.cod ")


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"tiem": NOON}, "`tiem`"), ({"time": "2026-11-24 09:00"}, "`time`"), ({"id": SECRET}, "`id`"),
        ({"key": ""}, "`key`"), ({"source": "a\u0000b"}, "`source`"), ({"agency": 7}, "`agency`"),
        ({"type": "DossierRecieved"}, "`type`"), ({"type": None}, "`type`"), ({"correlation": "\ud800"}, "`correlat"),
    ],
)  # fmt: skip
def test_a_wrong_envelope_is_refused_by_the_name_of_its_fact(call: Call, facts: dict[str, Any], name: str) -> None:
    answer = emit(call, enveloped(received(), **facts), target="dossier.events")
    assert (answer.code, answer.lines[0]["error"]["code"]) == (5, "LT-E2002")
    assert name in answer.lines[0]["error"]["message"]
    assert SECRET not in answer.out


def test_good_lines_around_bad_ones_are_published_and_each_refusal_is_named_by_its_line(call: Call) -> None:
    text = as_lines(received()) + "{broken\n\n" + as_lines({"a": 1}, received("H56.14-261124-0002"))
    answer = call("event", "emit", "DossierReceived", "-f", "-", "--json", stdin=text)
    assert [(one["input"], one["outcome"]) for one in answer.lines] == [
        ("line 1", "published"), ("line 2", "refused"), ("line 4", "refused"), ("line 5", "published"),
    ]  # fmt: skip
    assert (answer.code, len(events(call))) == (7, 2)


def test_one_object_may_take_many_lines(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text("\ufeff" + json.dumps(received(), indent=2), encoding="utf-8")
    answer = call("event", "emit", "DossierReceived", "-f", str(file), "--json")
    assert (answer.code, answer.data["input"], answer.data["outcome"]) == (0, None, "published")


def test_a_rehearsal_publishes_nothing(call: Call) -> None:
    assert emit(call, received(), options=("--dry-run",)).lines[0]["outcome"] == "checked"
    assert events(call) == []


def test_what_get_prints_can_be_emitted_elsewhere(call: Call) -> None:
    place = emit(call, enveloped(received(summary="tóm tắt"), agency="H56.14", id=ID)).lines[0]["place"]
    told = call("event", "get", place, "--json").data
    answer = emit(call, told, target="dossier.events")
    assert (answer.code, answer.lines[0]["outcome"], answer.lines[0]["id"]) == (0, "known", ID)


@pytest.mark.parametrize(
    ("event_type", "payload", "key"),
    [
        ("CitizenLookupAsked", {"requestNumber": "R1"}, "R1"),
        ("CitizenLookupAsked", {"requestNumber": "R1", **received()}, DOSSIER),
        ("BusinessDissolved", {"taxCode": {"code": "0100109106", "codeSystem": "VN-TAX"}}, "0100109106"),
        ("PaymentRequested", {"reference": "P1", "amount": {"amount": "50000.50", "currency": "VND"}}, "P1"),
        ("PostalOrdered", {"orderNumber": "O1", **received()}, DOSSIER),
        ("DocumentSent", {"documentId": "D1", **received()}, "D1"),
    ],
)
def test_the_key_is_what_its_topic_goes_by(call: Call, event_type: str, payload: dict[str, Any], key: str) -> None:
    answer = emit(call, payload, target=event_type)
    assert (answer.code, answer.lines[0]["key"]) == (0, key)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("DossierRecieved", "-f", "-"), 2, "Did you mean DossierReceived?"),
        (("DossierReceived", "-f", "nowhere.json"), 2, "nowhere.json cannot be read"),
        (("DossierReceived", "-f", "-", "--id", ID, "--native-id", "1"), 2, "both say the id"),
        (("DossierReceived", "-f", "-", "--time", "noon"), 2, "is not a time"),
        (("DossierReceived", "-f", "-"), 5, "the input is empty"),
        (("dossier.events", "-f", "-"), 5, "the input is empty"),
    ],
)
def test_a_wrong_call_is_an_error_with_a_hint(call: Call, arguments: tuple[str, ...], code: int, words: str) -> None:
    answer = call("event", "emit", *arguments)
    assert (answer.code, answer.out, words in answer.err) == (code, "", True)


def test_one_id_is_not_given_to_several_events(call: Call) -> None:
    answer = emit(call, received(), received("H56.14-261124-0002"), options=("--native-id", "1"))
    assert (answer.code, "one id was given for several events" in answer.err) == (2, True)
    assert events(call) == []


def test_without_a_log_nothing_is_made(call: Call, data: Path) -> None:
    answer = call("--data", str(data / "other"), "event", "emit", "DossierReceived", "-f", "-", stdin="{}")
    assert (answer.code, (data / "other").exists()) == (3, False)
    assert "lienthong topic apply" in answer.err
