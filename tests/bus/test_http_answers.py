"""What a partner's answer gives, and what nobody is told of it."""

from __future__ import annotations

import json
import logging
import socket
import traceback
from contextlib import closing
from typing import Any

import pytest
from msgspec import Struct

from bus.errors import LienthongError, PartnerUnavailable
from bus.http import Http, Limits, Reply
from tests.bus.servers import (
    CANARY,
    DATED,
    QUICK,
    a_client,
    a_server,
    answered,
    failure,
    nobodys_port,
    reset,
    silence,
)  # fmt: skip

# -- a good day -----------------------------------------------------------------------------------------


def test_an_answer_comes_with_its_headers_in_lower_case_and_the_partners_time() -> None:
    with a_server(answered(201, b'{"number": 7}', X_Kind="Order", **DATED)) as server, a_client(server.url) as http:
        reply = http.post("/orders", "order", {"tên": "Hạnh"})
    assert (reply.status, reply.json("order"), reply.headers["x-kind"]) == (201, {"number": 7}, "Order")
    assert f"{reply.seen_at:%H:%M:%S}" == "10:15:30"
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /orders HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"tên": "Hạnh"}


def test_a_question_is_asked_with_its_query_and_headers() -> None:
    with a_server(answered()) as server, a_client(server.url + "/ws/", headers={"X-Key": "a"}) as http:
        http.get("/orders", "orders", query={"from": "Hưng Yên", "n": 1}, headers={"X-Other": "b"})
    assert server.heard[0].startswith(b"GET /ws/orders?from=H%C6%B0ng+Y%C3%AAn&n=1 HTTP/1.1\r\n")
    assert b"\r\nX-Key: a\r\n" in server.heard[0]
    assert b"\r\nX-Other: b\r\n" in server.heard[0]


@pytest.mark.parametrize("status", [304, 401, 404, 409, 500, 503])
def test_a_status_that_was_asked_for_is_returned(status: int) -> None:
    with a_server(answered(status, b"" if status == 304 else b"{}")) as server, a_client(server.url) as http:
        assert http.post("/orders", "order", {}, also=(status,)).status == status


def test_an_answer_without_a_date_has_no_time() -> None:
    with a_server(answered()) as server, a_client(server.url) as http:
        assert http.get("/", "root").seen_at is None


def test_a_slow_answer_is_dated_by_when_it_was_asked_for() -> None:
    patient = Limits(connect_timeout_s=1, read_timeout_s=5)

    def late(connection: socket.socket) -> None:
        silence(1.05)(connection)
        connection.sendall(answered(200, **DATED))

    with a_server(late) as server, closing(Http(server.url, patient)) as http:
        assert f"{http.get('/', 'root').seen_at:%H:%M:%S}" == "10:15:29"


def test_an_answer_as_large_as_may_be_is_read() -> None:
    with a_server(answered(200, b"x" * QUICK.max_answer_bytes)) as server, a_client(server.url) as http:
        assert len(http.get("/", "root").body) == QUICK.max_answer_bytes


def test_after_a_failure_the_next_call_goes_well() -> None:
    broken = (reset, answered(500), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")
    with a_server(*broken, answered()) as server, a_client(server.url) as http:
        for _ in broken:
            with pytest.raises(PartnerUnavailable):
                http.get("/", "root")
        assert http.get("/", "root").status == 200


def test_the_environment_is_asked_for_proxies_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_server(answered()) as server, a_client(server.url) as http:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobodys_port()}")
        assert http.get("/", "root").status == 200


def test_closing_may_be_repeated() -> None:
    http = Http("http://127.0.0.1:1")
    http.close()
    http.close()


# -- what answers say -----------------------------------------------------------------------------------


class Number(Struct):
    number: int


def a_reply(body: bytes) -> Reply:
    return Reply(status=200, body=body, headers={}, seen_at=None)


def test_an_answer_is_read_into_its_type() -> None:
    assert a_reply(b'{"number": 7, "more": 1}').read(Number, "order") == Number(7)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"number": "x"}', b"<html>"])
def test_what_is_no_whole_answer_is_an_outage_after_which_the_partner_may_have_acted(body: bytes) -> None:
    with pytest.raises(PartnerUnavailable) as caught:
        a_reply(body).read(Number, "order")
    assert caught.value.may_have_acted
    assert ("a web page" in str(caught.value)) == body.startswith(b"<")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b"<html>"])
def test_what_is_no_json_is_an_outage_too(body: bytes) -> None:
    with pytest.raises(PartnerUnavailable):
        a_reply(body).json("order")


# -- what nobody is told --------------------------------------------------------------------------------


def told(error: LienthongError) -> str:
    """Return all that somebody may print of an error, with whatever led to it."""
    return "".join(traceback.format_exception(error)) + repr(vars(error)) + error.hint


@pytest.mark.parametrize(
    "answer",
    [reset, b"", answered(500, CANARY.encode()), answered(401), answered(404, CANARY.encode()), answered(503),
     answered(302, Location=f"http://elsewhere/{CANARY}"), answered(200, b"x" * 200_000), silence(0.6),
     b"HTTP/1.1 200 OK\r\nX-" + CANARY.encode() * 10_000 + b": 1\r\n\r\n"],
)  # fmt: skip
def test_no_error_tells_what_was_asked_or_answered_nor_does_its_cause(answer: Any) -> None:
    with a_server(answer) as server:
        error = failure(server.url, lambda http: http.get("/look", "look", query={"number": CANARY}))
    assert CANARY not in told(error)
    assert error.__cause__ is error.__context__ is None


def test_a_refused_connection_does_not_tell_the_address_with_what_was_asked() -> None:
    url = f"http://127.0.0.1:{nobodys_port()}"
    error = failure(url, lambda http: http.get("/look", "look", query={"number": CANARY}))
    assert CANARY not in told(error)


def test_an_answer_that_cannot_be_read_is_in_no_error() -> None:
    reply = a_reply(f'{{"number": "{CANARY}"'.encode())
    for read in (lambda: reply.json("order"), lambda: reply.read(Number, "order")):
        with pytest.raises(PartnerUnavailable) as caught:
            read()
        assert CANARY not in told(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None


def test_the_library_logs_no_address_and_no_header(caplog: pytest.LogCaptureFixture) -> None:
    with a_server(b"HTTP/1.1 200 OK\r\nX-" + CANARY.encode()) as server:
        failure(server.url, lambda http: http.get("/look", "look", query={"number": CANARY}))
    assert CANARY not in caplog.text
    assert not logging.getLogger("urllib3.connection").isEnabledFor(logging.ERROR)


@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_may_say_that_it_has_no_content(status: int) -> None:
    with a_server(answered(status, b"")) as server, a_client(server.url) as http:
        assert http.post("/orders", "order", {}).body == b""


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    with a_server(b"HTTP/1.0 200 OK\r\n\r\n{}") as server, a_client(server.url) as http:
        assert http.get("/", "root").body == b"{}"


def test_ready_bytes_are_sent_as_they_are() -> None:
    with a_server(answered()) as server, a_client(server.url) as http:
        http.send("/batches", "batch", b"[1, 2]", headers={"Content-Type": "application/x-own", "X-Key": "k"})
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert (body, b"Content-Type: application/x-own" in head, b"X-Key: k" in head) == (b"[1, 2]", True, True)


def test_what_an_address_is_ready_for_is_asked_with_headers_and_nothing_else() -> None:
    with a_server(answered(204, b"", X_Ready="yes")) as server, a_client(server.url) as http:
        assert http.options("/batches", "batch", headers={"X-Run": "7"}).headers["x-ready"] == "yes"
    assert server.heard[0].startswith(b"OPTIONS /batches HTTP/1.1\r\n")
    assert b"X-Run: 7" in server.heard[0]
