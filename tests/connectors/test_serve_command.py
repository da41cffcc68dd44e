"""`connector serve`, `run` and `status` as a person calls them, over parts of every kind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest

from bus.cli.root import run
from connectors import installed
from tests.connectors.serving_world import KINDS, replay_all, serving, write_configs


class Answer(NamedTuple):
    """An exit code, stdout (as JSON where it is), and stderr."""

    code: int
    data: Any
    talk: str


Call = Callable[..., Answer]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command line on a folder of its own."""
    monkeypatch.setattr(installed, "_points", lambda: dict(KINDS))

    def calling(*words: str) -> Answer:
        code = run(["--data", str(tmp_path), *(word.replace("DIR", str(tmp_path / "connectors")) for word in words)])
        out, err = capfd.readouterr()
        return Answer(code, json.loads(out) if out.startswith(("{", "[")) else out, err)

    return calling


@pytest.fixture
def ending_soon() -> Iterator[None]:
    """Ask this process to end, again and again; before and after the command nobody minds."""
    over, before = Event(), signal.signal(signal.SIGTERM, lambda *_: None)

    def ask() -> None:
        while not over.wait(1.0):
            os.kill(os.getpid(), signal.SIGTERM)

    asking = Thread(target=ask)
    asking.start()
    yield
    over.set()
    asking.join()
    signal.signal(signal.SIGTERM, before)


def test_serving_tells_where_and_what_and_ends_well_when_it_is_asked_to(
    call: Call, tmp_path: Path, ending_soon: None
) -> None:
    write_configs(tmp_path, hook={"a": 1}, list={"words": "một"})
    answer = call("connector", "serve", "--port", "0", "--json")
    parts = [(part["connector"], part["kind"], part["name"], part["state"]) for part in answer.data["parts"]]
    assert (answer.code, answer.data["base_url"].startswith("http://127.0.0.1:")) == (0, True)
    assert parts == [("hook", "webhook", "withdrawals", "running"), ("list", "source", "list", "running")]


def test_serving_tells_a_person_what_is_wrong(call: Call, tmp_path: Path, ending_soon: None) -> None:
    write_configs(tmp_path, hook=None, list={"words": "một"})
    talk = call("connector", "serve", "--port", "0").talk
    assert all(part in talk for part in ("list: source list running", "hook.yaml has no keys", "/hooks/NAME"))


def test_a_port_that_is_taken_is_told_and_nothing_starts(call: Call, tmp_path: Path) -> None:
    with serving(tmp_path, hook={"a": 1}) as served:
        answer = call("connector", "serve", "--port", served.port)
    assert (answer.code, "cannot be listened on" in answer.talk) == (2, True)


def test_a_sink_runs_until_it_is_caught_up_and_prints_what_it_did(call: Call, tmp_path: Path) -> None:
    write_configs(tmp_path, list={"words": "một hai"}, box={"a": 1})
    call("connector", "run", "list", "--config", "DIR/list.yaml", "--once")
    answers = [call("connector", "run", "box", "--config", "DIR/box.yaml", "--once", "--json") for _ in range(2)]
    assert [(answer.code, answer.data) for answer in answers] == [
        (0, {"delivered": 2, "known": 0, "nothing_to_do": 0, "buried": 0, "passed_over": 0}),
        (0, {"delivered": 0, "known": 0, "nothing_to_do": 0, "buried": 0, "passed_over": 0}),
    ]


def test_a_sink_tells_what_it_has_passed_over_of_a_replay(call: Call, tmp_path: Path) -> None:
    write_configs(tmp_path, list={"words": "một hai"}, box={"a": 1})
    call("connector", "run", "list", "--config", "DIR/list.yaml", "--once")
    replay_all(tmp_path)
    answers = [call("connector", "run", "box", "--config", "DIR/box.yaml", "--once", "--json") for _ in range(2)]
    assert [(one.data["delivered"], one.data["passed_over"]) for one in answers] == [(2, 2), (0, 0)]


def test_the_status_tells_what_a_sink_has_passed_over_and_of_no_bookmark_of_a_replay(
    call: Call, tmp_path: Path
) -> None:
    with serving(tmp_path, list={"words": "một hai"}, box={"a": 1}) as served:
        served.until(lambda parts: parts["source list"]["cursor"] == "2" and parts["sink box"]["lag"] == 0)
        replay_all(tmp_path)
        served.until(lambda parts: parts["sink box"]["passed_over"] == 2)
    told = {one["name"]: one["passed_over"] for one in call("connector", "status", "--json").data}
    assert told == {"box": 2, "list": None}
    said = call("connector", "status").data
    assert [line for line in said.splitlines() if "passed over" in line] == [
        "box (sink): at rest, 0 records behind, 0 dead letters to settle, 2 replayed records passed over"
    ]


def test_a_sink_that_buries_ends_with_7_and_counts_the_letters_in_the_log(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bus.errors import Unmappable
    from tests.connectors.serving_world import BoxSink

    def refuse(_self: BoxSink, _event: object) -> None:
        raise Unmappable("no operation for that", hint="Add one.")

    write_configs(tmp_path, list={"words": "một hai"}, box={"a": 1})
    call("connector", "run", "list", "--config", "DIR/list.yaml", "--once")
    monkeypatch.setattr(BoxSink, "operation", refuse)
    answer = call("connector", "run", "box", "--config", "DIR/box.yaml", "--once", "--json")
    assert (answer.code, answer.data["buried"], answer.data["delivered"]) == (7, 2, 0)


def test_a_webhook_takes_nothing_with_once_and_says_so(call: Call, tmp_path: Path) -> None:
    write_configs(tmp_path, hook={"a": 1})
    answer = call("connector", "run", "hook", "--config", "DIR/hook.yaml", "--once")
    assert (answer.code, "takes no notices" in answer.talk) == (0, True)


def test_a_webhook_alone_runs_until_it_is_ended(call: Call, tmp_path: Path, ending_soon: None) -> None:
    write_configs(tmp_path, hook={"a": 1})
    assert call("connector", "run", "hook", "--config", "DIR/hook.yaml", "--port", "0").code == 0


def test_the_status_of_another_process_is_told_with_what_stopped(call: Call, tmp_path: Path) -> None:
    with serving(tmp_path, list={"trouble": ["credentials"]}, box={"a": 1}) as served:
        served.until(lambda parts: parts["source list"]["state"] == "stopped")
        during = {one["name"]: one for one in call("connector", "status", "--json").data}
    after = {one["name"]: one["state"] for one in call("connector", "status", "--json").data}
    assert (during["list"]["state"], during["list"]["code"]) == ("stopped", "LT-E5003")
    assert (during["box"]["state"], during["box"]["running"], during["box"]["lag"]) == ("running", True, 0)
    assert after == {"list": "stopped", "box": "at_rest"}


def test_the_status_tells_a_person_why_and_what_to_do(call: Call, tmp_path: Path) -> None:
    with serving(tmp_path, list={"trouble": ["credentials"]}) as served:
        served.until(lambda parts: parts["source list"]["state"] == "stopped")
        said = call("connector", "status").data
    assert all(part in said for part in ("list: stopped", "LT-E5003 the partner refuses us (401)", "Next: Correct"))
