"""Calls to partners, against small real servers: what each failure is, and whether the partner may have acted."""

from __future__ import annotations

import gzip
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import ConnectorError, CredentialsRefused, RequestRefused
from bus.http import _moment
from tests.bus.servers import (
    DATED,
    a_client,
    a_server,
    answered,
    drops,
    failure,
    nobodys_port,
    outage,
    reset,
    silence,
)

# -- what never left ------------------------------------------------------------------------------------


def test_a_refused_connection_cannot_have_acted() -> None:
    error = outage(f"http://127.0.0.1:{nobodys_port()}")
    assert (error.may_have_acted, "cannot be reached" in str(error)) == (False, True)


def test_a_name_that_nobody_has_cannot_have_acted() -> None:
    assert not outage("http://nobody.invalid").may_have_acted


def test_a_connection_that_does_not_come_about_in_time_cannot_have_acted() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        assert not outage(f"http://127.0.0.1:{full.getsockname()[1]}").may_have_acted
        for one in waiting:
            one.close()


def test_a_proxy_that_is_not_there_cannot_have_let_anything_act(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobodys_port()}")
    assert not outage("http://partner.example.vn").may_have_acted


# -- what may have acted --------------------------------------------------------------------------------

BROKEN = {
    "reset after the request": reset,
    "closed without a word": b"",
    "no answer in time": silence(0.6),
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Len",
    "a head that ends between its lines": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
    "no head at all": b"hello\r\n\r\n",
    "half a body": answered(200, b'{"number": 7}')[:-3],
    "a whole beginning": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "a chunk without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "what is not compressed as it says": answered(200, b"0123456789", Content_Encoding="gzip"),
    "a body that drips": drops(answered(200, b"x" * 50), 0.02),
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=list(BROKEN))
def test_an_answer_that_breaks_off_leaves_open_whether_the_partner_acted(answer: Any) -> None:
    with a_server(answer) as server:
        assert outage(server.url).may_have_acted
        assert len(server.heard) == 1


@pytest.mark.parametrize("status", [500, 501, 502, 504, 507, 599, 999])
def test_a_partner_that_failed_may_have_acted(status: int) -> None:
    with a_server(answered(status)) as server:
        assert outage(server.url).may_have_acted


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_a_partner_that_did_not_take_the_request_has_not_acted(status: int) -> None:
    with a_server(answered(status)) as server:
        error = outage(server.url)
    assert (error.may_have_acted, error.wait_s) == (False, None)


# -- what the partner asks for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry_After": "7"}, 7), ({"Retry_After": "0"}, 0), ({"Retry_After": "9" * 5000}, 86_400),
        ({"Retry_After": "Wed, 25 Nov 2026 10:16:30 GMT", **DATED}, 60),
        ({"Retry_After": "Wed, 25 Nov 2026 10:14:30 GMT", **DATED}, 0),
        ({"Retry_After": "Wed, 25 Nov 2026 10:16:30 GMT"}, None), ({"Retry_After": "-7"}, None),
        ({"Retry_After": "7,5"}, None), ({"Retry_After": "soon", **DATED}, None), ({"Retry_After": "²"}, None),
    ],
)  # fmt: skip
def test_the_wait_that_the_partner_asks_for_is_told(headers: dict[str, str], wait_s: float | None) -> None:
    for status in (429, 502, 503):
        with a_server(answered(status, **headers)) as server:
            assert outage(server.url).wait_s == wait_s


@given(st.text(max_size=60))
def test_a_date_that_is_none_is_none(text: str) -> None:
    moment = _moment(text)
    assert moment is None or moment.tzinfo is not None


# -- what ends the connector ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_named_as_such(status: int) -> None:
    with a_server(answered(status)) as server:
        assert type(failure(server.url)) is CredentialsRefused


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422, 499])
def test_a_refused_request_tells_its_status(status: int) -> None:
    with a_server(answered(status)) as server:
        error = failure(server.url)
    assert isinstance(error, RequestRefused)
    assert error.status == status


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with a_server(answered(), answered()) as elsewhere, a_server(answered(status, Location=elsewhere.url)) as server:
        error = failure(server.url)
        assert (type(error), elsewhere.heard) == (ConnectorError, [])


def test_too_large_an_answer_is_not_read_to_its_end() -> None:
    sent: list[int] = []

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        sent.extend(connection.send(b"x" * 65_536) for _ in range(10_000))

    with a_server(endless) as server:
        assert type(failure(server.url)) is ConnectorError
    assert sum(sent) < 100_000_000


def test_what_is_small_when_compressed_is_too_large_all_the_same() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    with a_server(answered(200, bomb, Content_Encoding="gzip")) as server:
        assert type(failure(server.url)) is ConnectorError


@pytest.mark.parametrize("headers", [{"X-Key": "Nguyễn"}, {"X-Key": "a\r\nX-Other: b"}])
def test_a_header_that_cannot_be_sent_is_a_fault_of_ours(headers: dict[str, str]) -> None:
    with a_server(answered()) as server:
        error = failure(server.url, headers=headers)
        assert (type(error), server.heard) == (ConnectorError, [])
    assert "Nguy" not in str(error)


def test_what_is_no_json_is_a_fault_of_the_caller() -> None:
    with a_client("http://127.0.0.1:1") as http, pytest.raises(ValueError, match="JSON compliant"):
        http.post("/orders", "order", {"amount": float("nan")})
