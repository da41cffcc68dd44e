"""A file as rows: what delimited text and JSON lines have in common.

Rows of one file are counted by a key that says whether they are equal, so that a file can be counted again after a
restart without taking all of its rows apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple, Protocol, TypeAlias
from unicodedata import is_normalized, normalize

from bus.errors import ContractError
from connectors.file_drop.lines import Line, Lines, Mark

Cell: TypeAlias = str | list[str]
Cells: TypeAlias = Mapping[str, Cell]
"""What stands in a row by name, as text in NFC."""

_UNREAD = b"\xff"
"""Before the bytes of a row without cells: no UTF-8 begins so."""


class Row(NamedTuple):
    """A row as it was read: its line with the bytes, and its cells, or None where ``fault`` says why not."""

    line: Line
    cells: Cells | None
    fault: ContractError | None


class RowFile(Protocol):
    """A file whose header was read."""

    @property
    def start(self) -> Mark:
        """Where the first row begins."""
        ...

    def rows(self, lines: Lines) -> Iterator[Row]:
        """Yield the rows of some lines."""
        ...

    def key(self, row: Row) -> bytes:
        """Return what equal rows of this file share, and unlike ones don't."""
        ...

    def keys(self, lines: Lines) -> Iterator[bytes]:
        """Yield the keys of all rows of some lines; lines that are no rows may have some too."""
        ...


def short(content: bytes) -> bytes:
    """Return a key made of ``content``."""
    return blake2b(content, digest_size=8).digest()


def unread_key(line: Line) -> bytes:
    """Return the key of a row that has no cells."""
    return short(_UNREAD + (line.digest or line.raw))


def nfc(text: str) -> str:
    """Return a text in NFC."""
    return text if is_normalized("NFC", text) else normalize("NFC", text)
