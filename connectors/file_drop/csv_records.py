"""Records of delimited text (RFC 4180): physical lines, joined where quotes span them, cut into cells.

Nothing is dropped: a quote that never closes comes out as a record with its fault.
"""

from __future__ import annotations

import csv
from typing import NamedTuple

from bus.errors import ContractError, Unreadable
from connectors.file_drop.lines import MAX_ROW_BYTES, Decode, Line, Lines

MAX_JOINED_LINES = 100


class Parsed(NamedTuple):
    """A record's line with its cells; None where ``line.fault`` says why there are none."""

    line: Line
    cells: list[str] | None


class Dialect(NamedTuple):
    """How delimited text is written; ``width`` is how many cells a row has, where that is known."""

    decode: Decode
    delimiter: str
    width: int | None = None


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
