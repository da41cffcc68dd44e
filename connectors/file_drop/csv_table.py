"""Delimited text as a table."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from typing import NamedTuple
from unicodedata import is_normalized

from bus.errors import ContractError
from connectors.file_drop.lines import Dialect, Line, Lines, Mark, Parsed, csv_record, decoder, first_mark
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.rows import check_columns, column_names, csv_header, csv_row
from connectors.file_drop.table import Row, short, unread_key


class CsvTable(NamedTuple):
    """Implements :class:`~.table.Table`. A plain line, without quotes, is its own key."""

    start: Mark
    names: tuple[str, ...]
    dialect: Dialect
    is_utf8: bool

    def rows(self, lines: Lines) -> Iterator[Row]:
        """Yield the rows of some lines; as the protocol says."""
        while (line := lines.take()) is not None:
            if line.raw or line.fault is not None:
                parsed = csv_record(lines, line, self.dialect)
                # Nothing but delimiters, as spreadsheets write below their last row, is no row.
                if parsed.cells is None or any(parsed.cells):
                    yield self._row(parsed)

    def key(self, row: Row) -> bytes:
        """Return what equal rows share; as the protocol says."""
        if self._is_plain(row.line):
            return self._plain_key(row.line)
        if row.cells is None:
            return unread_key(row.line)
        return short("\0".join(map(str, row.cells.values())).encode())

    def keys(self, lines: Lines) -> Iterator[bytes]:
        """Yield the keys of some lines; as the protocol says."""
        while (line := lines.take()) is not None:
            if self._is_plain(line):
                yield self._plain_key(line)
            else:
                yield self.key(self._row(csv_record(lines, line, self.dialect)))

    def _row(self, parsed: Parsed) -> Row:
        try:
            return Row(parsed.line, csv_row(parsed, self.names), None)
        except ContractError as error:
            return Row(parsed.line, None, error)

    def _is_plain(self, line: Line) -> bool:
        """Say whether the line's cells are its pieces between delimiters, byte by byte."""
        raw = line.raw
        if b'"' in raw or b"\r" in raw or b"\0" in raw or line.fault is not None:
            return False
        return raw.isascii() or (self.is_utf8 and _is_nfc(raw))

    def _plain_key(self, line: Line) -> bytes:
        return short(line.raw.replace(self.dialect.delimiter.encode(), b"\0"))


def open_csv(file: BufferedReader, mapping: FileMapping) -> CsvTable | None:
    """Read the header of ``file``; None where it is not there yet, or not whole.

    Raises :class:`~bus.errors.ConfigError` for a header that the mapping cannot work with.
    """
    layout = mapping.layout
    lines = Lines(file, first_mark(file))
    for _ in range(layout.skip_lines):
        if lines.take() is None:
            return None
    dialect = Dialect(decoder(layout.encoding), layout.delimiter)
    names = layout.columns
    if not names:
        header = csv_header(lines, dialect)
        if header is None or not header.is_closed:
            return None
        names = column_names(header.names)
    check_columns(names, sorted(mapping.columns.keys() - layout.optional), mapping.texts)
    return CsvTable(lines.mark(), names, dialect._replace(width=len(names)), layout.encoding == "utf-8")


def _is_nfc(raw: bytes) -> bool:
    try:
        return is_normalized("NFC", raw.decode())
    except UnicodeDecodeError:
        return False
