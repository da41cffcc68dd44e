"""From a file's bytes to rows: named cells as text, in NFC, each with the bytes it came from or its fault."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from unicodedata import is_normalized, normalize

from bus.errors import ConfigError, ContractError, Unreadable
from bus.nearest import suggestion
from connectors.file_drop.lines import Decode, Dialect, Line, Lines, Parsed, csv_record

Cell: TypeAlias = str | list[str]
Cells: TypeAlias = Mapping[str, Cell]
MAX_DEPTH = 32
_MAX_COLUMNS = 2000


class Header(NamedTuple):
    """The texts of a file's first record, and whether its line has ended."""

    names: tuple[str, ...]
    is_closed: bool


def csv_header(lines: Lines, dialect: Dialect) -> Header | None:
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
    return Header(tuple(_nfc(name.strip()) for name in first.cells), first.line.closed)


def column_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names under which the mapping takes cells: a blank one is called by its place, as ``column 4``.

    Raises :class:`~bus.errors.ConfigError` where two columns share a name.
    """
    named = tuple(name or f"column {place}" for place, name in enumerate(names, 1))
    twice = [name for name, count in Counter(named).items() if count > 1]
    if twice:
        shown = ", ".join(f"`{name}`" for name in twice[:5])
        hint = "Give every column its own name; or name them all by `files: columns:`, with `skip_lines: 1`."
        raise ConfigError(f"the header has columns twice: {shown}", hint=hint)
    if len(named) > _MAX_COLUMNS:
        raise ConfigError(f"the header has {len(named)} columns", hint=f"Export at most {_MAX_COLUMNS}.")
    return named


def check_columns(names: Sequence[str], wanted: Collection[str], texts: Collection[str]) -> None:
    """Raise :class:`~bus.errors.ConfigError` where the header lacks a column that the mapping takes.

    Also where the mapping writes a column's name as a plain text: a slip that would else be told as a fact.
    """
    for column in wanted:
        if column not in names:
            hint = f"{suggestion(column, names)} If some files lack it: `files: optional:`. Is the delimiter right?"
            raise ConfigError(f"the file has no column `{column}`, which the mapping takes", hint=hint)
    for text in texts:
        if text in names:
            hint = f"Write `{{column: {text}}}`; if the text itself is meant, `{{constant: {text}}}`."
            raise ConfigError(f"the mapping writes the text `{text}`, which is a column of the file", hint=hint)


def csv_row(parsed: Parsed, names: tuple[str, ...]) -> Cells:
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
        cells = [_nfc(cell) for cell in cells]
    if cells[0] == names[0] and tuple(cells) == names:
        raise Unreadable("the header stands here again", hint="Join exports without repeating their header.")
    return dict(zip(names, cells, strict=True))


def json_lines(lines: Lines) -> Iterator[Line]:
    """Yield the lines that are not empty."""
    while (line := lines.take()) is not None:
        if line.fault is not None or line.raw.strip():
            yield line


def json_row(line: Line, decode: Decode) -> Cells:
    """Return a JSON object's values by name, nested ones as ``outer.inner``; numbers keep their own text.

    Raises :class:`~bus.errors.Unreadable`.
    """
    if line.fault is not None:
        raise line.fault
    cells: dict[str, Cell] = {}
    try:
        value = _parsed(decode(line.raw))
        _flatten(value, "", 0, cells)
    except RecursionError as error:
        raise _too_deep() from error
    if b"\\u" in line.raw or not line.raw.isascii():
        return {_text(name): _clean(cell) for name, cell in cells.items()}
    return cells


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        # Numbers stay the texts they are. NaN is no JSON, yet written by some; it can stand under `empty:`.
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        message = f"the line is not JSON: {error.msg} at character {error.pos + 1}"
        raise Unreadable(message, hint="Write one JSON object a line, in UTF-8.") from error
    if not isinstance(value, dict):
        raise Unreadable("the line is not a JSON object", hint="Write one object a line, as {…}.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a name stands twice in one JSON object", hint="Let the export write each name once.")
    return found


def _too_deep() -> ContractError:
    return Unreadable(f"the JSON is nested deeper than {MAX_DEPTH}", hint="Export a flat object.")


def _flatten(value: Mapping[str, Any], prefix: str, depth: int, cells: dict[str, Cell]) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep()
    for name, inner in value.items():
        path = prefix + name
        if isinstance(inner, dict):
            _flatten(inner, path + ".", depth + 1, cells)
        elif path in cells:
            raise Unreadable("a nested name stands twice in one JSON object", hint="Rename one of them.")
        elif isinstance(inner, list):
            cells[path] = _list(inner)
        else:
            cells[path] = _scalar(inner)


def _list(parts: list[Any]) -> Cell:
    """Return the texts of a list; one of lists or objects is a single text, as JSON."""
    if any(isinstance(part, dict | list) for part in parts):
        return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return [_scalar(part) for part in parts]


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _clean(cell: Cell) -> Cell:
    return _text(cell) if isinstance(cell, str) else [_text(part) for part in cell]


def _text(text: str) -> str:
    if "\0" in text:
        raise Unreadable("the row holds a NUL character", hint="Export the file again as plain text.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Unreadable("a text holds half a character (a lone surrogate)", hint="Correct that text.") from error
    return _nfc(text)


def _nfc(text: str) -> str:
    return text if is_normalized("NFC", text) else normalize("NFC", text)
