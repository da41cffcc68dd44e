"""Simulated citizens: they open the links by which they pay, until each was opened once with success.

What was opened is remembered; a link that was being opened when the process was killed is opened again, as somebody
does who does not know whether it worked.
"""

from __future__ import annotations

import http.client
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event, Thread
from urllib.parse import urlsplit

from connectors.one_stop.simulator.store import Store

AT_ONCE = 4
"""How many of them open a link at a time."""

_TIMEOUT_S = 5.0
_REST_S, _MAX_REST_S = 0.1, 1.0
_TURN_S = 0.2
_OK = 200
_CONNECTIONS: dict[str, type[http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}


class Citizens:
    """Threads that open links: those that the store knows from before, and those that come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._links: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._stop = Event()
        self._threads = [Thread(target=self._run, name=f"citizen {place}", daemon=True) for place in range(AT_ONCE)]

    def start(self) -> None:
        """Open links from now on, first those that were left."""
        for reference, url in self._store.links():
            self._links.put((reference, url))
        for thread in self._threads:
            thread.start()

    def tell(self, reference: str, url: str) -> None:
        """Give them a link; the store must know it already."""
        self._links.put((reference, url))

    def close(self) -> None:
        """Let them stop. May be repeated."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self) -> None:
        rest = _REST_S
        while not self._stop.is_set():
            try:
                reference, url = self._links.get(timeout=_TURN_S)
            except Empty:
                continue
            if opens(url):
                self._store.open_link(reference)
                rest = _REST_S
                continue
            self._links.put((reference, url))
            self._stop.wait(rest)
            rest = min(rest * 2, _MAX_REST_S)


def opens(url: str) -> bool:
    """Open a link, and tell whether that went well."""
    try:
        return _status(url) == _OK
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _status(url: str) -> int:
    """Return what a link is answered with. Raises ValueError for one that leads nowhere."""
    parts = urlsplit(url)
    kind = _CONNECTIONS.get(parts.scheme)
    if kind is None or parts.hostname is None:
        raise ValueError("no link")
    with closing(kind(parts.hostname, parts.port, timeout=_TIMEOUT_S)) as connection:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}")
        response = connection.getresponse()
        response.read()
        return response.status
