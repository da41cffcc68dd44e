"""``event tail``: what is there in the order of acceptance, then what comes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from bus.cli.tailing import starts_at, watch
from bus.records import NewRecord
from bus.transport import Commit, Engine, TopicSpec
from tests.bus.cli.calling import ROOT, Call, as_lines, received

PAYMENT = {"reference": "P1", "amount": {"amount": "50000.00", "currency": "VND"}}
DOSSIERS = [f"H56.14-261124-000{number}" for number in range(1, 8)]


@pytest.fixture
def emitted(call: Call) -> list[str]:
    """Emit seven events of seven dossiers, and return their places."""
    text = as_lines(*(received(code) for code in DOSSIERS))
    return [one["place"] for one in call("event", "emit", "DossierReceived", "-f", "-", "--json", stdin=text).lines]


def append_broken(engine: Engine, topic: str = "dossier.events") -> None:
    engine.log.commit(Commit(appends=[NewRecord(topic=topic, key=b"k", value=b"\xff")]))


def test_partitions_are_merged_by_the_time_of_acceptance(call: Call, emitted: list[str]) -> None:
    answer = call("event", "tail", "--json")
    accepted = [one["accepted"] for one in answer.lines]
    assert (answer.code, accepted) == (0, sorted(accepted))
    assert sorted(one["place"] for one in answer.lines) == sorted(emitted)
    assert len({place.split("/")[1] for place in emitted}) > 1


def test_max_ends_it(call: Call, emitted: list[str]) -> None:
    everything = call("event", "tail", "--json").lines
    assert call("event", "tail", "--max", "2", "--json").lines == everything[:2]


def test_from_a_time_leaves_out_what_was_accepted_before(call: Call, emitted: list[str]) -> None:
    accepted = call("event", "tail", "--json").lines[4]["accepted"]
    found = call("event", "tail", "--from", accepted, "--json").lines
    assert all(one["accepted"] >= accepted for one in found)
    assert emitted[-1] in [one["place"] for one in found]
    assert call("event", "tail", "--from", "end", "--json").out == ""


def test_only_the_named_types_and_topics_are_shown(call: Call, emitted: list[str]) -> None:
    assert len(call("event", "tail", "dossier.events", "--type", "DossierReceived", "--json").lines) == 7
    assert call("event", "tail", "payment.events", "--json").out == ""
    mistyped = call("event", "tail", "--type", "DossierRecieved")
    assert (mistyped.code, mistyped.out, "Did you mean `DossierReceived`?" in mistyped.err) == (2, "", True)


def test_people_read_a_line_and_the_payload(call: Call) -> None:
    call("event", "emit", "PaymentRequested", "-f", "-", stdin=as_lines(PAYMENT))
    first, second = call("event", "tail", "payment.events").out.splitlines()
    assert "PaymentRequested  P1  by-hand  payment.events/" in first
    assert json.loads(second) == PAYMENT


def test_an_unreadable_record_is_shown_and_changes_the_exit_code(
    call: Call, emitted: list[str], engine: Engine
) -> None:
    append_broken(engine)
    answer = call("event", "tail", "--json")
    assert (answer.code, len(answer.lines), answer.lines[-1]["error"]["code"]) == (7, 8, "LT-E2102")
    assert "LT-E2102" in call("event", "tail").out


def test_dead_letters_are_shown_when_their_topic_is_named(call: Call, emitted: list[str], engine: Engine) -> None:
    append_broken(engine, "dossier.events.dead-letter")
    answer = call("event", "tail", "dossier.events.dead-letter", "--json")
    assert (answer.code, answer.lines[0]["letter"]["topic"]) == (0, "dossier.events")
    assert call("event", "tail", "--json").code == 0


def test_a_tombstone_is_no_error(call: Call, engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="reference.units", partitions=1, compacted=True))
    engine.log.commit(Commit(appends=[NewRecord(topic="reference.units", key=b"01", value=None)]))
    assert call("event", "tail", "reference.units", "--json").code == 0
    assert "deleted" in call("event", "tail", "reference.units").out


def test_a_damaged_record_is_shown_once_and_those_around_it_pass(
    call: Call, emitted: list[str], data: Path, engine: Engine
) -> None:
    engine.close()
    content = bytearray((data / "bus.db").read_bytes())
    content[content.rindex(DOSSIERS[3].encode())] ^= 4
    (data / "bus.db").write_bytes(content)
    answer = call("event", "tail", "--json")
    damaged = [one for one in answer.lines if one["error"]]
    assert (answer.code, len(answer.lines)) == (6, 7)
    assert [(one["place"], one["error"]["code"]) for one in damaged] == [(emitted[3], "LT-E6002")]


def test_a_mistyped_topic_is_told_the_nearest(call: Call) -> None:
    answer = call("event", "tail", "dosier.events")
    assert (answer.code, "Did you mean `dossier.events`?" in answer.err) == (3, True)


@pytest.fixture
def follower(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Follow the log in another process."""
    command = [sys.executable, "-c", "from bus.cli import main; main()", "--data", str(data), "event", "tail"]
    options = ["--follow", "--from", "beginning", "--json"]
    process = subprocess.Popen(
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def place_in(output: IO[str] | None) -> str:
    assert output is not None
    return str(json.loads(output.readline())["place"])


def test_a_follower_sees_what_another_process_emits_and_ends_on_ctrl_c(
    follower: subprocess.Popen[str], call: Call, emitted: list[str]
) -> None:
    seen = [place_in(follower.stdout) for _ in emitted]
    later = call("event", "emit", "DossierPaused", "-f", "-", "--json", stdin=as_lines(received())).data["place"]
    assert (sorted(seen), place_in(follower.stdout)) == (sorted(emitted), later)
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=30)
    assert (follower.returncode, err) == (130, "")


def test_a_follower_whose_reader_has_gone_ends_in_silence(
    follower: subprocess.Popen[str], call: Call, emitted: list[str]
) -> None:
    assert follower.stdout is not None
    assert follower.stderr is not None
    place_in(follower.stdout)
    follower.stdout.close()
    call("event", "emit", "DossierPaused", "-f", "-", stdin=as_lines(received()))
    assert follower.stderr.read() == ""
    assert follower.wait(timeout=30) == 0


def test_the_end_is_fixed_when_it_begins(engine: Engine) -> None:
    append_broken(engine)
    found = watch(engine.log, ["dossier.events"], starts_at(engine.log, "beginning"), follow=False, note=print)
    assert next(found).timestamp > 0
    append_broken(engine)
    assert list(found) == []
