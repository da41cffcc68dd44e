"""Which files are there: in the order of their names, and at rest where the folder is watched."""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bus.errors import ConfigError, PartnerUnavailable
from connectors.file_drop.layout import Layout

UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")


class Found(NamedTuple):
    """A file: its name as the mapping's pattern gives it, and how it looks from outside."""

    name: str
    path: Path
    size: int
    stamp: str
    changed_at: float


class Folder:
    """The files of a mapping. Remembers since when each has looked as it does, for :meth:`is_at_rest`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._since: dict[str, tuple[str, float]] = {}

    def files(self) -> list[Found]:
        """Return the files that are there, by name. Raises :class:`~bus.errors.PartnerUnavailable`."""
        names = {name for pattern in self._layout.patterns for name in self._names(pattern)}
        found = [file for name in sorted(names) if (file := look(name, self._layout.folder / name)) is not None]
        now = time.monotonic()
        self._since = {file.name: self._noticed(file, now) for file in found}
        return found

    def check_there(self) -> None:
        """Refuse to read once what is not there: a file named in full, or the folder of a pattern."""
        for pattern in self._layout.patterns:
            file, folder = self._layout.folder / pattern, self._fixed(pattern)
            if glob.has_magic(pattern) and not folder.is_dir():
                raise ConfigError(f"there is no folder {folder}", hint="Make it, or correct `files: path:`.")
            if not glob.has_magic(pattern) and not file.is_file():
                hint = "`files: path:` is meant from the folder of the mapping file."
                raise ConfigError(f"there is no file {file}", hint=hint)

    def is_at_rest(self, file: Found) -> bool:
        """Say whether nobody has written to the file for as long as the mapping asks."""
        settle_s = self._layout.settle_s
        # The clock of the files may be another one, so being seen unchanged for that long counts as well.
        _, since = self._since[file.name]
        return time.time() - file.changed_at >= settle_s or time.monotonic() - since >= settle_s

    def _noticed(self, file: Found, now: float) -> tuple[str, float]:
        known = self._since.get(file.name)
        return known if known is not None and known[0] == file.stamp else (file.stamp, now)

    def _names(self, pattern: str) -> Iterator[str]:
        folder = self._layout.folder
        if not glob.has_magic(pattern) or (folder / pattern).is_file():
            yield pattern
            return
        if not self._fixed(pattern).is_dir():
            raise PartnerUnavailable(f"the folder {self._fixed(pattern)} is not there", hint="Is its disk connected?")
        # Not Path.glob: it takes hidden files and no absolute patterns.
        for name in glob.iglob(pattern, root_dir=folder, recursive=True):  # noqa: PTH207
            if not name.endswith(UNFINISHED):
                yield name.replace(os.sep, "/")

    def _fixed(self, pattern: str) -> Path:
        """Return the part of a pattern before its first wildcard."""
        parts: list[str] = []
        for part in Path(pattern).parts[:-1]:
            if glob.has_magic(part):
                break
            parts.append(part)
        return self._layout.folder.joinpath(*parts)


def look(name: str, path: Path) -> Found | None:
    """Return how a file looks; None if it is not there, or no plain file."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PartnerUnavailable(f"{name} cannot be looked at: {error.strerror}") from error
    return found(name, path, seen) if stat.S_ISREG(seen.st_mode) else None


def found(name: str, path: Path, seen: os.stat_result) -> Found:
    """Return a file as ``seen``."""
    return Found(name, path, seen.st_size, f"{seen.st_size}/{seen.st_mtime_ns}/{seen.st_ino}", seen.st_mtime)
