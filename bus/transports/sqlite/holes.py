"""Holes: offsets whose records are lost for good, on a person's word. Readers go on behind them."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection
from typing import TypeAlias

Holes: TypeAlias = Sequence[tuple[int, int]]
"""The first offset of each, and the first behind it; by offset."""


def holes_of(connection: Connection, part: int) -> Holes:
    """Return the holes of partition ``part``."""
    statement = "SELECT first,next FROM hole WHERE part=? ORDER BY first"
    return connection.execute(statement, (part,)).fetchall()


def past(holes: Holes, place: int) -> int:
    """Return the first offset at or behind ``place`` that is in no hole.

    >>> past([(3, 5), (5, 6), (9, 10)], 4)
    6
    """
    for first, following in holes:
        if first <= place < following:
            place = following
    return place
