"""The index's tables and its connections: SQLite by default, another database by URL."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import StaticPool

from bus.errors import DamagedStore, LienthongError, StorageFull, StoreVersion, TransportUnavailable

VERSION = "1"
WRITES = "lienthong_write"
"""The execution option of a transaction that will write: it takes SQLite's write lock at once."""

_BUSY_MS = 10_000

tables = sa.MetaData()
meta = sa.Table(
    "index_meta",
    tables,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
position = sa.Table(
    "index_position", tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("topic", sa.String(255), nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("next", sa.BigInteger, nullable=False),
    sa.Column("tail", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("topic", "part"),
)  # fmt: skip
period = sa.Table(
    "index_period", tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("postings", sa.BigInteger, nullable=False),
)  # fmt: skip
reach = sa.Table(
    "index_reach", tables,
    sa.Column("period", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)  # fmt: skip
unread = sa.Table(
    "index_unread", tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("off", sa.BigInteger, primary_key=True),
    sa.Column("accepted", sa.BigInteger),
    sa.Column("occurred", sa.BigInteger),
    sa.Column("code", sa.String(16), nullable=False),
)  # fmt: skip


def open_database(url: str) -> sa.Engine:
    """Open or make the database of an index.

    Raises :class:`~bus.errors.StoreVersion` for one that another version made or another store's file, and
    :class:`~bus.errors.DamagedStore` for a file that no database can read.
    """
    with translated_errors():
        engine = _engine(url)
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            _check(connection)
        return engine


def file_of(url: str) -> Path | None:
    """Return the file that an SQLite URL names; None in memory and for servers."""
    parsed = make_url(url)
    named = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return Path(named).absolute() if named and named != ":memory:" else None


def _engine(url: str) -> sa.Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return sa.create_engine(url)
    file = file_of(url)
    if file is None:
        engine = sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # SQLite gives the files beside it the same mode
        engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    """Losing the last transactions at a power cut only means reading them from the log again: NORMAL is enough."""
    connection.isolation_level = None  # BEGIN is ours: the driver's own would leave CREATE TABLE outside
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _check(connection: Connection) -> None:
    names = set(sa.inspect(connection).get_table_names())
    if "index_meta" not in names:
        if names and connection.dialect.name == "sqlite":
            raise StoreVersion(
                "the file of the index is another kind of store", hint="Set `index` to a file of its own."
            )
        tables.create_all(connection)
        connection.execute(meta.insert(), {"name": "version", "value": VERSION})
        return
    version = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "version"))
    if version != VERSION:
        raise StoreVersion(
            f"the index was made by version {version} of its tables, and this software knows {VERSION}",
            hint="Delete the index: it is rebuilt from the log. Nothing is lost.",
        )


def posting_name(number: int) -> str:
    """Return the name of a period's table; nothing but a whole number can get into it."""
    return f"index_posting_{number:d}"


def posting_table(number: int) -> sa.Table:
    """Return a period's table: one tree, sorted by hidden identifier."""
    return sa.Table(
        posting_name(number), sa.MetaData(),
        sa.Column("h", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("off", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )  # fmt: skip


@contextmanager
def translated_errors() -> Iterator[None]:
    """Let no database exception out of this module."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _translated(str(error.orig)) from error
    except sa.exc.ArgumentError as error:
        raise StoreVersion("`index` is not a database URL", hint="Set `index` to `sqlite:///FILE`.") from error
    except OSError as error:
        kind: Callable[..., LienthongError] = StorageFull if error.errno == errno.ENOSPC else TransportUnavailable
        raise kind(f"the index cannot be reached: {error.strerror}") from error


def _translated(reason: str) -> LienthongError:
    if "disk is full" in reason:
        return StorageFull("no room to write the index; the log is not touched")
    if "not a database" in reason or "malformed" in reason:
        return DamagedStore(
            "the index's file is damaged, or is not an index",
            hint="Delete the file that the setting `index` names: it is rebuilt from the log. Nothing is lost.",
        )
    return TransportUnavailable(f"the index does not answer: {reason}", hint="Try again; a rebuild is always safe.")
