"""The HTTP target: who opts in, who we are, and what is sent, against a real receiver."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from bus.codec import Codec
from bus.errors import ConfigError, CredentialsRefused, TargetDiffers, TargetRefused
from bus.wire import Wire
from replay.runs.targets.cloudevents import cloud_event
from replay.runs.targets.endpoint import Endpoint
from tests.bus.servers import a_server, answered
from tests.contracts.history import BEGAN, RUN, a_header, a_record, history
from tests.replay.runs.endpoints import TOKEN, an_endpoint, failure, give, sequences
from tests.replay.runs.receiver import Receiver

# -- opting in ------------------------------------------------------------------------------------------


def test_who_does_not_opt_in_gets_nothing(receiver: Receiver, wire: Wire) -> None:
    receiver.opts_in = False
    error = failure(receiver.url, wire)
    assert (type(error), error.exit_code, receiver.batches()) == (TargetRefused, 4, [])
    assert "Lienthong-Accepts-Replays: yes" in error.hint


@pytest.mark.parametrize(
    "answer",
    [answered(404), answered(405), answered(410), answered(200, b"<html>"), answered(204, b"", Allow="POST"),
     answered(200, b"", Lienthong_Accepts_Replays="no")],
)  # fmt: skip
def test_any_other_answer_is_no_consent(answer: bytes, wire: Wire) -> None:
    with a_server(answer, answer) as server:
        assert type(failure(server.url, wire)) is TargetRefused
    assert [request.split()[0] for request in server.heard] == [b"OPTIONS"]


def test_consent_is_asked_for_again_when_a_run_goes_on(receiver: Receiver, wire: Wire) -> None:
    with an_endpoint(receiver.url, wire) as endpoint:
        mark = give(endpoint, history(3), whole=6)
    receiver.opts_in = False
    with an_endpoint(receiver.url, wire) as endpoint, pytest.raises(TargetRefused):
        endpoint.begin(a_header(6), mark)
    assert sequences(receiver) == [0, 1, 2]


def test_consent_can_be_taken_back_in_the_middle(receiver: Receiver, wire: Wire) -> None:
    receiver.faults.append("410")
    assert type(failure(receiver.url, wire)) is TargetRefused


def test_the_question_names_the_run(receiver: Receiver, wire: Wire) -> None:
    with an_endpoint(receiver.url, wire) as endpoint:
        endpoint.begin(a_header(0), None)
    assert [(method, headers["lienthong-replay-run"]) for method, headers, _ in receiver.heard] == [("OPTIONS", RUN)]


# -- who we are -----------------------------------------------------------------------------------------


def test_a_token_is_sent_with_every_call(receiver: Receiver, wire: Wire) -> None:
    receiver.token = TOKEN
    with an_endpoint(receiver.url, wire, token=TOKEN) as endpoint:
        give(endpoint, history(2))
        endpoint.finish()
    assert receiver.store.whole(RUN) == 2


@pytest.mark.parametrize(("token", "hint"), [(None, "a new one with `--token env:NAME`"), (TOKEN, "Correct the token")])
def test_a_token_that_is_wrong_or_lacks_is_told_how_to_be_mended(
    receiver: Receiver, wire: Wire, token: str | None, hint: str
) -> None:
    receiver.token = "another"
    error = failure(receiver.url, wire, token=token)
    assert (type(error), error.exit_code, hint in error.hint) == (CredentialsRefused, 4, True)


@pytest.mark.parametrize("token", ["", "two words", "canary-Zk3vQ9\r\nX-Other: b", "khoá"])
def test_a_token_that_cannot_be_sent_is_a_fault_of_the_configuration(wire: Wire, token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Endpoint("https://partner.example.vn/replays", wire, token=token)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://partner.example.vn/r", "http://10.0.0.1", "https://me:canary-Zk3vQ9@partner.example.vn", "ftp://h/r",
     "https://h/r#part", "https://h/r?key=canary-Zk3vQ9", "", "partner.example.vn/r"],
)  # fmt: skip
def test_an_address_that_would_tell_secrets_or_is_none_is_refused(wire: Wire, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Endpoint(url, wire)
    assert TOKEN not in str(caught.value) + caught.value.hint


def test_http_that_leaves_this_machine_can_be_allowed(wire: Wire) -> None:
    Endpoint("http://partner.example.vn/replays", wire, allow_http=True).close()


# -- what is sent ---------------------------------------------------------------------------------------


def test_a_batch_tells_what_it_is(receiver: Receiver, wire: Wire) -> None:
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, history(2))
        endpoint.finish()
    batch, whole = receiver.batches()
    assert batch["content-type"] == "application/cloudevents-batch+json; charset=UTF-8"
    assert (batch["idempotency-key"], batch["lienthong-replay-sequence"]) == (f"{RUN}/0-1", "0-1")
    assert (whole["idempotency-key"], whole["lienthong-replay-whole"]) == (f"{RUN}/whole", "2")
    assert receiver.heard[-1][2] == b"[]"


class NotANumber:
    """A codec of a contract that has doubles."""

    def decode(self, *_: object) -> dict[str, Any]:
        return {"score": float("nan")}


def test_a_number_that_json_cannot_tell_is_sent_as_bytes() -> None:
    event = json.loads(cloud_event(a_record(0), 0, (RUN, BEGAN), lambda _: cast("Codec", NotANumber())))
    assert ("data" in event, "data_base64" in event) == (False, True)


def test_a_time_that_no_calendar_has_is_not_told() -> None:
    record = a_record(0, timestamp=2**62, value=None)
    event = json.loads(cloud_event(record, 0, (RUN, BEGAN), lambda _: cast("Codec", NotANumber())))
    assert ("acceptedtime" in event, event["ltreplayorigin"]) == (False, str(record.place))


def test_no_header_overrules_what_a_replay_adds(receiver: Receiver, wire: Wire) -> None:
    names = ("ltreplayrun", "sequence", "specversion", "data", "partitionkey", "acceptedtime", "datacontenttype")
    headers = (*a_record(0).headers, *((f"ce_{name}", b"forged") for name in names))
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, [a_record(0, headers=headers), a_record(1, headers=headers, key=None, timestamp=2**62)])
    assert "forged" not in json.dumps(receiver.store.events(RUN))


# -- the page -------------------------------------------------------------------------------------------


def test_the_receiver_of_the_page_has_each_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    monkeypatch.chdir(tmp_path)
    records = history(9)
    with the_receiver_of_the_page() as url:
        with an_endpoint(url, wire) as endpoint:
            mark = give(endpoint, records[:2], whole=9)
            endpoint.take(records[2:7])
            endpoint.settle()
        with an_endpoint(url, wire) as endpoint:
            give(endpoint, records[2:], mark, whole=9)
            endpoint.finish()
    with closing(sqlite3.connect("replays.db")) as book:
        taken = book.execute("SELECT sequence, event FROM taken ORDER BY rowid").fetchall()
        whole = book.execute("SELECT run, records FROM whole").fetchall()
    assert ([number for number, _ in taken], whole) == (list(range(9)), [(RUN, 9)])
    assert [json.loads(event)["ltreplayorigin"] for _, event in taken] == [str(record.place) for record in records]


def test_the_receiver_of_the_page_takes_nothing_behind_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    monkeypatch.chdir(tmp_path)
    with the_receiver_of_the_page() as url, an_endpoint(url, wire) as endpoint:
        endpoint.begin(a_header(9), None)
        (tmp_path / "replays.db").unlink()
        give(endpoint, history(3), whole=9)
        (tmp_path / "replays.db").unlink()
        endpoint.take(history(4)[3:])
        with pytest.raises(TargetDiffers) as refusal:
            endpoint.settle()
    assert all(way in refusal.value.hint for way in ("Put it back and run the plan again", "make a new plan"))


def test_the_receiver_of_the_page_takes_no_part_for_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    monkeypatch.chdir(tmp_path)
    with the_receiver_of_the_page() as url, an_endpoint(url, wire) as endpoint:
        give(endpoint, history(3), whole=9)
        (tmp_path / "replays.db").unlink()
        with pytest.raises(TargetDiffers):
            endpoint.finish()


@contextmanager
def the_receiver_of_the_page() -> Iterator[str]:
    page = (Path(__file__).resolve().parents[3] / "replay" / "README.md").read_text("utf-8")
    code = page.partition("\n## An HTTP target\n")[2].partition("```python\n")[2].partition("```")[0]
    example: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "replay/README.md", "exec"), example)  # noqa: S102
    with HTTPServer(("127.0.0.1", 0), example["Receiver"]) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/replays"
        finally:
            server.shutdown()
            thread.join()
