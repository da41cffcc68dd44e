"""Cut a byte stream into records: physical lines, joined where quotes span them, with bounded memory.

Nothing is dropped: what is too long, or has a quote that never closes, comes out as a record with its fault.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from io import BufferedReader, StringIO
from typing import NamedTuple

from bus.errors import ContractError, Unreadable

MAX_ROW_BYTES = 512 * 1024
MAX_JOINED_LINES = 100
_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024


class Line(NamedTuple):
    """A physical line or several joined: its bytes without the line's end, and where it ends in the file."""

    raw: bytes
    number: int
    end: int
    closed: bool = True
    fault: ContractError | None = None


class Lines:
    """A file's lines from an offset on; a few can be put back."""

    def __init__(self, file: BufferedReader, offset: int = 0, number: int = 0) -> None:
        self._file, self._number, self._offset = file, number, offset
        file.seek(offset)

    def take(self) -> Line | None:
        """Return the next physical line, or None at the end."""
        raw = self._file.readline(MAX_ROW_BYTES + 2)
        if not raw:
            return None
        self._number += 1
        if raw.endswith(b"\n"):
            self._offset += len(raw)
            return Line(raw[:-2] if raw.endswith(b"\r\n") else raw[:-1], self._number, self._offset)
        if len(raw) <= MAX_ROW_BYTES:
            self._offset += len(raw)
            return Line(raw, self._number, self._offset, closed=False)
        return self._oversize(raw)

    def back_to(self, line: Line) -> None:
        """Go on behind ``line`` again."""
        self._file.seek(line.end)
        self._offset, self._number = line.end, line.number

    def _oversize(self, head: bytes) -> Line:
        """Read over a line that is too long, keeping only its head, its size and its digest."""
        digest, size, closed = hashlib.sha256(), 0, False
        piece = head
        while piece:
            size += len(piece)
            closed = piece.endswith(b"\n")
            digest.update(piece)
            if closed:
                break
            piece = self._file.readline(_PIECE_BYTES)
        self._offset += size
        fault = Unreadable(
            f"the line has {size} bytes, over the limit of {MAX_ROW_BYTES} (sha256 {digest.hexdigest()})",
            hint=f"Its first {_HEAD_BYTES} bytes are kept here, the rest stands in the file; correct it there.",
        )
        return Line(head[:_HEAD_BYTES], self._number, self._offset, closed, fault)


class Parsed(NamedTuple):
    """A record's line with its cells; None where ``line.fault`` says why there are none."""

    line: Line
    cells: list[str] | None


Decode = Callable[[bytes], str]


def csv_records(lines: Lines, decode: Decode, delimiter: str) -> Iterator[Parsed]:
    """Yield the records of delimited text (RFC 4180), empty lines left out.

    A quote that never closes costs its own first line alone: the lines behind it are read again.
    """
    while (line := lines.take()) is not None:
        if not line.raw and line.fault is None:
            continue
        yield _csv_record(lines, line, decode, delimiter)


def decoder(encoding: str) -> Decode:
    """Return the function that makes text of a record's bytes; it raises :class:`~bus.errors.Unreadable`."""

    def decode(raw: bytes) -> str:
        if b"\0" in raw:
            raise Unreadable("the row holds a NUL byte", hint="Export the file again as plain text.")
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"byte {error.start + 1} of the row is not {encoding}",
                hint="Set `files: encoding:` to what the export writes, or correct that row in the file.",
            ) from error

    return decode


def _csv_record(lines: Lines, line: Line, decode: Decode, delimiter: str) -> Parsed:
    if line.fault is not None:
        return Parsed(line, None)
    try:
        text = decode(line.raw)
        if '"' not in text:
            return Parsed(line, text.split(delimiter))
        cells = _cells(text, delimiter)
        return Parsed(line, cells) if cells is not None else _joined(lines, line, decode, delimiter)
    except ContractError as error:
        lines.back_to(line)
        return Parsed(line._replace(fault=error), None)


def _joined(lines: Lines, first: Line, decode: Decode, delimiter: str) -> Parsed:
    """Join lines until the open quote closes. Raises Unreadable where it does not, within the limits."""
    raw, quotes = first.raw, first.raw.count(b'"')
    for _ in range(MAX_JOINED_LINES):
        line = lines.take()
        if line is None or line.fault is not None or len(raw) + len(line.raw) > MAX_ROW_BYTES:
            break
        raw = raw + b"\n" + line.raw
        quotes += line.raw.count(b'"')
        if quotes % 2 == 0:  # only then can it be closed; so a hostile file is not parsed again for every line
            return Parsed(Line(raw, first.number, line.end, line.closed), _whole(raw, decode, delimiter))
    raise _unclosed()


def _whole(raw: bytes, decode: Decode, delimiter: str) -> list[str]:
    try:
        cells = _cells(decode(raw), delimiter)
    except Unreadable as error:
        raise _unclosed() from error
    if cells is None:
        raise _unclosed()
    return cells


def _unclosed() -> Unreadable:
    return Unreadable("a quote opens and does not close", hint="Close or double that quote in the file.")


def _stray() -> Unreadable:
    return Unreadable("a quote stands in the middle of a cell", hint="Double it, or quote the whole cell.")


def _cells(text: str, delimiter: str) -> list[str] | None:
    """Return the cells, or None where a quote is still open. Raises :class:`~bus.errors.Unreadable`.

    >>> _cells('1,"a ""b"" c",2', ","), _cells('1,"a', ",")
    (['1', 'a "b" c', '2'], None)
    """
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        if "larger than" in str(error):
            raise Unreadable("a cell is over 128 KiB", hint="Files never travel on a topic.") from error
        raise _stray() from error
    if len(rows) != 1:
        raise _stray()
    return rows[0]
