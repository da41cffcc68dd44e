"""A log in a file that threads and processes of one machine share."""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

from bus import logs
from bus.errors import DamagedStore, TransportError
from bus.transports.sqlite.bell import Bell, Listener, open_bell
from bus.transports.sqlite.faults import name_of, os_errors, sqlite_errors
from bus.transports.sqlite.forks import check_not_inherited, guard, release
from bus.transports.sqlite.liveness import KernelLocks
from bus.transports.sqlite.lock import Turnstile
from bus.transports.sqlite.mark import Mark, Marked
from bus.transports.sqlite.opening import check_place, prepared, truncate_wal
from bus.transports.sqlite.options import Options
from bus.transports.sqlite.schema import commits_of
from bus.transports.sqlite.store import check_process, connect, roll_back
from bus.transports.sqlite.wal import Wal
from bus.transports.sqlite.wholeness import missing

WAL_WARN_BYTES = 64 * 1024 * 1024
WAL_TIDY_BYTES = 8 * 1024 * 1024
_LOOK_EVERY, _MEASURE_EVERY = 256, 16
_PATIENCE_MS = 20
_LOG = logs.logger("bus.transports.sqlite.disk")


class DiskStore:
    """One process's hold on the file. A connection never crosses a fork."""

    def __init__(self, path: Path, options: Options) -> None:
        self.path: Path = path.resolve()  # SQLite follows links too: one log, one set of files beside it
        check_place(self.path)
        check_not_inherited(self.path)
        self._name = str(self.path)
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._readers: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._commits = 0
        self._cut_at = WAL_TIDY_BYTES
        self._marked = Marked()
        with os_errors(self.path), ExitStack() as beside:
            self.wal = beside.enter_context(closing(Wal(self.path)))
            self._turnstile = beside.enter_context(closing(Turnstile(self.path)))
            self._mark = beside.enter_context(closing(Mark(self.path)))
            members = self.path.with_name(f"{self.path.name}-members")
            self.liveness = beside.enter_context(closing(KernelLocks(members)))
            self._beside = beside.pop_all()
        self._writer = self._open(options)
        self._bell: Bell = open_bell(self.path, self.reader, polling=options.polling)
        guard(self)
        atexit.register(self.close)

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """Take this process's turn among its threads, then the turnstile among processes."""
        self.check()
        with self._mutex:
            self.check()
            try:
                self._turnstile.enter()
                self._check_file()
                yield self._writer
            finally:
                self._turnstile.leave()

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a pooled connection, the last used first: its statements are ready."""
        self.check()
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = connect(str(self.path))
        try:
            yield connection
        finally:
            self._readers.append(connection)
            if self._closed:
                self._close_late()

    def check_mark(self, before: int) -> None:
        """Compare the database's counter with the mark, once more before each COMMIT.

        A process whose index of the write-ahead log was deleted under it no longer sees what others commit, and
        would write over it.
        """
        self._marked = self._mark.read()
        if self._marked.commits > before:
            raise missing(self.path, self._marked.commits, before)
        if self._commits % _LOOK_EVERY == _LOOK_EVERY - 1:
            self._look_around()
        self._commits += 1

    def acknowledge(self, commits: int) -> None:
        """Raise the high-water mark, and keep the write-ahead log within bounds."""
        try:
            self._mark.write(self._marked.raised(commits, self.wal.generation()))
        except OSError as error:  # the commit stands: a mark that lags is safe, one that leads would not be
            logs.tell(_LOG, logging.ERROR, "the high-water mark could not be written", reason=error.strerror)
        if self._commits % _MEASURE_EVERY == 0 and self.wal.size() > self._cut_at:
            self._cut_back(_PATIENCE_MS)
            self._cut_at = self.wal.size() + WAL_TIDY_BYTES

    def marked(self) -> int:
        """Return how many commits the high-water mark says were acknowledged."""
        return self._mark.read().commits

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
        self.check()
        self._check_file()  # who only reads would wait for news of a file that nobody writes any more
        return self._bell.listener()

    def tidy(self) -> None:
        """Cut a large write-ahead log back, unless somebody writes right now."""
        if self.wal.size() < WAL_TIDY_BYTES or not self._mutex.acquire(blocking=False):
            return
        try:
            if not self._closed and self._turnstile.try_enter():
                self._cut_back()
        finally:
            if not self._closed:
                self._turnstile.leave()
            self._mutex.release()

    def close(self) -> None:
        """Close under the lock: the last connection of all writes a checkpoint as it closes. May be repeated."""
        if os.getpid() != self._pid:
            return
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            with self._turnstile.turn():
                self._close_readers()
                self._writer.close()
            self._beside.close()
            self._bell.close()
        release(self)
        atexit.unregister(self.close)

    def check(self) -> None:
        """Refuse to work in a forked child, and after the end."""
        check_process(self._pid)
        if self._closed:
            raise TransportError("this engine is closed")

    def inherit(self) -> None:
        """In a forked child: close what would keep the parent's locks and sockets alive, and touch nothing else."""
        self._beside.close()
        self._bell.let_go()

    def _open(self, options: Options) -> sqlite3.Connection:
        try:
            with self._turnstile.turn(), sqlite_errors(self.path), os_errors(self.path):
                writer = _tuned(prepared(self.path, self._mark, self.wal, options))
                status = self.path.stat()
                self.identity = status.st_dev, status.st_ino
        except BaseException:
            self._beside.close()
            raise
        return writer

    def _cut_back(self, patience_ms: int = 0) -> None:
        """Empty the write-ahead log, unless a reader stands in it. Where readers never rest, SQLite alone never does:
        it must wait a moment for those that began before.
        """
        try:
            if self._mark.read().commits <= commits_of(self._writer):  # else there is more in it than we can see
                truncate_wal(self._writer, patience_ms)
        except (sqlite3.Error, DamagedStore) as error:  # whoever waits for news shall not suffer: the log stays so
            reason = name_of(error) if isinstance(error, sqlite3.Error) else str(error)
            logs.tell(_LOG, logging.WARNING, "the write-ahead log could not be cut back", reason=reason)

    def _close_readers(self) -> None:
        while self._readers:
            self._readers.pop().close()

    def _close_late(self) -> None:
        """Close what a thread was still reading with: under the lock, which was closed before."""
        with os_errors(self.path):
            turnstile = Turnstile(self.path)
        try:
            with turnstile.turn():
                self._close_readers()
        finally:
            turnstile.close()

    def _look_around(self) -> None:
        """See now and then whether somebody deleted a file, or holds the write-ahead log."""
        if self.wal.is_gone():
            raise DamagedStore(
                f"{self.path}: its write-ahead log was deleted while it was open; nothing is written any more",
                hint="End every process that uses it, without force: the last of them saves what is in it.",
            )
        self._mark.restore()
        if (size := self.wal.size()) > WAL_WARN_BYTES:
            logs.tell(_LOG, logging.WARNING, "the write-ahead log is large: a reader may hold it", bytes=size)

    def _check_file(self) -> None:
        try:
            same = os.stat(self._name).st_ino == self.identity[1]  # noqa: PTH116 - at each commit: twice as fast as by Path
        except OSError:
            same = False
        if not same:
            raise DamagedStore(
                f"{self.path} was replaced or deleted while it was open; nothing is written any more",
                hint="End every process that uses it, put the right file back, then start again.",
            )


def _tuned(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA synchronous=FULL")
    return connection
