"""What an installation stands on: interpreter, SQLite, settings, the data folder, limits of the process."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bus.cli.checkup import RESTORE, Line, failed, fault, first_lines, ok, warning
from bus.cli.session import sqlite_file
from bus.cli.words import size
from bus.errors import LienthongError
from bus.settings import PREFIX, Settings, shown
from bus.transports.sqlite.check import wal_reset_fixed

_LITTLE_BYTES = 1024**3
_NO_BYTES = 10 * 1024**2
_FEW_FILES = 256
_NAMED_PAGES = 5


class Setting(NamedTuple):
    """A setting in force, its password masked, and where it comes from."""

    name: str
    value: str
    origin: str


def settings_in_force(settings: Settings, *, data_given: bool) -> Sequence[Setting]:
    """Return all settings with their origin: the command line, the environment, the file, or the defaults."""
    in_file = () if settings.origin == "defaults" else tomllib.loads(Path(settings.origin).read_text("utf-8"))

    def origin(name: str) -> str:
        if name == "data" and data_given:
            return "--data"
        if PREFIX + name.upper() in os.environ:
            return PREFIX + name.upper()
        return settings.origin if name in in_file else "default"

    return [Setting(name, value, origin(name)) for name, value in shown(settings).items()]


def software_lines() -> Iterator[Line]:
    """Look at the interpreter and its SQLite, and at how many files this process may open."""
    yield ok("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    version = sqlite3.sqlite_version
    if wal_reset_fixed(sqlite3.sqlite_version_info):
        yield ok("sqlite", version)
    else:
        yield ok("sqlite", f"{version} has the WAL-reset bug; our lock around commits and checkpoints keeps it out")
    yield _open_files()


def folder_lines(data: Path) -> Iterator[Line]:
    """Look at the data folder: there, writable, with room. A trial file is made, and gone at once."""
    if not data.exists():
        yield warning("data", f"{data} is not there yet", "`lienthong topic apply` makes it.")
        return
    try:
        with tempfile.TemporaryFile(dir=data):
            free = shutil.disk_usage(data).free
    except OSError as error:
        yield fault("data", f"{data} cannot be written: {error.strerror}", "Check its owner and permissions.")
        return
    if free < _NO_BYTES:
        yield fault("data", f"{data} has no room: {size(free)} are free", "Free some space on that disk.")
    elif free < _LITTLE_BYTES:
        yield warning("data", f"{data} has little room: {size(free)} are free", "Free some space on that disk.")
    else:
        yield ok("data", f"{data} can be written; {size(free)} are free")


def index_line(settings: Settings) -> Line:
    """Look at the index's files only: it is rebuilt from the log whenever it is missing, so nothing is lost with it."""
    file, key = sqlite_file(settings.index), settings.index_key
    if file is None:
        return ok("index", "on a server; the first question connects to it")
    if not file.exists():
        return ok("index", "not made yet: the first question makes it")
    try:
        with file.open("rb") as stream:
            is_database = stream.read(16) in (b"SQLite format 3\0", b"")
        readable = [one for one in (file, key) if one.exists() and one.stat().st_mode & 0o077]
    except OSError as error:
        return fault("index", f"{file} cannot be read: {error.strerror}", "Check its owner and permissions.")
    if not is_database:
        return warning("index", f"{file} is no database", "Delete it: it is rebuilt from the log.")
    if not key.exists():
        return warning("index", f"its key {key} is gone", f"Delete {file}: it is rebuilt from the log.")
    if readable:
        return warning("index", f"{readable[0]} can be read by others", f"`chmod 600 {readable[0]}`")
    return ok("index", f"{file}, {size(file.stat().st_size)}")


def place_line(url: str) -> Line | None:
    """Say why a log could not live where it is to be made; None if it could."""
    from bus.transports.sqlite.opening import check_place

    file = sqlite_file(url)
    try:
        if file is not None and file.parent.is_dir():
            check_place(file)
    except LienthongError as error:
        return failed("log", error)
    return None


def damaged_pages(url: str) -> Iterator[Line]:
    """Name the damaged pages of a log that does not open as one, where SQLite still reads the file."""
    file = sqlite_file(url)
    if file is None:
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(f"PRAGMA quick_check({_NAMED_PAGES})").fetchall()
    except (sqlite3.Error, UnicodeDecodeError, ValueError):
        yield fault("log.pages", f"SQLite cannot read {file} at all", RESTORE)
        return
    told = "\n".join(str(row[0]) for row in rows if row[0] != "ok")
    if told:
        yield fault("log.pages", first_lines(told), RESTORE)


def _open_files() -> Line:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return ok("files", "no limit on open files is known")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if 0 <= limit < _FEW_FILES:
        return warning("files", f"this process may open {limit} files", "`ulimit -n 1024` allows more.")
    return ok("files", "open files are not limited" if limit < 0 else f"this process may open {limit:,} files")
