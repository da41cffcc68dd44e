"""What a serving process tells others of its parts: a small file beside the data, which outlives the process.

The file is locked as long as its process lives, so a reader knows whether what stands there is still so. What the
process stopped stays told until the next one starts.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import msgspec
from msgspec import Struct

from bus import logs
from connectors.health import Standing

FOLDER = "serving"
_MAX_BYTES = 4 * 1024 * 1024
_LOG = logs.logger("connectors.serving")


class Page(Struct, frozen=True, kw_only=True):
    """One process's parts, and whether it lives."""

    is_alive: bool
    standings: tuple[Standing, ...]


class Notebook:
    """The file of one process. A file that cannot be written is told once, and stops nothing."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._path = self._folder / f"{os.getpid()}-{token_hex(4)}.json"  # containers share process numbers
        self._file: int | None = None
        self._is_told = False

    def begin(self) -> None:
        """Clear what dead processes left behind."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in _paths(self._folder):
            if _is_free(path):
                path.unlink(missing_ok=True)

    def keep(self, standings: Sequence[Standing]) -> None:
        """Write all, whole or not at all. Called by one thread at a time."""
        growing = self._path.with_suffix(".writing")
        try:
            file = os.open(growing, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # before anybody can see it
            os.write(file, msgspec.json.encode(standings))
            growing.replace(self._path)
        except OSError as error:
            self._complain(error)
            return
        if self._file is not None:
            os.close(self._file)
        self._file, self._is_told = file, False

    def close(self) -> None:
        """Leave the file as it is, no longer locked. May be repeated."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _complain(self, error: OSError) -> None:
        if not self._is_told:
            self._is_told = True
            logs.tell(_LOG, logging.ERROR, "how the parts stand cannot be written", why=error.strerror)


def pages(data: Path) -> Iterator[Page]:
    """Yield what each process told last, by the name of its file; what is no such file is passed over."""
    for path in _paths(data / FOLDER):
        try:
            raw = path.read_bytes()[:_MAX_BYTES]
            standings = msgspec.json.decode(raw, type=tuple[Standing, ...])
        except (OSError, msgspec.DecodeError):
            continue
        yield Page(is_alive=not _is_free(path), standings=standings)


def _paths(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.json"))


def _is_free(path: Path) -> bool:
    """Tell whether no living process holds the file that stands there now."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        # A process that lives always holds the file that stands there; it may have been replaced since it was opened.
        return os.fstat(file).st_ino == path.stat().st_ino
    except OSError:
        return False
    finally:
        os.close(file)
