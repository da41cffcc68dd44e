"""A receiver of replays over HTTP that opts in: a real server with a store of its own, in this process or in another.

It does what «An HTTP target» in ``replay/README.md`` asks: what it takes and the sequence that it expects next are one
transaction. Its table has no unique key, so that what came twice would be there twice.

Faults are words, and befall the next batches, one each: ``503:7`` (with Retry-After), any other status, ``lost``
(taken, and hung up without an answer), ``untaken`` (hung up before it is taken), ``html`` (a gateway's page with 200),
``redirect``, ``huge``, ``slow``, ``dies`` (killed after it has taken, which ends the whole process).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

HOST = "127.0.0.1"
SLOW_S = 0.5
_TABLES = """
CREATE TABLE IF NOT EXISTS taken (run TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS taken_in_order ON taken (run, sequence);
CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, next INTEGER NOT NULL, whole INTEGER);
"""
_NO_HEADERS: Mapping[str, str] = {}
_PAGE = b"<html><body>502 Bad Gateway</body></html>"


class Store:
    """What a receiver took, in one SQLite file. Each call opens it, so any process may read it at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._opened() as database:
            database.executescript("PRAGMA journal_mode=WAL;" + _TABLES)

    def expects(self, run: str) -> int:
        """Return the sequence that comes next."""
        return next((int(row[0]) for row in self._rows("SELECT next FROM runs WHERE run = ?", run)), 0)

    def whole(self, run: str) -> int | None:
        """Return how many records the whole has; None before it is known to be whole."""
        return next((row[0] for row in self._rows("SELECT whole FROM runs WHERE run = ?", run)), None)

    def events(self, run: str) -> list[dict[str, Any]]:
        """Return what was taken, as it was taken."""
        return [json.loads(row[0]) for row in self._rows("SELECT event FROM taken WHERE run = ? ORDER BY rowid", run)]

    def take(self, run: str, events: list[dict[str, Any]], whole: int | None) -> bool:
        """Take what is new, all or nothing. Returns whether this is what comes next."""
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            found = database.execute("SELECT next FROM runs WHERE run = ?", (run,)).fetchone()
            expected = found[0] if found else 0
            numbered = [(int(event["sequence"]), event) for event in events]
            if (numbered and numbered[0][0] > expected) or (whole is not None and whole != expected):
                return False
            new = [(run, number, json.dumps(event)) for number, event in numbered if number >= expected]
            database.executemany("INSERT INTO taken VALUES (?, ?, ?)", new)
            database.execute(
                "INSERT INTO runs VALUES (?, ?, ?) ON CONFLICT (run) DO UPDATE "
                "SET next = excluded.next, whole = coalesce(excluded.whole, whole)", (run, expected + len(new), whole),
            )  # fmt: skip
            database.execute("COMMIT")
        return True

    def forget(self, run: str) -> None:
        """Be as if nothing of a run had come: an older copy was put in place."""
        for table in ("taken", "runs"):
            self._rows(f"DELETE FROM {table} WHERE run = ?", run)

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._opened() as database:
            return database.execute(sql, values).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=30.0, isolation_level=None)) as database:
            yield database


class Receiver:
    """A server on the loopback. Used as a context; ``port`` 0 takes a free one."""

    def __init__(
        self, file: Path, *, port: int = 0, token: str = "", opts_in: bool = True, tells_next: bool = True,
        faults: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.store = Store(file)
        self.token, self.opts_in, self.tells_next, self.faults = token, opts_in, tells_next, deque(faults)
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self._server = _Server(self, port)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="receiver")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it takes replays."""
        return f"http://{HOST}:{self.port}/replays"

    def batches(self) -> list[dict[str, str]]:
        """Return the headers of the batches that came so far, with names in lower case."""
        return [headers for method, headers, _ in self.heard if method == "POST"]

    def start(self) -> Self:
        """Serve from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, receiver: Receiver, port: int) -> None:
        self.receiver = receiver
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_OPTIONS(self) -> None:
        self._hear()
        receiver = self.server.receiver
        if not self._is_known():
            return self._answer(401)
        return self._answer(204, accepts=receiver.opts_in)

    def do_POST(self) -> None:
        body, receiver = self._hear(), self.server.receiver
        fault = receiver.faults.popleft() if receiver.faults else ""
        if not self._is_known():
            return self._answer(401)
        if fault in _INSTEAD or fault[:3].isdigit():
            return self._fail(fault)
        whole = self.headers["Lienthong-Replay-Whole"]
        if not receiver.store.take(self._run, json.loads(body), None if whole is None else int(whole)):
            return self._answer(409)
        return self._end(fault)

    def _fail(self, fault: str) -> None:
        """Answer a batch that is not taken."""
        if fault == "html":
            self._answer(200, _PAGE, {"Content-Type": "text/html"}, accepts=False)
        elif fault == "redirect":
            self._answer(307, headers={"Location": self.server.receiver.url + "/elsewhere"})
        elif fault != "untaken":
            status, _, wait = fault.partition(":")
            self._answer(int(status), headers={"Retry-After": wait} if wait else {})

    def _end(self, fault: str) -> None:
        """Answer a batch that is taken."""
        if fault == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault == "huge":
            self._answer(200, b"x" * 1_000_000)
        elif fault != "lost":
            self._answer(204)

    @property
    def _run(self) -> str:
        return str(self.headers["Lienthong-Replay-Run"])

    def _is_known(self) -> bool:
        token = self.server.receiver.token
        return not token or self.headers["Authorization"] == f"Bearer {token}"

    def _hear(self) -> bytes:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        named = {name.lower(): value for name, value in self.headers.items()}
        self.server.receiver.heard.append((self.command, named, body))
        return body

    def _answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS, *, accepts: bool = True
    ) -> None:
        receiver = self.server.receiver
        self.send_response(status)
        if accepts:
            self.send_header("Lienthong-Accepts-Replays", "yes")
        if accepts and receiver.tells_next:
            self.send_header("Lienthong-Replay-Next", str(receiver.store.expects(self._run)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read what was heard."""


_INSTEAD = ("html", "redirect", "untaken")


def main() -> None:
    """Serve until SIGTERM. Once the port is open, its number is printed, and stands whole in the file."""
    asked = argparse.ArgumentParser(description="A receiver of replays, for tests.")
    asked.add_argument("--port-file", type=Path, required=True)
    asked.add_argument("--store", type=Path, required=True)
    asked.add_argument("--port", type=int, default=0)
    asked.add_argument("--token", default="")
    asked.add_argument("--faults", default="", help="words between commas")
    given = asked.parse_args()
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    faults = [word for word in given.faults.split(",") if word]
    with Receiver(given.store, port=given.port, token=given.token, faults=faults) as receiver:
        partial = given.port_file.with_suffix(".partial")
        partial.write_text(str(receiver.port), encoding="ascii")
        partial.replace(given.port_file)
        sys.stdout.write(f"{receiver.port}\n")
        sys.stdout.flush()
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
