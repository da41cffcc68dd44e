"""The server of the door: waitress, in a thread of its own and some for the calls."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any

from waitress import create_server, wasyncore

from bus.errors import ConfigError
from connectors.ingress.app import MAX_BODY_BYTES, Application

LOOPBACK = "127.0.0.1"

_TURN_S = 1.0
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
        self._host = host
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(app, map=self._sockets, host=host, port=port, threads=threads, **_LIMITS)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError(
                f"{host}:{port} cannot be listened on: {why}", hint="Take another `--port` or `--host`."
            ) from error
        self._stop = Event()
        self._thread = Thread(target=self._serve, name="webhooks", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        listening = getattr(self._server, "effective_listen", None)  # a name may stand for several addresses
        return int(listening[0][1] if listening else self._server.effective_port)

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
                next(iter(self._listening())).pull_trigger()
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
        for server in self._listening():
            server.accepting = False
        deadline = monotonic() + _GOODBYE_S
        while self._is_answering() and monotonic() < deadline:
            wasyncore.loop(timeout=_GOODBYE_TURN_S, map=self._sockets, use_poll=True, count=1)

    def _listening(self) -> Sequence[Any]:
        return [one for one in self._sockets.values() if hasattr(one, "pull_trigger") and hasattr(one, "accepting")]

    def _is_answering(self) -> bool:
        return any(getattr(one, "requests", None) or getattr(one, "total_outbufs_len", 0)
                   for one in list(self._sockets.values()))  # fmt: skip
