"""News travels by unix datagram: after COMMIT the writer sends a byte to each socket in a folder.

Correctness never depends on it. A listener looks again after ``LOOK_AGAIN_S`` at the latest, and where sockets
are not wanted or not there it polls ``PRAGMA data_version``.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import sqlite3
import stat
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from bus import logs

LOOK_AGAIN_S = 0.25
_POLL_S = 0.004
_SETTLED_NS = 50_000_000
"""A folder changed this recently is listed again: its time stamp may be too coarse to show the next change."""

_LOG = logs.logger("bus.transports.sqlite.bell")


class Listener(Protocol):
    """One waiting thread's ear, quiet when it was lent."""

    def wait(self, timeout_s: float) -> None:
        """Return at news, or after ``timeout_s``, or sooner."""
        ...


class Bell(Protocol):
    """The way from who commits to who waits."""

    def ring(self) -> None:
        """Tell everybody; never waits."""
        ...

    def listener(self) -> AbstractContextManager[Listener]:
        """Lend an ear."""
        ...

    def close(self) -> None:
        """Take the ears down."""
        ...

    def let_go(self) -> None:
        """Close the sockets in a forked child, and leave their names to the parent."""
        ...


class Condition:
    """Within one process, for a log in memory."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rung = 0

    def ring(self) -> None:
        """Wake all."""
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    @contextmanager
    def listener(self) -> Iterator[Listener]:
        """Lend a view that remembers what it has heard."""
        yield _Heard(self)

    def wait_past(self, rung: int, timeout_s: float) -> int:
        """Wait until it rang more than ``rung`` times; return how often it did."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung != rung, timeout_s)
            return self._rung


class _Heard:
    def __init__(self, bell: Condition) -> None:
        self._bell = bell
        self._rung = bell.wait_past(-1, 0)

    def wait(self, timeout_s: float) -> None:
        self._rung = self._bell.wait_past(self._rung, timeout_s)


class Polling:
    """``data_version`` on one connection tells whether any other has committed since."""

    def __init__(self, reader: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._reader = reader

    def ring(self) -> None:
        """Nobody listens: they look."""

    @contextmanager
    def listener(self) -> Iterator[Listener]:
        """Keep one connection while waiting."""
        with self._reader() as connection:
            yield _Watcher(connection)

    def close(self) -> None:
        """Nothing to take down."""

    def let_go(self) -> None:
        """Nothing was inherited."""


class _Watcher:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version = self._look()

    def wait(self, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_S))
            version = self._look()
            if version != self._version:
                self._version = version
                return

    def _look(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


class Sockets:
    """A folder of datagram sockets, one for each thread that waits; who cannot have one polls."""

    def __init__(self, folder: Path, fallback: Polling) -> None:
        self._folder = folder
        self._name = str(folder)
        self._fallback = fallback
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        self._ears: deque[Ear] = deque()
        self._closed = False
        self._has_told = False
        self._listed_at = -1
        self._names: tuple[str, ...] = ()

    def ring(self) -> None:
        """Send a byte to each socket; whatever hinders it, the commit stands, and readers look again by themselves."""
        try:
            for name in self._listening():
                self._ring_at(name)
        except OSError as error:
            logs.tell(_LOG, logging.DEBUG, "readers could not be woken", reason=error.strerror)

    @contextmanager
    def listener(self) -> Iterator[Listener]:
        """Lend an ear from the pool, emptied."""
        ear = self._some_ear()
        if ear is None:
            with self._fallback.listener() as poller:
                yield poller
            return
        ear.drain()
        try:
            yield ear
        finally:
            self._ears.append(ear)
            if self._closed:
                self._close_ears()

    def close(self) -> None:
        """Close the pooled ears; those in use close as they come back."""
        self._closed = True
        self._close_ears()
        self._sender.close()
        try:
            self._folder.rmdir()
        except OSError as error:  # others listen there, or have removed it already
            logs.tell(_LOG, logging.DEBUG, "the runtime folder stays", reason=error.strerror)

    def let_go(self) -> None:
        """Close what a forked child has inherited."""
        while self._ears:
            self._ears.pop().let_go()
        self._sender.close()

    def _close_ears(self) -> None:
        while self._ears:
            self._ears.pop().close()

    def _ring_at(self, name: str) -> None:
        """Ring at one socket: a full one has news already, a refusing one is dead."""
        try:
            self._sender.sendto(b"!", name)
        except (BlockingIOError, FileNotFoundError):
            return
        except ConnectionRefusedError:
            Path(name).unlink(missing_ok=True)

    def _some_ear(self) -> Ear | None:
        try:
            return self._ears.pop()
        except IndexError:
            # A number would do, but in a container the process before this one had the same, and has left its socket.
            name = f"{self._name}/{uuid4().hex[:16]}"
        try:
            _own_folder(self._folder)  # the last to leave may have taken it with it
            return Ear(name)
        except OSError as error:
            level = logging.DEBUG if self._has_told else logging.WARNING
            self._has_told = True
            facts = {"folder": self._name, "reason": error.strerror or str(error)}
            logs.tell(_LOG, level, "no socket to be woken by, so this reader polls", **facts)
            return None

    def _listening(self) -> tuple[str, ...]:
        try:
            changed = os.stat(self._name).st_mtime_ns  # noqa: PTH116 - at each commit: twice as fast as by Path
        except FileNotFoundError:
            return ()  # nobody listens
        if changed != self._listed_at:
            self._names = tuple(str(ear) for ear in self._folder.iterdir())
            self._listed_at = changed if time.time_ns() - changed > _SETTLED_NS else -1
        return self._names


class Ear:
    """One bound socket."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind(name)
        except OSError:
            self._socket.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def wait(self, timeout_s: float) -> None:
        """Wait for a byte, and take all that came."""
        if self._poll.poll(timeout_s * 1000):
            self.drain()

    def drain(self) -> None:
        """Take all that came."""
        while True:
            try:
                self._socket.recv(16)
            except BlockingIOError:
                return

    def let_go(self) -> None:
        """Close the socket, but leave its name."""
        self._socket.close()

    def close(self) -> None:
        """Take the socket down."""
        self._socket.close()
        Path(self._name).unlink(missing_ok=True)


def open_bell(
    database: Path, reader: Callable[[], AbstractContextManager[sqlite3.Connection]], *, polling: bool
) -> Bell:
    """Return sockets where they are wanted and can be had, else polling."""
    if not polling:
        try:
            status = database.stat()
            folder = _own_folder(_runtime_folder() / f"{status.st_dev:x}-{status.st_ino:x}")
            return Sockets(folder, Polling(reader))
        except OSError as error:
            logs.tell(_LOG, logging.WARNING, "no sockets to wake readers with, so they poll", reason=error.strerror)
    return Polling(reader)


def _runtime_folder() -> Path:
    """A short path that every process of this user finds: a socket's name ends at 107 bytes."""
    session = Path(f"/run/user/{os.getuid()}")
    base = session if session.is_dir() else Path(tempfile.gettempdir())
    return _own_folder(base / f"lienthong-{os.getuid()}")


def _own_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(0, "the runtime folder is not ours alone", str(folder))
    return folder
