"""Taking texts out of a row: what a column holds, or a template of several; None where there is nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from bus.errors import Unmappable
from connectors.file_drop.rows import Cells

Take = Callable[[Cells], str | None]
PIECE = "\0"
"""Where a piece of a list stands in its row: no column has such a name."""

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def column_taker(name: str, empty: Collection[str], key: str | None = None) -> Take:
    """Return the function that takes a column's text, without the blanks around it.

    It raises :class:`~bus.errors.Unmappable` for a list: that fills a list of the contract only.
    """
    place = name if key is None else key

    def take(row: Cells) -> str | None:
        cell = row.get(place, "")
        if not isinstance(cell, str):
            raise Unmappable(f"column `{name}` holds a list", hint="Only a field that is a list can take it.")
        text = cell.strip()
        return None if text in empty else text

    return take


def holes(template: str) -> list[str]:
    """Return the columns of a template. Raises ``ValueError`` where a brace has no partner.

    >>> holes("{day} {hour}h {{}}")
    ['day', 'hour']
    """
    found = []
    for match in _HOLE.finditer(template):
        if match.group() in "{}":
            raise ValueError
        if match.group(1) is not None:
            found.append(match.group(1))
    return found


def template_taker(template: str, empty: Collection[str]) -> Take:
    """Return the function that fills a template; None where all of its columns are empty.

    >>> template_taker("{day} {hour}", {""})({"day": "24/11/2026", "hour": "10:00"})
    '24/11/2026 10:00'
    """
    takers = {name: column_taker(name, empty) for name in holes(template)}

    def take(row: Cells) -> str | None:
        texts = {name: taker(row) for name, taker in takers.items()}
        if not any(texts.values()):
            return None
        return _HOLE.sub(lambda match: _filled(match, texts), template).strip()

    return take


def _filled(match: re.Match[str], texts: dict[str, str | None]) -> str:
    name = match.group(1)
    return match.group()[0] if name is None else texts[name] or ""
