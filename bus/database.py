"""Opening a control store's database: one engine a URL, its pragmas, its version, and its errors turned into ours.

The registry and the delivery ledger stand on it. A store that has its kind's newest migration is used at once; an
older one is brought up to date under the write lock; a newer one, or somebody else's database, is refused with a
sentence and left as it is. Alembic costs 300 ms to import, so it is imported only where there is something to migrate.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from bus.errors import ConfigError, DamagedStore, LienthongError, StorageFull, StoreVersion

_BUSY_TIMEOUT_MS = 10_000
_WRITING = {"lienthong_writing": True}


class StoreKind(Struct, frozen=True, kw_only=True):
    """One kind of store. ``setting`` names it in every sentence (`the registry's store`) and where it is set.

    ``head`` is the newest migration's revision and ``known`` all that can be brought up to it; ``table`` is one that
    every store of this kind has, and no other; ``lock`` is PostgreSQL's advisory lock of whoever migrates.
    ``unavailable`` is raised where the same call may succeed later, ``failed`` where it will not.
    """

    setting: str
    head: str
    known: frozenset[str]
    table: str
    migrations: Path
    lock: int
    unavailable: type[LienthongError]
    failed: type[LienthongError]

    @property
    def store(self) -> str:
        """What sentences call it."""
        return f"the {self.setting}'s store"

    @property
    def rights(self) -> str:
        """What to do where the file cannot be made or opened."""
        return f"Check the folder of the {self.setting}'s file and its rights."


def open_database(kind: StoreKind, url: str) -> Engine:
    """Return an engine whose store has the newest version, migrating it first where it is older.

    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion`, :class:`~bus.errors.DamagedStore`
    and the kind's own errors.
    """
    engine = _engine(kind, _parsed(kind, url))
    try:
        with store_errors(kind, "open"), engine.connect() as connection:
            current = _version(kind, connection)
        if current != kind.head:
            _migrate(kind, engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def file_of(kind: StoreKind, url: str) -> Path | None:
    """Return the file that a URL names; None for a store in memory or on a server.

    Raises :class:`~bus.errors.ConfigError`.
    """
    parsed = _parsed(kind, url)
    return _file(parsed) if parsed.get_backend_name() == "sqlite" else None


@contextmanager
def reading(kind: StoreKind, engine: Engine) -> Iterator[Connection]:
    """Lend a connection to read with."""
    with store_errors(kind, "read"), engine.connect() as connection:
        yield connection


@contextmanager
def writing(kind: StoreKind, engine: Engine) -> Iterator[Connection]:
    """Lend a connection in a transaction that commits at the end, and holds SQLite's write lock from its beginning."""
    writer = engine.execution_options(**_WRITING)
    with store_errors(kind, "write to"), writer.begin() as connection:
        yield connection


@contextmanager
def store_errors(kind: StoreKind, doing: str) -> Iterator[None]:
    """Let no SQLAlchemy error out of the store. Messages hold the database's words, never a statement's values."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(kind, f"cannot {doing} {kind.store}", error) from error
    except SQLAlchemyError as error:
        raise kind.unavailable(f"cannot {doing} {kind.store}: {type(error).__name__}") from error


def _translated(kind: StoreKind, failure: str, error: DBAPIError) -> Exception:
    words = str(error.orig)
    name = getattr(error.orig, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DamagedStore(f"{failure}: {words}", hint=f"Restore the newest backup of the {kind.setting}'s file.")
    if name.startswith("SQLITE_FULL"):
        return StorageFull(f"{failure}: {words}")
    if isinstance(error, DatabaseError) and name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")):
        return kind.failed(f"{failure}: {words}", hint=kind.rights)
    return kind.unavailable(f"{failure}: {words}")


def _parsed(kind: StoreKind, url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # neither shown nor chained: a broken URL may still hold a password
        raise ConfigError(
            f"the {kind.setting}'s URL cannot be read", hint=f"Write it as `sqlite:///var/{kind.setting}.db`."
        ) from None


def _engine(kind: StoreKind, url: URL) -> Engine:
    try:
        return _sqlite(kind, url) if url.get_backend_name() == "sqlite" else create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        driver = url.drivername
        raise ConfigError(
            f"no driver for `{driver}` is installed", hint="For PostgreSQL: `pip install 'psycopg[binary]'`."
        ) from error


def _file(url: URL) -> Path | None:
    return Path(url.database).absolute() if url.database and url.database != ":memory:" else None


def _sqlite(kind: StoreKind, url: URL) -> Engine:
    file = _file(url)
    if file is not None:
        _make_file(kind, file)
    # In memory there is one connection, lent to one thread at a time: a second one would be another, empty database.
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if file is None else {}
    engine = create_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False}, **pool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_file(kind: StoreKind, file: Path) -> None:
    """Make the file for its owner only; SQLite would let all read it, and gives its other files the same rights."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise kind.failed(f"cannot make {file}, {kind.store}: {error.strerror}", hint=kind.rights) from error


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, so that a writer never has to upgrade
    for pragma in (f"busy_timeout={_BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite does not wait where two processes do so at once on a new file."""
    until = monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or monotonic() > until:
                raise
            sleep(0.01)


def _begin(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("lienthong_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _version(kind: StoreKind, connection: Connection) -> str | None:
    """Return the store's revision; None for an empty database. Raises :class:`~bus.errors.StoreVersion`."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables or kind.table not in tables:
        raise StoreVersion(
            f"this database is not a {kind.setting}'s: it holds `{min(tables)}`",
            hint=f"Point the setting `{kind.setting}` to a database of its own.",
        )
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found not in kind.known:
        raise StoreVersion(
            f"{kind.store} has version {found}, and this software knows versions up to {kind.head}",
            hint="Run the newer version of lienthong that wrote it; nothing was changed.",
        )
    return str(found)


def _migrate(kind: StoreKind, engine: Engine) -> None:
    """Bring the store up to its kind's newest version in one transaction; whoever comes second finds it done."""
    from alembic import command
    from alembic.config import Config

    with writing(kind, engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": kind.lock})
        if _version(kind, connection) == kind.head:
            return
        config = Config()
        config.set_main_option("script_location", str(kind.migrations).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
