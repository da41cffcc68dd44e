"""Delimited text as rows: its header, and each record under the header's names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from io import BufferedReader
from typing import NamedTuple
from unicodedata import is_normalized

from bus.errors import ConfigError, ContractError, Unreadable
from bus.nearest import did_you_mean, suggestion
from connectors.file_drop.csv_records import Dialect, Parsed, csv_record
from connectors.file_drop.lines import Line, Lines, Mark, decoder, first_mark
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.rows import Cells, Row, nfc, short, unread_key

_MAX_COLUMNS = 2000
_NO_HEADER = "Has the file no header? Name the columns by `files: columns:`."


class CsvFile(NamedTuple):
    """Implements :class:`~.rows.RowFile`. A plain line, without quotes, is its own key."""

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
            return Row(parsed.line, _cells_of(parsed, self.names), None)
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


def open_csv(file: BufferedReader, mapping: FileMapping) -> CsvFile | None:
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
        header = _header(lines, dialect)
        if header is None or not header.is_closed:
            return None
        names = _named(header.names)
    _check_columns(names, sorted(mapping.columns.keys() - layout.optional), mapping.texts)
    _check_names(names)
    return CsvFile(lines.mark(), names, dialect._replace(width=len(names)), layout.encoding == "utf-8")


class _Header(NamedTuple):
    """The texts of a file's first record, and whether its line has ended."""

    names: tuple[str, ...]
    is_closed: bool


def _header(lines: Lines, dialect: Dialect) -> _Header | None:
    """Return the first record's cells as column names; None for a file without any.

    Raises :class:`~bus.errors.ConfigError` for a header that cannot name cells.
    """
    line = lines.take()
    while line is not None and not line.raw:
        line = lines.take()
    if line is None:
        return None
    first = csv_record(lines, line, dialect)
    if first.cells is None:
        why = f"{first.line.fault}" if first.line.fault is not None else ""
        raise ConfigError(f"the header cannot be read: {why}", hint="Correct the file's first line.")
    return _Header(tuple(nfc(name.strip()) for name in first.cells), first.line.closed)


def _named(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names under which the mapping takes cells: a blank one is called by its place, as ``column 4``."""
    return tuple(name or f"column {place}" for place, name in enumerate(names, 1))


def _check_names(names: Sequence[str]) -> None:
    """Raise :class:`~bus.errors.ConfigError` where two columns share a name, or there are too many."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        shown = ", ".join(f"`{name}`" for name in twice[:5])
        hint = "Give every column its own name; or name them all by `files: columns:`, with `skip_lines: 1`."
        raise ConfigError(f"the header has columns twice: {shown}", hint=hint)
    if len(names) > _MAX_COLUMNS:
        raise ConfigError(f"the header has {len(names)} columns", hint=f"Export at most {_MAX_COLUMNS}.")


def _check_columns(names: Sequence[str], wanted: Collection[str], texts: Collection[str]) -> None:
    """Raise :class:`~bus.errors.ConfigError` where the header lacks a column that the mapping takes.

    Also where the mapping writes a column's name as a plain text: a slip that would else be told as a fact.
    """
    missing = next((column for column in wanted if column not in names), None)
    if missing is not None:
        alike = _alike(missing, names, wanted)
        hint = f"{alike} If some files lack it: `files: optional:`. Is the delimiter right? {_NO_HEADER}".lstrip()
        raise ConfigError(f"the file has no column `{missing}`, which the mapping takes", hint=hint)
    for text in texts:
        if text in names:
            hint = f"Write `{{column: {text}}}`; if the text itself is meant, `{{constant: {text}}}`."
            raise ConfigError(f"the mapping writes the text `{text}`, which is a column of the file", hint=hint)


def _alike(column: str, names: Sequence[str], wanted: Collection[str]) -> str:
    """Return a hint with the header's names. One that has none of ``wanted`` may be somebody's data: not shown."""
    folded = {name.casefold() for name in names}
    if any(name.casefold() in folded for name in wanted):
        return suggestion(column, names)
    return did_you_mean(
        column,
        names,
    )


def _cells_of(parsed: Parsed, names: tuple[str, ...]) -> Cells:
    """Return a record's cells by name. Raises :class:`~bus.errors.Unreadable`."""
    cells = parsed.cells
    if cells is None:
        raise parsed.line.fault or Unreadable("the row cannot be read")
    if len(cells) != len(names):
        raise Unreadable(
            f"the row has {len(cells)} cells, the header {len(names)}",
            hint="Look for a delimiter or a quote that is missing or too much in that row.",
        )
    if not parsed.line.raw.isascii():
        cells = [nfc(cell) for cell in cells]
    if cells[0] == names[0] and tuple(cells) == names:
        raise Unreadable("the header stands here again", hint="Join exports without repeating their header.")
    return dict(zip(names, cells, strict=True))


def _is_nfc(raw: bytes) -> bool:
    try:
        return is_normalized("NFC", raw.decode())
    except UnicodeDecodeError:
        return False
