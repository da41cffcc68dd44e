"""JSON lines as a table."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from typing import NamedTuple

from bus.errors import ContractError
from connectors.file_drop.identity import digest
from connectors.file_drop.lines import Decode, Lines, Mark, decoder, first_mark
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.rows import json_lines, json_row
from connectors.file_drop.table import Row, short, unread_key


class JsonTable(NamedTuple):
    """Implements :class:`~.table.Table`."""

    start: Mark
    decode: Decode

    def rows(self, lines: Lines) -> Iterator[Row]:
        """Yield the rows of some lines; as the protocol says."""
        for line in json_lines(lines):
            try:
                yield Row(line, json_row(line, self.decode), None)
            except ContractError as error:
                yield Row(line, None, error)

    def key(self, row: Row) -> bytes:
        """Return what equal rows share; as the protocol says."""
        return unread_key(row.line) if row.cells is None else short(digest(row.cells))

    def keys(self, lines: Lines) -> Iterator[bytes]:
        """Yield the keys of some lines; as the protocol says."""
        return map(self.key, self.rows(lines))


def open_json(file: BufferedReader, mapping: FileMapping) -> JsonTable:
    """Return the table; JSON lines have no header. Raises :class:`~bus.errors.ConfigError` for UTF-16."""
    return JsonTable(first_mark(file), decoder(mapping.layout.encoding))
