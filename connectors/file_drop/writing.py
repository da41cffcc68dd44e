"""How cells are written: the formats, signs and words that say so, for a file or for one value."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from connectors.file_drop.document import Node, Table, text_of, texts_of
from connectors.file_drop.times import zone_named
from connectors.file_drop.unfit import WrongFormat

WRITING = ("format", "zone", "decimal", "thousands")


class Writing(Struct, frozen=True, kw_only=True):
    """How texts are to be read. ``empty`` are those that mean nothing; ``zone`` is that of times without an offset."""

    formats: tuple[str, ...] = ("iso",)
    zone: tzinfo | None = None
    decimal: str = "."
    thousands: str = ""
    empty: frozenset[str] = frozenset({""})


def writing_of(table: Table, around: Writing) -> Writing:
    """Return how cells are written, by the words of ``table`` and else as ``around``.

    Raises :class:`~bus.errors.ConfigError` for a zone that is not known; formats are checked by who reads with them.
    """
    changes: dict[str, Any] = {}
    for word, name, read in zip(WRITING, _NAMES, (texts_of, _zone, text_of, text_of), strict=True):
        if word in table.entries:
            changes[name] = read(table.entries[word])
    return replace(around, **changes) if changes else around


_NAMES = ("formats", "zone", "decimal", "thousands")


def _zone(node: Node) -> tzinfo:
    try:
        return zone_named(text_of(node))
    except WrongFormat as error:
        raise node.at.error(error.what, error.hint) from error
