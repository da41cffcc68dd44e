"""One file being read: from its bookmark on, a bounded number of rows at a time, each with its name for ever."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import NamedTuple

from msgspec.structs import replace

from bus.errors import ContractError, PartnerUnavailable
from connectors.file_drop.bookmark import OPEN, FilePlace
from connectors.file_drop.csv_file import open_csv
from connectors.file_drop.folder import Found, found
from connectors.file_drop.identity import column_id, counted_id, digest, unread_digest
from connectors.file_drop.json_file import open_json
from connectors.file_drop.lines import Lines, Mark
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.ordinals import Ordinals
from connectors.file_drop.rows import Row, RowFile
from connectors.sdk import Fetched

_PIECE = 1024 * 1024


class Room(NamedTuple):
    """How much more a batch may take."""

    rows: int
    size: int


class Gone(Exception):
    """A file that was there is not there any more."""


class Changed(Exception):
    """A file is no longer the one of which a part was read: replaced, cut short, or rewritten."""


class FileReader:
    """Reads one file. ``ordinals`` is None where rows are named by their ``id:`` columns."""

    def __init__(self, file: Found, mapping: FileMapping, ordinals: Ordinals | None) -> None:
        self.file, self._mapping, self._ordinals = file, mapping, ordinals
        self._stream = _open(file)
        self._hash, self._hashed = hashlib.sha256(), 0
        self._row_file: RowFile | None = None
        self._rows: Iterator[Row] = iter(())
        self._lines = Lines(self._stream, Mark(0, 0))
        self._row = 0
        self.at_end = self.leaves_open_line = False

    def start(self, place: FilePlace) -> None:
        """Go to ``place``. Raises :class:`Changed`, and :class:`~bus.errors.ConfigError` for a header amiss."""
        self._hash, self._hashed = hashlib.sha256(), 0
        if place.offset and not self._is_same(place):
            raise Changed
        row_file = self._row_file = self._opened()
        if row_file is None:
            self.at_end = True
            return
        if self._ordinals is not None:
            self._ordinals.clear()
            self._ordinals.remember(row_file.keys(Lines(self._stream, row_file.start, place.offset)))
        is_ahead = place.offset >= row_file.start.offset
        self._lines = Lines(self._stream, Mark(place.offset, place.line) if is_ahead else row_file.start)
        self._row = place.row if is_ahead else 0
        self._rows = row_file.rows(self._lines)

    def read(self, room: Room, takes_open_line: Callable[[], bool]) -> list[Fetched]:
        """Return the next rows; ``at_end`` tells that there are no more for now.

        A last line without its end is left for later unless ``takes_open_line``: more of it may come.
        """
        rows: list[Row] = []
        size, before = 0, self._lines.mark()
        while len(rows) < room.rows and size < room.size:
            before = self._lines.mark()
            row = next(self._rows, None)
            self.leaves_open_line = row is not None and not row.line.closed and not takes_open_line()
            if row is None or self.leaves_open_line:
                self.at_end = True
                break
            rows.append(row)
            size += len(row.line.raw)
        if self.at_end:
            self._lines.back_to(before)
        return self._named(rows)

    def place(self) -> FilePlace:
        """Return how far the file has been read."""
        offset, line = self._lines.mark()
        self._hash_to(offset)
        return FilePlace(offset=offset, line=line, row=self._row, sha256=self._sha256(), size=self.file.size)

    def place_at_end(self) -> FilePlace:
        """Return that the file, looking as it does, holds nothing more for now."""
        return replace(self.place(), stamp=f"{OPEN if self.leaves_open_line else ''}{self.file.stamp}")

    def look_again(self) -> Found:
        """Return how the file, as it is open here, looks now; it may be another one by that name already."""
        return found(self.file.name, self.file.path, os.fstat(self._stream.fileno()))

    def is_unchanged(self) -> bool:
        """Say whether what was read is still what stands there."""
        offset, _ = self._lines.mark()
        self._hash_to(offset)
        again = hashlib.sha256()
        for piece in _pieces(self._stream, 0, offset):
            again.update(piece)
        return again.digest() == self._hash.digest()

    def close(self) -> None:
        """Let go of the file. May be repeated."""
        self._stream.close()

    def _is_same(self, place: FilePlace) -> bool:
        self._hash_to(place.offset)
        return self._hashed == place.offset and self._sha256() == place.sha256

    def _sha256(self) -> str:
        # Half of it: a cursor remembers every file that is there.
        return self._hash.hexdigest()[:32]

    def _hash_to(self, offset: int) -> None:
        for piece in _pieces(self._stream, self._hashed, offset):
            self._hash.update(piece)
            self._hashed += len(piece)

    def _opened(self) -> RowFile | None:
        is_csv = self._mapping.layout.is_csv
        return open_csv(self._stream, self._mapping) if is_csv else open_json(self._stream, self._mapping)

    def _named(self, rows: list[Row]) -> list[Fetched]:
        if self._ordinals is None or self._row_file is None:
            return [self._named_by_columns(row) for row in rows]
        ordinals = self._ordinals.count(list(map(self._row_file.key, rows)))
        return [
            self._item(row, counted_id(_digest(row), ordinal), row.fault)
            for row, ordinal in zip(rows, ordinals, strict=True)
        ]

    def _named_by_columns(self, row: Row) -> Fetched:
        if row.cells is None:
            return self._item(row, _digest(row).hex(), row.fault)
        try:
            return self._item(row, column_id(row.cells, self._mapping.id_columns), None)
        except ContractError as error:
            return self._item(row, _digest(row).hex(), error)

    def _item(self, row: Row, native_id: str, fault: ContractError | None) -> Fetched:
        self._row += 1
        return Fetched(
            raw=row.line.raw,
            value=row.cells if fault is None else None,
            place=f"{self.file.name} row {self._row}, line {row.line.number}",
            fault=fault,
            native_id=native_id,
            key=self._mapping.key(row.cells) if row.cells is not None else "",
        )


def _digest(row: Row) -> bytes:
    if row.cells is not None:
        return digest(row.cells)
    return row.line.digest or unread_digest(row.line.raw)


def _open(file: Found) -> BufferedReader:
    try:
        return file.path.open("rb")
    except FileNotFoundError as error:
        raise Gone from error
    except OSError as error:
        hint = "Let the account that runs the connector read it; it goes on from its cursor."
        raise PartnerUnavailable(f"{file.name} cannot be read: {error.strerror}", hint=hint) from error


def _pieces(stream: BufferedReader, start: int, end: int) -> Iterator[bytes]:
    """Yield the file's bytes without moving its place."""
    while start < end:
        piece = os.pread(stream.fileno(), min(_PIECE, end - start), start)
        if not piece:
            return
        start += len(piece)
        yield piece
