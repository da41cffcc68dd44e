"""The sender of notices: a thread that sends what is owed until it is answered well, whatever was killed meanwhile."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from urllib.parse import urlsplit

from connectors.payment.simulator import messages
from connectors.payment.simulator.books import Books, Order, Owed

_TIMEOUT_S = 10.0
_PAGE = 50
_LONGEST_REST_S = 1.0
_WELL = {"DVCQG": ("MaLoi", ("00",)), "VNPAY": ("RspCode", ("00", "02"))}


class Sender:
    """Sends to one address. ``start`` once; ``wake`` when something new is owed."""

    def __init__(self, books: Books, notify: str) -> None:
        self._books, self._to = books, urlsplit(notify)
        self._stop, self._news = Event(), Event()
        self._connection: HTTPConnection | None = None
        self._thread = Thread(target=self._run, name="notices", daemon=True)

    def start(self) -> None:
        """Send from now on: first what an earlier run still owes."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once what is owed."""
        self._news.set()

    def close(self) -> None:
        """Stop after the send under way. May be repeated."""
        self._stop.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join()
        self._hang_up()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            for owed in self._books.owed(_PAGE):
                if self._stop.is_set():
                    return
                self._send(owed)
            rest_s = self._books.rest_s()
            self._news.wait(_LONGEST_REST_S if rest_s is None else min(rest_s, _LONGEST_REST_S))

    def _send(self, owed: Owed) -> None:
        status, body = self._exchange(owed.order)
        name, well = _WELL[owed.order.gateway]
        code = _code(body, name)
        self._books.sent(owed, status, code, is_answered=200 <= status < 300 and code in well)

    def _exchange(self, order: Order) -> tuple[int, bytes]:
        """Return status and body of the answer; 0 where none came."""
        try:
            if self._connection is None:
                self._connection = HTTPConnection(self._to.hostname or "", self._to.port, timeout=_TIMEOUT_S)
            if order.gateway == "DVCQG":
                content = json.dumps(messages.confirm(order), ensure_ascii=False).encode()
                self._connection.request("POST", self._to.path, content, {"Content-Type": "application/json"})
            else:
                self._connection.request("GET", f"{self._to.path}?{messages.ipn(order)}")
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            self._hang_up()
            return 0, b""

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _code(body: bytes, name: str) -> str:
    try:
        return str(json.loads(body).get(name, ""))
    except (ValueError, AttributeError):
        return ""
