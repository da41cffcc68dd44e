"""The registry's database: its kind of store, opened as :mod:`bus.database` opens all.

``HEAD`` is the newest migration.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine

from bus import database
from bus.database import StoreKind
from bus.errors import RegistryError, RegistryUnavailable

HEAD = "0001"
"""The newest migration's revision."""

KNOWN = frozenset({HEAD})
"""All revisions that this version of the software can bring up to ``HEAD``."""

REGISTRY = StoreKind(
    setting="registry",
    head=HEAD,
    known=KNOWN,
    table="content",
    migrations=Path(__file__).with_name("migrations"),
    lock=0x6C74_7265,  # "ltre"
    unavailable=RegistryUnavailable,
    failed=RegistryError,
)


def open_database(url: str) -> Engine:
    """Return an engine whose store has the newest version, migrating it first where it is older.

    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion`, :class:`~bus.errors.DamagedStore`
    and :class:`~bus.errors.RegistryUnavailable`.
    """
    return database.open_database(REGISTRY, url)


def file_of(url: str) -> Path | None:
    """Return the file that a URL names; None for a store in memory or on a server.

    Raises :class:`~bus.errors.ConfigError`.
    """
    return database.file_of(REGISTRY, url)


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Lend a connection to read with."""
    return database.reading(REGISTRY, engine)


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """Lend a connection in a transaction that commits at the end, and holds SQLite's write lock from its beginning."""
    return database.writing(REGISTRY, engine)
