"""A log in a file that threads and processes of one machine share."""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bus.errors import ConfigError, DamagedStore, TransportError
from bus.transports.sqlite.bell import Bell, Listener, open_bell
from bus.transports.sqlite.faults import name_of, sqlite_errors
from bus.transports.sqlite.forks import guard
from bus.transports.sqlite.liveness import KernelLocks
from bus.transports.sqlite.lock import Turnstile
from bus.transports.sqlite.mark import Mark
from bus.transports.sqlite.opening import check_place, prepared, truncate_wal
from bus.transports.sqlite.options import Options
from bus.transports.sqlite.store import connect, roll_back

WAL_WARN_BYTES = 64 * 1024 * 1024
WAL_TIDY_BYTES = 8 * 1024 * 1024
_LOOK_EVERY = 256
_log = logging.getLogger(__name__)


class DiskStore:
    """One process's hold on the file. A connection never crosses a fork."""

    def __init__(self, path: Path, options: Options) -> None:
        check_place(path)
        self.path: Path = path.absolute()
        self._pid = os.getpid()
        self._wal = path.absolute().with_name(f"{path.name}-wal")
        self._mutex = threading.Lock()
        self._readers: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._commits = 0
        try:
            self._turnstile = Turnstile(self.path)
            self._mark = Mark(self.path)
            self.liveness = KernelLocks(self.path.with_name(f"{self.path.name}-members"))
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be used: {error.strerror}", hint="Check the folder's owner and permissions."
            ) from error
        self._writer = self._open(options)
        self._bell: Bell = open_bell(self.path, self.reader, polling=options.polling)
        guard(self)
        atexit.register(self.close)

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """Take this process's turn among its threads, then the turnstile among processes."""
        self._check_process()
        with self._mutex:
            self._check_open()
            self._turnstile.enter()
            try:
                self._check_file()
                yield self._writer
            finally:
                self._turnstile.leave()

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a pooled connection, the last used first: its statements are ready."""
        self._check_process()
        self._check_open()
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = connect(str(self.path))
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    def acknowledge(self, commits: int) -> None:
        """Raise the high-water mark, and look at the write-ahead log's size now and then."""
        try:
            self._mark.write(commits)
        except OSError as error:  # the commit stands: a mark that lags is safe, one that leads would not be
            _log.error("the high-water mark could not be written", extra={"reason": error.strerror})
        self._commits += 1
        if self._commits % _LOOK_EVERY == 0 and self.wal_bytes() > WAL_WARN_BYTES:
            _log.warning("the write-ahead log is large: a reader may hold it", extra={"bytes": self.wal_bytes()})

    def marked(self) -> int:
        """Return what the high-water mark says."""
        return self._mark.read()

    def reopen(self) -> sqlite3.Connection:
        """Open the new connection before closing the old one: the last to close would write a checkpoint."""
        old = self._writer
        self._writer = _tuned(connect(str(self.path)))
        roll_back(old)
        old.close()
        return self._writer

    def ring(self) -> None:
        """Wake the readers of all processes."""
        self._bell.ring()

    def listener(self) -> AbstractContextManager[Listener]:
        """Lend an ear, or a poller where sockets are not wanted or not there."""
        return self._bell.listener()

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log now."""
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0

    def tidy(self) -> None:
        """Cut a large write-ahead log back, unless somebody writes right now."""
        if self.wal_bytes() < WAL_TIDY_BYTES or not self._mutex.acquire(blocking=False):
            return
        try:
            if not self._closed and self._turnstile.try_enter():
                try:
                    truncate_wal(self._writer)
                except sqlite3.Error as error:  # whoever waits for news shall not suffer: the log stays as it is
                    _log.warning("the write-ahead log could not be cut back", extra={"reason": name_of(error)})
                finally:
                    self._turnstile.leave()
        finally:
            self._mutex.release()

    def close(self) -> None:
        """Close under the lock: the last connection of all writes a checkpoint as it closes. May be repeated."""
        if os.getpid() != self._pid or self._closed:
            return
        with self._mutex:
            self._turnstile.enter()
            try:
                self._closed = True
                while self._readers:
                    self._readers.pop().close()
                self._writer.close()
            finally:
                self._turnstile.leave()
            self.let_go()
            self._bell.close()
        atexit.unregister(self.close)

    def inherit(self) -> None:
        """In a forked child: close what would keep the parent's locks and sockets alive, and touch nothing else."""
        self.let_go()
        self._bell.let_go()

    def let_go(self) -> None:
        """Close the lock files."""
        self._turnstile.close()
        self._mark.close()
        self.liveness.close()

    def _open(self, options: Options) -> sqlite3.Connection:
        self._turnstile.enter()
        try:
            with sqlite_errors(self.path):
                writer = _tuned(prepared(self.path, self._mark, options))
                self._inode = self.path.stat().st_ino
        except BaseException:
            self._turnstile.leave()
            self.let_go()
            raise
        self._turnstile.leave()
        return writer

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise TransportError("this engine was opened before a fork", hint="Open an engine in the child itself.")

    def _check_open(self) -> None:
        if self._closed:
            raise TransportError("this engine is closed")

    def _check_file(self) -> None:
        try:
            same = self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            same = False
        if not same:
            raise DamagedStore(
                f"{self.path} was replaced or deleted while it was open; nothing is written any more",
                hint="End every process that uses it, put the right file back, then start again.",
            )


def _tuned(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA synchronous=FULL")
    return connection
