"""Cut a byte stream into records: physical lines, joined where quotes span them, with bounded memory.

Nothing is dropped: what is too long, or has a quote that never closes, comes out as a record with its fault.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Callable
from io import BufferedReader
from typing import NamedTuple

from bus.errors import ConfigError, ContractError, Unreadable

MAX_ROW_BYTES = 512 * 1024
MAX_JOINED_LINES = 100
_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """A physical line or several joined: its bytes without the line's end, and the number of its first line.

    ``closed`` tells that its end was there: where it was not, more of it may be written yet. ``digest`` is that of
    all its bytes where ``raw`` has only the head.
    """

    raw: bytes
    number: int
    closed: bool = True
    fault: ContractError | None = None
    digest: bytes | None = None


class Mark(NamedTuple):
    """A place between two lines: the bytes and the lines before it."""

    offset: int
    lines: int


class Lines:
    """A file's lines from a mark on, up to byte ``end`` if that is given."""

    def __init__(self, file: BufferedReader, start: Mark, end: int | None = None) -> None:
        self._file, self._offset, self._count = file, start.offset, start.lines
        self._end = sys.maxsize if end is None else end
        file.seek(start.offset)

    def mark(self) -> Mark:
        """Return the place before the next line."""
        return Mark(self._offset, self._count)

    def back_to(self, mark: Mark) -> None:
        """Go on from ``mark`` again."""
        self._file.seek(mark.offset)
        self._offset, self._count = mark

    def take(self) -> Line | None:
        """Return the next physical line, or None at the end."""
        if self._offset >= self._end:
            return None
        raw = self._file.readline(min(MAX_ROW_BYTES + 2, self._end - self._offset))
        if not raw:
            return None
        self._count += 1
        if raw.endswith(b"\n"):
            self._offset += len(raw)
            return Line(raw[:-2] if raw.endswith(b"\r\n") else raw[:-1], self._count)
        if len(raw) <= MAX_ROW_BYTES:
            self._offset += len(raw)
            return Line(raw, self._count, closed=False)
        return self._oversize(raw)

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
            piece = self._file.readline(min(_PIECE_BYTES, self._end - self._offset - size))
        self._offset += size
        fault = Unreadable(
            f"the line has {size} bytes, over the limit of {MAX_ROW_BYTES} (sha256 {digest.hexdigest()})",
            hint=f"Its first {_HEAD_BYTES} bytes are kept here, the rest stands in the file; correct it there.",
        )
        return Line(head[:_HEAD_BYTES], self._count, closed, fault, digest.digest())


def first_mark(file: BufferedReader) -> Mark:
    """Return where a file's text begins, behind a byte order mark.

    Raises :class:`~bus.errors.ConfigError` for UTF-16.
    """
    file.seek(0)
    head = file.read(len(_BOM))
    if head.startswith(_WIDE_BOMS):
        raise ConfigError("the file is UTF-16", hint="Export it as UTF-8.")
    return Mark(len(_BOM) if head == _BOM else 0, 0)


class Parsed(NamedTuple):
    """A record's line with its cells; None where ``line.fault`` says why there are none."""

    line: Line
    cells: list[str] | None


Decode = Callable[[bytes], str]


class Dialect(NamedTuple):
    """How delimited text is written; ``width`` is how many cells a row has, where that is known."""

    decode: Decode
    delimiter: str
    width: int | None = None


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


def csv_record(lines: Lines, line: Line, dialect: Dialect) -> Parsed:
    """Return the record (RFC 4180) that begins with ``line``, taking as many more lines as it needs.

    A quote that never closes costs its own first line alone: the lines behind it are read again.
    """
    if line.fault is not None:
        return Parsed(line, None)
    try:
        text = dialect.decode(line.raw)
        if '"' not in text and "\r" not in text:
            return Parsed(line, text.split(dialect.delimiter))
        cells = _cells(text, dialect.delimiter)
    except ContractError as error:
        return Parsed(line._replace(fault=error), None)
    return Parsed(line, cells) if cells is not None else _joined(lines, line, dialect)


def _joined(lines: Lines, first: Line, dialect: Dialect) -> Parsed:
    """Join lines until the open quote closes; where it does not, within the limits, only the first is at fault."""
    behind = lines.mark()
    whole = _to_the_quote(lines, first)
    cells = _whole_cells(whole.raw, dialect) if whole.fault is None else None
    if cells is not None:
        return Parsed(whole, cells)
    lines.back_to(behind)
    return Parsed(first._replace(fault=_unclosed(), closed=whole.closed), None)


def _to_the_quote(lines: Lines, first: Line) -> Line:
    """Return the lines up to where the quotes can be even; with a fault where they stay odd."""
    raw, quotes, closed = first.raw, first.raw.count(b'"'), True
    for _ in range(MAX_JOINED_LINES):
        line = lines.take()
        closed = line is not None
        if line is None or line.fault is not None or len(raw) + len(line.raw) > MAX_ROW_BYTES:
            break
        raw = raw + b"\n" + line.raw
        quotes += line.raw.count(b'"')
        if quotes % 2 == 0:  # only then can it be closed; so a hostile file is not parsed again for every line
            return Line(raw, first.number, line.closed)
    return Line(first.raw, first.number, closed, _unclosed())


def _whole_cells(raw: bytes, dialect: Dialect) -> list[str] | None:
    """Return the cells of joined lines; None where they make no row, so that they should not have been joined."""
    try:
        cells = _cells(dialect.decode(raw), dialect.delimiter)
    except Unreadable:
        return None
    return cells if cells is None or dialect.width in (None, len(cells)) else None


def _unclosed() -> Unreadable:
    return Unreadable("a quote opens and does not close", hint="Close or double that quote in the file.")


def _cells(text: str, delimiter: str) -> list[str] | None:
    """Return the cells, or None where a quote is still open. Raises :class:`~bus.errors.Unreadable`.

    >>> _cells('1,"a ""b"" c",2', ","), _cells('1,"a', ",")
    (['1', 'a "b" c', '2'], None)
    """
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True))
    except csv.Error as error:
        said = str(error)
        if "unexpected end of data" in said:
            return None
        if "larger than" in said:
            raise Unreadable("a cell is over 128 KiB", hint="Files never travel on a topic.") from error
        if "new-line" in said:
            raise Unreadable("a line end (CR) stands within the row", hint="End lines with LF or CRLF.") from error
        raise Unreadable(
            "a quote stands in the middle of a cell", hint="Double it, or quote the whole cell."
        ) from error
