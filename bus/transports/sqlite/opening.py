"""Opening a log's file: where it may lie, making a new one, and refusing what is not ours or not whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bus.errors import ConfigError, StoreVersion
from bus.transports.sqlite.faults import name_of
from bus.transports.sqlite.mark import Mark
from bus.transports.sqlite.options import Options
from bus.transports.sqlite.schema import APPLICATION_ID, VERSION, create_tables
from bus.transports.sqlite.store import connect
from bus.transports.sqlite.wal import Wal
from bus.transports.sqlite.wholeness import check_files, check_tables, has_content, marked_in, missing

_MIN_SQLITE = (3, 35, 0)
_NETWORK = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "glusterfs", "davfs",
    "gfs2", "ocfs2", "beegfs", "gpfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.davfs2", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "fuse.juicefs",
}  # fmt: skip


def check_place(path: Path) -> None:
    """Raise :class:`~bus.errors.ConfigError` where a log cannot live."""
    if sqlite3.sqlite_version_info < _MIN_SQLITE:
        raise ConfigError(f"SQLite {sqlite3.sqlite_version} is too old", hint="Python with SQLite ≥ 3.35 is needed.")
    folder = path.parent
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder", hint="Create it, or correct the transport's URL.")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", hint="The transport's URL names a file in it.")
    kind = file_system(folder)
    if kind in _NETWORK:
        raise ConfigError(
            f"{folder} is on a network file system ({kind}), where processes of two machines could not share a log",
            hint="Put the data on a disk of this machine, or use Kafka.",
        )


def file_system(folder: Path, table: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the kind of file system that holds ``folder``; empty where the kernel does not tell."""
    if not table.exists():
        return ""
    place, best, kind = folder.resolve(), -1, ""
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        mount = Path(left.split(" ")[4].replace("\\040", " "))
        if place.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), right.split(" ")[0]
    return kind


def prepared(path: Path, mark: Mark, wal: Wal, options: Options) -> sqlite3.Connection:
    """Open the file under the lock, or make it. Raises StoreVersion, MissingRecords and DamagedStore."""
    marked = marked_in(mark, options)
    if options.verified:
        check_files(path, marked, wal)
    # Closing a connection that can write empties the write-ahead log. So one that cannot looks first, and what is
    # refused stays as it was found.
    with closing(connect(str(path), readonly=has_content(path))) as looker:
        is_new = _is_empty(looker, path, marked.commits)
        if not is_new:
            check_ours(looker, path)
        commits = check_tables(looker, path, marked) if options.verified and not is_new else 0
        if commits < marked.commits and options.verified:
            raise missing(path, marked.commits, commits)
        connection = _opened(path, is_new=is_new)
    if options.verified:
        mark.write(marked.raised(commits, wal.generation()))
    return connection


def check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise :class:`~bus.errors.StoreVersion` unless this version of the software wrote the file."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise StoreVersion(f"{path} is a database, but not a log of ours", hint="Name another file in `transport`.")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        age = "newer" if version > VERSION else "older"
        raise StoreVersion(
            f"{path} has layout {version}, this software knows {VERSION}",
            hint=f"It was written by {age} software: use that, or migrate.",
        )


def truncate_wal(connection: sqlite3.Connection, patience_ms: int = 0) -> None:
    """Move the write-ahead log into the file and cut it to nothing, unless a reader stands in it for longer."""
    waiting = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout={int(patience_ms)}").fetchall()
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout={waiting}").fetchall()


def _is_empty(connection: sqlite3.Connection, path: Path, marked: int) -> bool:
    """Say whether nothing was ever created here, or a creation was killed half-way."""
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if name_of(error) != "SQLITE_NOTADB" or marked:
            raise
        raise StoreVersion(f"{path} is not a database", hint="Name another file in `transport`.") from error
    return bool(tables == 0 and connection.execute("PRAGMA application_id").fetchone()[0] == 0)


def _opened(path: Path, *, is_new: bool) -> sqlite3.Connection:
    connection = connect(str(path))
    try:
        if is_new:
            _create(connection, path)
        if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise ConfigError(f"{path} is on a file system without shared memory", hint="Use a disk of this machine.")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection, path: Path) -> None:
    path.chmod(0o600)
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # before the first table, or never
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    create_tables(connection)
    truncate_wal(connection)  # so that a log that is lost later takes no table with it
