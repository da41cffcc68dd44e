"""A simulator as a server: waitress in a thread, on a port of its own; or the whole of a process."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

_TURN_S = 1.0
_ROOM = {"outbuf_overflow": 64 * 1024 * 1024}
"""A client that goes away in the middle leaves no temporary file behind."""

HOST = "127.0.0.1"
_NAME = re.compile(rb"^[0-9A-Za-z-]+_[0-9A-Za-z_-]*(?=:)", re.MULTILINE)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Hears header names with underscores, such as ``access_token``: waitress drops them, and partners ask for them."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read them as if they were written with hyphens."""
        super().parse_header(_NAME.sub(lambda name: name[0].replace(b"_", b"-"), header_plus))


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


class Server:
    """A WSGI application on the loopback. Used as a context; ``port`` 0 takes a free one.

    A partner's simulator is one: it opens its store before, and closes it after.
    """

    def __init__(self, app: Callable[..., Any], *, port: int = 0, threads: int = 4, name: str = "simulator") -> None:
        self._sockets: dict[int, Any] = {}
        self._server = create_server(app, map=self._sockets, host=HOST, port=port, threads=threads, **_ROOM)
        self._server.channel_class = _Channel
        self._stop = Event()
        self._thread = Thread(target=self._serve, name=name, daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.effective_port)

    @property
    def base_url(self) -> str:
        """Where it is reached, without a path."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        """Serve from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving. May be repeated."""
        self._stop.set()
        if self._thread.is_alive():
            self._server.pull_trigger()
            self._thread.join()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            wasyncore.loop(timeout=_TURN_S, map=self._sockets, count=1)


def serve(simulator: Callable[[], AbstractContextManager[Any]]) -> None:
    """Run a simulator until a signal ends it: the whole of a process. Prints one line of JSON with its port.

    What ``simulator`` makes has ``port`` and ``base_url`` once it is entered.
    """
    logging.getLogger("waitress").setLevel(logging.ERROR)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with simulator() as running:
        sys.stdout.write(json.dumps({"port": running.port, "base_url": running.base_url}) + "\n")
        sys.stdout.flush()
        stop.wait()
