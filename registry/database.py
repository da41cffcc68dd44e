"""Opening the registry's database: one engine a URL, its pragmas, its version, and its errors turned into ours.

``HEAD`` is the newest migration. A store that has it is used at once; an older one is brought up to date under the
write lock; a newer one, or somebody else's database, is refused with a sentence and left as it is. Alembic costs
300 ms to import, so it is imported only where there is something to migrate.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from bus.errors import ConfigError, DamagedStore, RegistryError, RegistryUnavailable, StorageFull, StoreVersion

HEAD = "0001"
"""The newest migration's revision."""

KNOWN = frozenset({HEAD})
"""All revisions that this version of the software can bring up to ``HEAD``."""

_BUSY_TIMEOUT_MS = 10_000
_MIGRATION_LOCK = 0x6C74_7265  # PostgreSQL's advisory lock of whoever migrates; "ltre"
_WRITING = {"lienthong_writing": True}
_RIGHTS = "Check the folder of the registry's file and its rights."


def open_database(url: str) -> Engine:
    """Return an engine whose store has the newest version, migrating it first where it is older.

    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion`, :class:`~bus.errors.DamagedStore`
    and :class:`~bus.errors.RegistryUnavailable`.
    """
    engine = _engine(_parsed(url))
    try:
        with store_errors("open the registry's store"), engine.connect() as connection:
            current = _version(connection)
        if current != HEAD:
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def file_of(url: str) -> Path | None:
    """Return the file that a URL names; None for a store in memory or on a server.

    Raises :class:`~bus.errors.ConfigError`.
    """
    parsed = _parsed(url)
    return _file(parsed) if parsed.get_backend_name() == "sqlite" else None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Lend a connection to read with."""
    with store_errors("read the registry's store"), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Lend a connection in a transaction that commits at the end, and holds SQLite's write lock from its beginning."""
    writer = engine.execution_options(**_WRITING)
    with store_errors("write to the registry's store"), writer.begin() as connection:
        yield connection


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Let no SQLAlchemy error out of the store. Messages hold the database's words, never a statement's values."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(doing, error) from error
    except SQLAlchemyError as error:
        raise RegistryUnavailable(f"cannot {doing}: {type(error).__name__}") from error


def _translated(doing: str, error: DBAPIError) -> Exception:
    words = str(error.orig)
    name = getattr(error.orig, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DamagedStore(f"cannot {doing}: {words}", hint="Restore the newest backup of the registry's file.")
    if name.startswith("SQLITE_FULL"):
        return StorageFull(f"cannot {doing}: {words}")
    if isinstance(error, DatabaseError) and name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")):
        return RegistryError(f"cannot {doing}: {words}", hint=_RIGHTS)
    return RegistryUnavailable(f"cannot {doing}: {words}")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # neither shown nor chained: a broken URL may still hold a password
        raise ConfigError(
            "the registry's URL cannot be read", hint="Write it as `sqlite:///var/registry.db`."
        ) from None


def _engine(url: URL) -> Engine:
    try:
        return _sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        driver = url.drivername
        raise ConfigError(
            f"no driver for `{driver}` is installed", hint="For PostgreSQL: `pip install 'psycopg[binary]'`."
        ) from error


def _file(url: URL) -> Path | None:
    return Path(url.database).absolute() if url.database and url.database != ":memory:" else None


def _sqlite(url: URL) -> Engine:
    file = _file(url)
    if file is not None:
        _make_file(file)
    # In memory there is one connection, lent to one thread at a time: a second one would be another, empty database.
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if file is None else {}
    engine = create_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False}, **pool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_file(file: Path) -> None:
    """Make the file for its owner only; SQLite would let all read it, and gives its other files the same rights."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise RegistryError(f"cannot make {file}, the registry's store: {error.strerror}", hint=_RIGHTS) from error


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


def _version(connection: Connection) -> str | None:
    """Return the store's revision; None for an empty database. Raises :class:`~bus.errors.StoreVersion`."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables or "content" not in tables:
        raise StoreVersion(
            f"this database is not a registry's: it holds `{min(tables)}`",
            hint="Point the setting `registry` to a database of its own.",
        )
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found not in KNOWN:
        raise StoreVersion(
            f"the registry's store has version {found}, and this software knows versions up to {HEAD}",
            hint="Run the newer version of lienthong that wrote it; nothing was changed.",
        )
    return str(found)


def _migrate(engine: Engine) -> None:
    """Bring the store up to ``HEAD`` in one transaction; whoever comes second finds it done."""
    from alembic import command
    from alembic.config import Config

    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if _version(connection) == HEAD:
            return
        config = Config()
        folder = str(Path(__file__).with_name("migrations"))
        config.set_main_option("script_location", folder.replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
