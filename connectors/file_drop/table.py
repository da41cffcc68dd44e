"""From a file's lines to its rows: the header, then each row with its cells or its fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import NamedTuple

from bus.errors import ConfigError, ContractError
from connectors.file_drop.lines import Dialect, Line, Lines, Mark, csv_records, decoder
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.rows import Cells, check_columns, column_names, csv_header, csv_row, json_lines, json_row

_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """A row as it was read: its line with the bytes, and its cells, or None where ``fault`` says why not."""

    line: Line
    cells: Cells | None
    fault: ContractError | None


class Opened(NamedTuple):
    """A table whose header was read: where its first row begins, and what reads rows from some lines."""

    start: Mark
    rows: Callable[[Lines], Iterator[Row]]


def open_table(file: BufferedReader, mapping: FileMapping) -> Opened | None:
    """Read the header of ``file``; None where it is not there yet, or not whole.

    Raises :class:`~bus.errors.ConfigError` for a header that the mapping cannot work with.
    """
    layout = mapping.layout
    lines = Lines(file, Mark(_skipped_bom(file), 0))
    decode = decoder(layout.encoding)
    if not layout.is_csv:
        return Opened(lines.mark(), lambda lines: _json_rows(lines, layout.encoding))
    for _ in range(layout.skip_lines):
        if lines.take() is None:
            return None
    dialect = Dialect(decode, layout.delimiter)
    names = layout.columns
    if not names:
        header = csv_header(lines, dialect)
        if header is None or not header.is_closed:
            return None
        names = column_names(header.names)
    wanted = mapping.columns.keys() - layout.optional
    check_columns(names, sorted(wanted), mapping.texts)
    return Opened(lines.mark(), lambda lines: _csv_rows(lines, dialect._replace(width=len(names)), names))


def _csv_rows(lines: Lines, dialect: Dialect, names: tuple[str, ...]) -> Iterator[Row]:
    for parsed in csv_records(lines, dialect):
        if parsed.cells is not None and not any(parsed.cells):
            continue  # nothing but delimiters, as spreadsheets write below their last row
        try:
            yield Row(parsed.line, csv_row(parsed, names), None)
        except ContractError as error:
            yield Row(parsed.line, None, error)


def _json_rows(lines: Lines, encoding: str) -> Iterator[Row]:
    decode = decoder(encoding)
    for line in json_lines(lines):
        try:
            yield Row(line, json_row(line, decode), None)
        except ContractError as error:
            yield Row(line, None, error)


def _skipped_bom(file: BufferedReader) -> int:
    """Return where the text begins. Raises :class:`~bus.errors.ConfigError` for UTF-16."""
    file.seek(0)
    head = file.read(len(_BOM))
    if head.startswith(_WIDE_BOMS):
        raise ConfigError("the file is UTF-16", hint="Export it as UTF-8.")
    return len(_BOM) if head == _BOM else 0
