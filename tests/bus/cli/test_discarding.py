"""``deadletter discard``, and reasons: why a letter is closed stands beside it, and is told wherever letters are."""

from __future__ import annotations

import pytest

from bus.deadletters import Failure, source_letter
from bus.errors import Unmappable
from bus.records import NewRecord
from bus.redrive import find_letter
from bus.transport import Engine
from tests.bus.cli.calling import DOSSIER, Call
from tests.bus.cli.test_deadletters import TOPIC, append, bury_item, bury_record

LETTERS = f"{TOPIC}.dead-letter"
REASON = "Đã đặt qua điện thoại"


def discard(call: Call, place: str) -> None:
    """Discard one letter."""
    assert call("deadletter", "discard", place, "--reason", REASON).code == 0


def records(engine: Engine, topic: str) -> int:
    """Count a topic's records."""
    return sum(span.end for span in engine.log.ends(topic).values())


@pytest.mark.parametrize("bury", [bury_item, bury_record], ids=["item", "record"])
def test_a_letter_is_discarded_once_however_often_it_is_asked(call: Call, engine: Engine, bury: object) -> None:
    place = bury(engine)  # type: ignore[operator]
    told = [call("deadletter", "discard", place, "--reason", REASON, "--json").data for _ in range(2)]
    assert [(one["discarded"], one["already"], one["refused"]) for one in told] == [(1, 0, 0), (0, 1, 0)]
    assert records(engine, LETTERS) == 2


def test_a_discarded_letter_is_closed_everywhere_and_says_why(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    discard(call, place)
    (one,) = call("deadletter", "list", "--each", "--json").data["each"]
    assert (one["discarded"], one["settled"], one["redriven"]) == (True, False, False)
    assert (one["settlement"]["kind"], one["settlement"]["reason"]) == ("discarded", REASON)
    assert f": {REASON}" in call("deadletter", "list", "--each").out
    out = call("deadletter", "show", place).out
    assert ("discarded, buried" in out, f": {REASON}" in out) == (True, True)
    assert "none is open" in call("doctor").out


def test_a_discarded_record_is_neither_redriven_nor_settled_any_more(call: Call, engine: Engine) -> None:
    place = bury_record(engine)
    discard(call, place)
    assert call("deadletter", "redrive", place, "--json").data["already"] == 1
    assert call("deadletter", "settle", place, "--reason", "x", "--json").data["already"] == 1
    assert find_letter(engine, place).closed == "discarded"
    assert records(engine, TOPIC) == 1


def test_many_are_discarded_only_on_a_clear_word(call: Call, engine: Engine) -> None:
    bury_item(engine, 12)
    bury_record(engine)
    choice = ("deadletter", "discard", "--topic", TOPIC, "--code", "LT-E2402", "--reason", REASON)
    refused = call(*choice)
    assert (refused.code, "add `--yes`" in refused.err) == (2, True)
    assert call(*choice, "--dry-run", "--json").data["discarded"] == 1
    assert call(*choice, "--yes", "--json").data["discarded"] == 1
    assert call("deadletter", "list", "--json").data["open"] == 1


def test_a_discarded_letter_is_missing_from_no_history(call: Call, engine: Engine) -> None:
    failure = Failure(error=Unmappable("unknown activity"), stage="map", by="fines")
    (place,) = append(engine, source_letter(TOPIC, b"x", failure, origin="row 1", key=DOSSIER.encode()))
    assert call("dossier", "history", DOSSIER).code == 7
    discard(call, place)
    assert call("dossier", "history", DOSSIER).code == 3


def test_a_redrive_may_be_given_a_reason(call: Call, engine: Engine) -> None:
    place = bury_record(engine)
    assert call("deadletter", "redrive", place, "--reason", REASON, "--json").data["redriven"] == 1
    told = call("deadletter", "show", place, "--json").data
    assert (told["redriven"], told["settlement"]["kind"], told["settlement"]["reason"]) == (True, "redriven", REASON)
    assert (records(engine, TOPIC), call("deadletter", "list", "--json").data["letters"]) == (2, 1)


def test_a_redrive_without_a_reason_leaves_nothing_beside_the_letter(call: Call, engine: Engine) -> None:
    place = bury_record(engine)
    assert call("deadletter", "redrive", place, "--json").data["redriven"] == 1
    assert call("deadletter", "show", place, "--json").data["settlement"] is None
    assert records(engine, LETTERS) == 1


def test_a_settlement_from_before_there_were_kinds_is_still_read(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    old = (
        ("lt_settle_of", place.encode()),
        ("lt_settle_reason", b"Mapped"),
        ("lt_settle_time", b"2026-11-24T05:00:00Z"),
    )
    append(engine, NewRecord(topic=LETTERS, key=None, value=b"", headers=old, partition=int(place.split("/")[1])))
    assert call("deadletter", "list", "--json").data["letters"] == 1
    assert "settled" in call("event", "tail", LETTERS).out
