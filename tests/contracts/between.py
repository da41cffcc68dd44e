"""What a contract suite puts between a sink and its simulator: a forwarder that can lose answers and be down."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

RETRY_AFTER_S = 7
_NOT_FORWARDED = ("host", "connection", "accept-encoding", "transfer-encoding")
_NOT_ANSWERED = ("connection", "transfer-encoding", "content-length", "date", "server")


class Between:
    """Stands at ``base_url`` and hands everything on to the partner behind it.

    ``is_down`` answers 503 with a Retry-After, and hands nothing on. ``loses_when`` is asked after the partner has
    answered and before its answer goes on: if it says so, the connection is dropped instead.
    """

    def __init__(self, partner: str) -> None:
        self._partner = urlsplit(partner)
        self.is_down = False
        self.loses_when: Callable[[], bool] = lambda: False
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.between = self
        self.base_url = f"http://127.0.0.1:{self.server.server_port}{self._partner.path}"

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, bytes]:
        """Return the partner's own answer."""
        connection = HTTPConnection(self._partner.hostname or "", self._partner.port, timeout=10)
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    between: Between
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # an answer in one piece: in two, each would wait 40 ms for the other's receipt
    server: _Server

    def do_GET(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Say nothing."""

    def _hand_on(self) -> None:
        between = self.server.between
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if between.is_down:
            self._answer(503, [("Retry-After", str(RETRY_AFTER_S))], b"")
            return
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_FORWARDED}
        status, headers, answer = between.ask(self.command, self.path, kept, body)
        if between.loses_when():
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(status, [pair for pair in headers if pair[0].lower() not in _NOT_ANSWERED], answer)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def between(partner: str) -> Iterator[Between]:
    """Stand before the partner at this address, until the block ends."""
    standing = Between(partner)
    thread = Thread(target=standing.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield standing
    finally:
        standing.server.shutdown()
        thread.join()
        standing.server.server_close()
