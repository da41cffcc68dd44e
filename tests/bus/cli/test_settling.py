"""``deadletter settle``: what a person has dealt with is closed once, and says so wherever letters are told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bus.transport import Engine
from tests.bus.cli.calling import ROOT, Call
from tests.bus.cli.test_deadletters import TOPIC, bury_item, bury_record

REASON = "Sửa trong tệp ngày 25/11"


def settle(call: Call, place: str) -> None:
    """Settle one letter."""
    assert call("deadletter", "settle", place, "--reason", REASON).code == 0


def test_a_sources_letter_is_settled_once_however_often_it_is_asked(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    first = call("deadletter", "settle", place, "--reason", REASON, "--json").data
    again = call("deadletter", "settle", "--topic", TOPIC, "--reason", REASON, "--json").data
    assert (first["settled"], first["already"], again["settled"], again["already"]) == (1, 0, 0, 1)
    assert sum(span.end for span in engine.log.ends(f"{TOPIC}.dead-letter").values()) == 2


def test_a_settled_letter_is_closed_in_every_list(call: Call, engine: Engine) -> None:
    settle(call, bury_item(engine))
    told = call("deadletter", "list", "--each", "--json").data
    assert (told["letters"], told["open"], [one["settled"] for one in told["each"]]) == (1, 0, [True])
    assert "all closed" in call("deadletter", "list").out
    assert "none is open" in call("doctor").out


def test_a_settled_letter_tells_when_and_why(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    settle(call, place)
    told = call("deadletter", "show", place, "--json").data
    assert (told["settled"], told["redriven"], told["settlement"]["reason"]) == (True, False, REASON)
    out = call("deadletter", "show", place).out
    assert f": {REASON}" in out
    assert "settled, buried" in out


def test_a_settlement_is_told_among_the_letters_and_is_none(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    told = call("deadletter", "settle", place, "--reason", REASON, "--json").data["letters"][0]
    tail = call("event", "tail", f"{TOPIC}.dead-letter")
    assert (tail.code, f"{place}: {REASON}" in tail.out) == (0, True)
    shown = call("deadletter", "show", told["place"])
    assert (shown.code, f"deadletter show {place}" in shown.err) == (2, True)


def test_a_settled_record_is_not_redriven_and_a_redriven_one_not_settled(call: Call, engine: Engine) -> None:
    one, two = bury_record(engine), bury_record(engine)
    settle(call, one)
    assert call("deadletter", "redrive", one, "--json").data["already"] == 1
    assert call("deadletter", "redrive", two, "--json").data["redriven"] == 1
    assert call("deadletter", "settle", two, "--reason", REASON, "--json").data["already"] == 1


def test_a_rehearsal_settles_nothing(call: Call, engine: Engine) -> None:
    place = bury_item(engine)
    answer = call("deadletter", "settle", place, "--reason", REASON, "--dry-run", "--json")
    assert answer.data["settled"] == 1
    assert call("deadletter", "list", "--json").data["open"] == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\nb", "\x1b[2J"])
def test_a_reason_is_short_and_printable(call: Call, engine: Engine, reason: str) -> None:
    answer = call("deadletter", "settle", bury_item(engine), "--reason", reason)
    assert (answer.code, "1 to 500 printable" in answer.err) == (2, True)


def test_a_letter_whose_record_bears_the_headers_of_a_settlement_is_still_listed(call: Call, engine: Engine) -> None:
    bury_record(engine, headers=(("lt_settle_of", b"x"),))
    assert call("deadletter", "list", "--json").data["open"] == 1


def test_two_processes_settle_one_letter_once(call: Call, engine: Engine, data: Path) -> None:
    place = bury_item(engine)
    code = "import sys; from bus.cli.root import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--data", str(data), "deadletter", "settle", place]
    command += ["--reason", REASON, "--json"]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    told = [json.loads(one.communicate()[0]) for one in running]
    assert sorted((one["settled"], one["already"]) for one in told) == [(0, 1), (1, 0)]
    assert sum(span.end for span in engine.log.ends(f"{TOPIC}.dead-letter").values()) == 2
