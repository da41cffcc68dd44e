"""JSON lines as rows: each object's values by name, nested ones as ``outer.inner``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import Any, NamedTuple

from bus.errors import ContractError, Unreadable
from connectors.file_drop.identity import digest
from connectors.file_drop.lines import Decode, Line, Lines, Mark, decoder, first_mark
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.rows import Cell, Cells, Row, nfc, short, unread_key

_MAX_DEPTH = 32


class JsonFile(NamedTuple):
    """Implements :class:`~.rows.RowFile`."""

    start: Mark
    decode: Decode

    def rows(self, lines: Lines) -> Iterator[Row]:
        """Yield the rows of some lines; as the protocol says."""
        for line in _filled(lines):
            try:
                yield Row(line, _cells_of(line, self.decode), None)
            except ContractError as error:
                yield Row(line, None, error)

    def key(self, row: Row) -> bytes:
        """Return what equal rows share; as the protocol says."""
        return unread_key(row.line) if row.cells is None else short(digest(row.cells))

    def keys(self, lines: Lines) -> Iterator[bytes]:
        """Yield the keys of some lines; as the protocol says."""
        return map(self.key, self.rows(lines))


def open_json(file: BufferedReader, mapping: FileMapping) -> JsonFile:
    """Return the rows; JSON lines have no header. Raises :class:`~bus.errors.ConfigError` for UTF-16."""
    return JsonFile(first_mark(file), decoder(mapping.layout.encoding))


def _filled(lines: Lines) -> Iterator[Line]:
    """Yield the lines that are not empty."""
    while (line := lines.take()) is not None:
        if line.fault is not None or line.raw.strip():
            yield line


def _cells_of(line: Line, decode: Decode) -> Cells:
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
    return Unreadable(f"the JSON is nested deeper than {_MAX_DEPTH}", hint="Export a flat object.")


def _flatten(value: Mapping[str, Any], prefix: str, depth: int, cells: dict[str, Cell]) -> None:
    if depth > _MAX_DEPTH:
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
    return nfc(text)
