"""No ``sqlite3`` error leaves this room: each becomes one of ours, with the file and what to do."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bus.errors import ConfigError, DamagedStore, LienthongError, StorageFull, TransportError, TransportUnavailable

_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMOPEN", "SQLITE_IOERR_TRUNCATE"}


_DAMAGE = (
    "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_IOERR_SHORT_READ",
    "SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH",
)  # fmt: skip
"""Every statement here is known to be right: where one fails, the tables are no longer those that were made."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def sqlite_errors(path: Path | None) -> Iterator[None]:
    """Translate what goes wrong inside."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error
    except UnicodeDecodeError as error:  # the driver's own, where SQLite's text of an error quotes what is damaged
        raise DamagedStore(f"{path or 'the log in memory'} is damaged: some of its text is no UTF-8") from error


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Translate what goes wrong with the files beside the database."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(f"{path}: no room to write, {free_bytes(path)} bytes are free on that disk") from error
        raise ConfigError(
            f"{path} cannot be used: {error.strerror}", hint="Check the folder's owner and permissions."
        ) from error


def translated(error: sqlite3.Error, path: Path | None) -> LienthongError:
    """Return our error for ``error``. SQLite's own text is left out where it could hold data."""
    name = name_of(error)
    where = str(path or "the log in memory")
    if name in _FULL:
        return StorageFull(f"{where}: no room to write ({name}), {free_bytes(path)} bytes are free on that disk")
    if name.startswith(_DAMAGE) or "decode" in str(error):
        return DamagedStore(f"{where} is damaged ({name or 'text'})")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return TransportUnavailable(f"{where} is busy ({name})", hint="Try again; see which process holds the file.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return TransportError(f"{where} cannot be written ({name})", hint="Check the folder's owner and permissions.")
    if name.startswith("SQLITE_IOERR"):
        return TransportError(f"the disk under {where} fails ({name})", hint="Check the disk, then `lienthong doctor`.")
    return TransportError(f"{where}: {name or type(error).__name__}")


def name_of(error: sqlite3.Error) -> str:
    """Return SQLite's name of an error, such as ``SQLITE_FULL``; empty if the driver itself complains."""
    return str(getattr(error, "sqlite_errorname", None) or "")


def free_bytes(path: Path | None) -> int:
    """Return the room left on the disk of ``path``; none where it cannot be told."""
    try:
        return 0 if path is None else shutil.disk_usage(path.parent).free
    except OSError:
        return 0
