"""Code tables as dated data: what a code means on a day, and what followed it.

``<system>.toml`` is one table, with its source; ``.csv`` beside it holds the rows of a long one. Nothing here judges
an event: :mod:`schemas.rules` does.
"""

from __future__ import annotations

from schemas.codes.loading import entry, successors, systems, table
from schemas.codes.table import CodeError, Entry, NotValidOn, Table, UnknownCode, UnknownSystem

__all__ = [
    "CodeError",
    "Entry",
    "NotValidOn",
    "Table",
    "UnknownCode",
    "UnknownSystem",
    "entry",
    "successors",
    "systems",
    "table",
]
