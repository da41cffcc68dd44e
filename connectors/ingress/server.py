"""The server of the door: waitress, in a thread of its own and some for the calls."""

from __future__ import annotations

import logging
import socket
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any

from waitress import create_server, wasyncore

from bus.errors import ConfigError
from connectors.ingress.app import MAX_BODY_BYTES, Application

LOOPBACK = "127.0.0.1"

_TURN_S = 1.0
_BACKLOG = 1024
_GOODBYE_S, _GOODBYE_TURN_S = 3.0, 0.05
_LIMITS = {
    "max_request_body_size": MAX_BODY_BYTES + 1,  # waitress refuses from this on
    "max_request_header_size": 16 * 1024,
    "channel_timeout": 30,  # who is silent so long in the middle is let go
    "cleanup_interval": 10,
    "connection_limit": 500,
    "ident": "lienthong",
}


class Door:
    """A WSGI application on a port; 0 takes a free one. Used as a context.

    Raises :class:`~bus.errors.ConfigError` where the port is not to be had.
    """

    def __init__(self, app: Application, *, host: str = LOOPBACK, port: int = 0, threads: int = 16) -> None:
        # It warns of each call that waits for a thread, which is what its queue is for.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._host, self._sockets = host, dict[int, Any]()
        listening = _listening(host, port)
        self.port = int(listening.getsockname()[1])
        """The port that it listens on."""
        self._server = create_server(app, map=self._sockets, sockets=[listening], threads=threads, **_LIMITS)
        self._stop = Event()
        self._thread = Thread(target=self._serve, name="webhooks", daemon=True)

    @property
    def base_url(self) -> str:
        """Where it is reached, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def start(self) -> Door:
        """Serve from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Take no more connections, answer what has come, and end: within a few seconds. May be repeated."""
        if not self._stop.is_set():
            self._stop.set()
            if self._thread.is_alive():
                self._server.pull_trigger()
                self._thread.join()
            self._server.task_dispatcher.shutdown(timeout=_GOODBYE_S)
            wasyncore.close_all(self._sockets)

    def __enter__(self) -> Door:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            wasyncore.loop(timeout=_TURN_S, map=self._sockets, use_poll=True, count=1)
        self._server.accepting = False
        deadline = monotonic() + _GOODBYE_S
        while self._is_answering() and monotonic() < deadline:
            wasyncore.loop(timeout=_GOODBYE_TURN_S, map=self._sockets, use_poll=True, count=1)

    def _is_answering(self) -> bool:
        return any(getattr(one, "requests", None) or getattr(one, "total_outbufs_len", 0)
                   for one in list(self._sockets.values()))  # fmt: skip


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {why}", hint="Take another `--port` or `--host`."
        ) from error
