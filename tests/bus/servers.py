"""Small real servers that answer as they are told, byte by byte: what a client may meet on a bad day."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from threading import Thread
from typing import Any

import pytest

from bus.errors import LienthongError, PartnerUnavailable
from bus.http import Http, Limits

QUICK = Limits(connect_timeout_s=0.3, read_timeout_s=0.3, max_answer_bytes=100_000)
CANARY = "canary-034190001234"
DATED = {"Date": "Wed, 25 Nov 2026 10:15:30 GMT"}
Answer = Callable[[socket.socket], None]


class Listener:
    """What a server heard so far: whole requests, in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts_url(self) -> str:
        """The same with encryption."""
        return f"https://127.0.0.1:{self.port}"


@contextmanager
def a_server(*answers: Answer | bytes, tls: ssl.SSLContext | None = None, is_deaf: bool = False) -> Iterator[Listener]:
    """Answer one connection with each of these, in order; every connection is closed after its answer.

    One that ``is_deaf`` answers whatever comes first, as a server that speaks something else.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(server.getsockname()[1])
        thread = Thread(target=_serve, args=(server, listener, answers, tls, is_deaf))
        thread.start()
        try:
            yield listener
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(
    server: socket.socket, listener: Listener, answers: tuple[Any, ...], tls: ssl.SSLContext | None, is_deaf: bool
) -> None:
    for answer in answers:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, suppress(OSError), _encrypted(connection, tls) as line:
            if is_deaf:
                line.recv(65_536)
            else:
                listener.heard.append(hear(line))
            line.sendall(answer) if isinstance(answer, bytes) else answer(line)


def _encrypted(connection: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return connection if tls is None else tls.wrap_socket(connection, server_side=True)


def hear(connection: socket.socket) -> bytes:
    """Return a whole request."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += _piece(connection)
    head, _, body = came.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += _piece(connection)
    return head + b"\r\n\r\n" + body


def _piece(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        raise ConnectionAbortedError
    return piece


def answered(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """Return an answer's bytes; ``Retry_After`` is a header's name."""
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} So\r\n{named}Content-Length: {len(body)}\r\n\r\n".encode() + body


def reset(connection: socket.socket) -> None:
    """Drop the connection as a crashed process's kernel does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silence(seconds: float) -> Answer:
    """Return an answer that never comes."""
    return lambda _: time.sleep(seconds)


def drops(answer: bytes, pause_s: float) -> Answer:
    """Return an answer of which a byte comes now and then."""

    def drip(connection: socket.socket) -> None:
        for place in range(len(answer)):
            connection.sendall(answer[place : place + 1])
            time.sleep(pause_s)

    return drip


@contextmanager
def a_client(url: str, **how: Any) -> Iterator[Http]:
    """Return a client that does not wait long."""
    with closing(Http(url, QUICK, **how)) as http:
        yield http


def failure(url: str, call: Callable[[Http], object] | None = None, **how: Any) -> LienthongError:
    """Make a call that fails, and return its error."""
    make = call or (lambda http: http.post("/orders", "order", {"name": CANARY}))
    with a_client(url, **how) as http, pytest.raises(LienthongError) as caught:
        make(http)
    return caught.value


def outage(url: str, **how: Any) -> PartnerUnavailable:
    """Return the error of a call that may be made again later."""
    error = failure(url, **how)
    assert isinstance(error, PartnerUnavailable)
    return error


def nobodys_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
