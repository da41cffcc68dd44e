"""What a row is called for ever: by its ``id:`` columns, else by all its cells and its ordinal among equal rows.

Never by the file's name, a line's number, the quoting, the columns' order or the mapping: the same fact, exported
again in another file, keeps its id. An empty cell and a missing one are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bus.errors import Unmappable
from connectors.file_drop.rows import Cells


def digest(cells: Cells) -> bytes:
    """Return the hash of the columns that hold something, by name, with what they hold.

    >>> digest({"a": "1", "b": "2"}) == digest({"b": "2", "c": "", "a": "1"})
    True
    >>> digest({"a": "1", "b": ""}) == digest({"a": "", "b": "1"})
    False
    """
    # NUL parts the texts: no cell that was read holds one.
    parts = [
        f"{name}\0{cell}" if isinstance(cell, str) else _listed(name, cell) for name, cell in cells.items() if cell
    ]
    parts.sort()
    return hashlib.sha256("\0".join(parts).encode()).digest()


def counted_id(row: bytes, ordinal: int) -> str:
    """Return the name of a row that has no ``id:`` columns."""
    return f"{row.hex()}#{ordinal}"


def unread_digest(raw: bytes) -> bytes:
    """Return the hash of a row that could not be read: of its bytes, since it has no cells."""
    return hashlib.sha256(b"\0" + raw).digest()


def column_id(cells: Cells, columns: Sequence[str]) -> str:
    """Return the name that the ``id:`` columns give. Raises :class:`~bus.errors.Unmappable` where all are empty.

    >>> column_id({"case": "7", "step": "12 "}, ["case", "step"])
    '1:7|2:12'
    """
    texts = [str(cells.get(column, "")).strip() for column in columns]
    if not any(texts):
        names = ", ".join(f"`{column}`" for column in columns)
        raise Unmappable(f"the row has nothing in {names}, its id", hint="Fill them in, or leave out `id:`.")
    return "|".join(f"{len(text)}:{text}" for text in texts)


def _listed(name: str, cells: Sequence[str]) -> str:
    return "\0".join((name, "", str(len(cells)), *cells))
