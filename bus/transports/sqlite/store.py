"""A database's connections: one that writes, under the lock, and a pool of those that read.

:class:`DiskStore` is a file that processes share; :class:`MemoryStore` is one connection under a mutex, for
reads too, because a second one would see locks or uncommitted rows.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from bus.errors import TransportError
from bus.transports.sqlite.bell import Condition, Listener
from bus.transports.sqlite.faults import sqlite_errors, translated
from bus.transports.sqlite.liveness import Liveness, Present
from bus.transports.sqlite.schema import count_commits, create_tables

_image: list[bytes] = []


class Store(Protocol):
    """What the other modules need of a database, on disk or in memory."""

    @property
    def path(self) -> Path | None: ...

    @property
    def liveness(self) -> Liveness:
        """Who is alive among the owners of claims."""
        ...

    def check(self) -> None:
        """Refuse to work in a forked child, and after the end. Raises :class:`~bus.errors.TransportError`."""
        ...

    def exclusive(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the lock, with the writing connection and no transaction begun."""
        ...

    def reader(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend a connection to read with; every statement is read to its end."""
        ...

    def check_mark(self, before: int) -> None:
        """Compare the counter before a COMMIT, inside the lock. Raises :class:`~bus.errors.MissingRecords`."""
        ...

    def acknowledge(self, commits: int) -> None:
        """Note the counter after a COMMIT, inside the lock. May be repeated."""
        ...

    def reopen(self) -> sqlite3.Connection:
        """Replace the writing connection after an I/O error, inside the lock."""
        ...

    def ring(self) -> None:
        """Tell readers that there is news; after the lock was given back."""
        ...

    def listener(self) -> AbstractContextManager[Listener]:
        """Lend something to wait with, already quiet."""
        ...

    def tidy(self) -> None:
        """Use an idle moment to give the write-ahead log's space back."""
        ...

    def close(self) -> None: ...


@contextmanager
def transaction(store: Store, commits: int = 1) -> Iterator[sqlite3.Connection]:
    """Run the body in one write transaction that counts as ``commits``; readers hear of it afterwards."""
    with sqlite_errors(store.path):
        with store.exclusive() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                counted = count_commits(connection, commits)
                store.check_mark(counted - commits)
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise
            store.acknowledge(counted)
        if commits:
            store.ring()


@contextmanager
def snapshot(store: Store) -> Iterator[sqlite3.Connection]:
    """Run the body's statements against one state of the database."""
    with sqlite_errors(store.path), store.reader() as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            roll_back(connection)


def roll_back(connection: sqlite3.Connection) -> None:
    """End an open transaction without keeping anything; SQLite may have ended it by itself."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


class MemoryStore:
    """A log that lives as long as its engine. It starts from a ready image: a fresh bus in a fifth of a millisecond."""

    path: Path | None = None

    def __init__(self) -> None:
        self.liveness: Liveness = Present()
        self._pid = os.getpid()
        self._mutex = threading.RLock()
        self._bell = Condition()
        self._connection = connect(":memory:")
        self._closed = False
        if not _image:
            create_tables(self._connection)
            _image.append(self._connection.serialize())
        else:
            self._connection.deserialize(_image[0])

    def check(self) -> None:
        """Refuse to work in a forked child, and after the end."""
        check_process(self._pid)
        if self._closed:
            raise TransportError("this engine is closed")

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """Hold the mutex."""
        self.check()
        with self._mutex:
            self.check()
            yield self._connection

    def reader(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend the one connection."""
        return self.exclusive()

    def check_mark(self, before: int) -> None:
        """Nothing can be lost apart from the whole."""

    def acknowledge(self, commits: int) -> None:
        """There is no mark."""

    def reopen(self) -> sqlite3.Connection:
        """Go on with the one connection: there is no disk that could fail."""
        roll_back(self._connection)
        return self._connection

    def ring(self) -> None:
        """Wake this process's waiting threads."""
        self._bell.ring()

    def listener(self) -> AbstractContextManager[Listener]:
        """Lend a view of the condition."""
        self.check()
        return self._bell.listener()

    def tidy(self) -> None:
        """There is no write-ahead log."""

    def close(self) -> None:
        """Forget everything."""
        if os.getpid() != self._pid:
            return
        with self._mutex:
            self._closed = True
            self._connection.close()
        self._bell.ring()


def check_process(opened_by: int) -> None:
    """Refuse an engine that a forked child inherited: its locks and its memory belong to the parent."""
    if os.getpid() != opened_by:
        raise TransportError("this engine was opened before a fork", hint="Open an engine in the child itself.")


def connect(name: str, *, readonly: bool = False, alone: bool = False) -> sqlite3.Connection:
    """Open a connection whose transactions are ours to begin, with the timeout set before anything else.

    ``alone`` looks at a database's own file without its write-ahead log.
    """
    place = f"file:{quote(name)}?mode=ro{'&immutable=1' * alone}" if readonly else name
    try:
        return sqlite3.connect(
            place, timeout=10.0, isolation_level=None, check_same_thread=False, cached_statements=1024, uri=readonly
        )
    except sqlite3.Error as error:
        raise translated(error, None if name == ":memory:" else Path(name)) from error
