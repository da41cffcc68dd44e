"""The HTTP target against a receiver that is away, slow, killed, refuses, or is not where it should be."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bus.errors import ConnectorError, PartnerUnavailable, RequestRefused, TargetDiffers
from bus.wire import Wire
from tests.bus.servers import a_server, answered, nobodys_port
from tests.contracts.history import RUN, a_header, history
from tests.replay.runs.endpoints import Waits, an_endpoint, failure, give, sequences
from tests.replay.runs.receiver import Receiver, Store

ROOT = Path(__file__).resolve().parents[3]
ACCEPTS = {"Lienthong_Accepts_Replays": "yes"}


# -- outages --------------------------------------------------------------------------------------------


def test_who_is_asked_to_wait_waits_that_long(receiver: Receiver, wire: Wire) -> None:
    receiver.faults.extend(["503:7", "429:9"])
    waits = Waits()
    with an_endpoint(receiver.url, wire, manner=waits.manner()) as endpoint:
        give(endpoint, history(3))
    assert (waits[0], waits[1] >= 9, sequences(receiver)) == (7.0, True, [0, 1, 2])


@pytest.mark.parametrize("fault", ["lost", "untaken", "html", "500", "502", "503", "slow"])
def test_a_batch_that_is_sent_again_is_there_once(receiver: Receiver, wire: Wire, fault: str) -> None:
    receiver.faults.append(fault)
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, history(5))
        endpoint.finish()
    assert (sequences(receiver), receiver.store.whole(RUN)) == ([0, 1, 2, 3, 4], 5)


def test_an_outage_that_does_not_end_can_be_run_again(receiver: Receiver, wire: Wire) -> None:
    receiver.faults.extend(["503"] * 3)
    error = failure(receiver.url, wire)
    assert (type(error), error.exit_code) == (PartnerUnavailable, 8)
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, history(2))
    assert sequences(receiver) == [0, 1]


def test_a_web_page_is_never_taken_for_the_receivers_word(receiver: Receiver, wire: Wire) -> None:
    receiver.faults.extend(["html"] * 3)
    assert type(failure(receiver.url, wire)) is PartnerUnavailable


def test_nobody_at_the_address_is_an_outage(wire: Wire) -> None:
    assert type(failure(f"http://127.0.0.1:{nobodys_port()}/replays", wire)) is PartnerUnavailable


def test_the_end_that_is_told_again_changes_nothing(receiver: Receiver, wire: Wire) -> None:
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, history(2))
        receiver.faults.append("lost")
        endpoint.finish()
    assert (sequences(receiver), receiver.store.whole(RUN)) == ([0, 1], 2)


# -- what ends the run ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_a_refused_batch_is_named_by_its_sequence(receiver: Receiver, wire: Wire, status: int) -> None:
    receiver.faults.append(str(status))
    error = failure(receiver.url, wire, history(3))
    assert isinstance(error, RequestRefused)
    assert (error.status, "sequence 0 to 2" in str(error)) == (status, True)


def test_a_redirect_is_not_followed(receiver: Receiver, wire: Wire) -> None:
    receiver.faults.append("redirect")
    error = failure(receiver.url, wire)
    assert ("307" in str(error), len(receiver.batches()), sequences(receiver)) == (True, 1, [])


def test_too_large_an_answer_ends_the_run_and_what_was_taken_is_there_once(receiver: Receiver, wire: Wire) -> None:
    receiver.faults.append("huge")
    assert type(failure(receiver.url, wire, history(2))) is ConnectorError
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, history(2))
    assert sequences(receiver) == [0, 1]


def test_a_server_that_cannot_be_trusted_is_told_as_such(wire: Wire) -> None:
    with a_server(b"HTTP/1.0 400 Bad Request\r\n\r\n", is_deaf=True) as server:
        error = failure(server.hosts_url, wire)
    assert (type(error), "certificate" in str(error)) == (ConnectorError, True)


# -- where the receiver stands --------------------------------------------------------------------------


@pytest.mark.parametrize(("tells_next", "sent"), [(True, ["0-1", "2-6", "7-8"]), (False, ["0-1", "2-6", "2-4", "5-8"])])
def test_a_batch_that_is_cut_elsewhere_after_a_crash_is_there_once_and_sent_again_only_to_who_does_not_tell(
    receiver: Receiver, wire: Wire, tells_next: bool, sent: list[str]
) -> None:
    receiver.tells_next, records = tells_next, history(9)
    with an_endpoint(receiver.url, wire) as endpoint:
        mark = give(endpoint, records[:2], whole=9)
        endpoint.take(records[2:7])
        endpoint.settle()
    with an_endpoint(receiver.url, wire) as endpoint:
        give(endpoint, records[2:5], mark, whole=9)
        endpoint.take(records[5:])
        endpoint.settle()
    assert sequences(receiver) == list(range(9))
    assert [batch["lienthong-replay-sequence"] for batch in receiver.batches()] == sent


@pytest.mark.parametrize("tells_next", [True, False])
def test_a_receiver_that_has_forgotten_is_noticed(receiver: Receiver, wire: Wire, tells_next: bool) -> None:
    receiver.tells_next = tells_next
    with an_endpoint(receiver.url, wire) as endpoint:
        mark = give(endpoint, history(3), whole=6)
    receiver.store.forget(RUN)
    with an_endpoint(receiver.url, wire) as endpoint, pytest.raises(TargetDiffers):
        give(endpoint, history(6)[3:], mark, whole=6)
    assert sequences(receiver) == []


@pytest.mark.parametrize("told", ["4", "-1", "1e3", "²", "9" * 5000])
def test_a_receiver_that_expects_what_we_do_not_have_is_refused(wire: Wire, told: str) -> None:
    opted = answered(204, b"", Lienthong_Replay_Next=told.encode().decode("latin-1"), **ACCEPTS)
    with a_server(opted) as server, an_endpoint(server.url, wire) as endpoint, pytest.raises(TargetDiffers):
        endpoint.begin(a_header(3), None)


@pytest.mark.parametrize("told", ["0", "1", "3", "x"])
def test_a_receiver_that_did_not_take_just_the_batch_is_refused(wire: Wire, told: str) -> None:
    answers = answered(204, b"", **ACCEPTS), answered(204, b"", Lienthong_Replay_Next=told, **ACCEPTS)
    with a_server(*answers) as server, an_endpoint(server.url, wire) as endpoint, pytest.raises(TargetDiffers):
        give(endpoint, history(2), whole=9)


@pytest.mark.parametrize("mark", [b"", b"4", b"x", b"-1", "²".encode()])
def test_a_bookmark_of_something_else_is_refused(receiver: Receiver, wire: Wire, mark: bytes) -> None:
    with an_endpoint(receiver.url, wire) as endpoint, pytest.raises(TargetDiffers):
        endpoint.begin(a_header(3), mark)


# -- a receiver of its own process ----------------------------------------------------------------------


@contextmanager
def a_process(folder: Path, port: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Start a receiver and wait for its port; it is killed at the end, if it is not dead already."""
    named = ["--port-file", str(folder / "port"), "--store", str(folder / "taken.db"), "--port", str(port)]
    command = [sys.executable, "-m", "tests.replay.runs.receiver", *named, *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert int(process.stdout.readline()) == int((folder / "port").read_text("ascii")) == port
            yield process
        finally:
            process.kill()


def test_a_receiver_that_was_killed_after_taking_comes_back_and_has_each_once(tmp_path: Path, wire: Wire) -> None:
    port, records = nobodys_port(), history(6)
    with an_endpoint(f"http://127.0.0.1:{port}/replays", wire) as endpoint:
        with a_process(tmp_path, port, "--faults", "dies") as process:
            with pytest.raises(PartnerUnavailable):
                give(endpoint, records[:4], whole=6)
            assert process.wait() == -signal.SIGKILL
        with a_process(tmp_path, port):
            endpoint.settle()
            endpoint.take(records[4:])
            endpoint.settle()
            endpoint.finish()
    store = Store(tmp_path / "taken.db")
    assert ([int(event["sequence"]) for event in store.events(RUN)], store.whole(RUN)) == (list(range(6)), 6)
