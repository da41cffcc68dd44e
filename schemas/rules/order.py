"""The order of dates: filed, received, finished, returned; begun, due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeVar

from schemas.rules.finding import Finding

Day = TypeVar("Day", bound=date)


def in_order(moments: Iterable[tuple[str, Day | None]]) -> Sequence[Finding]:
    """Judge named days or moments that must not go back, soft, each against the known one before it.

    >>> [found.path for found in in_order([("filed", date(2026, 7, 2)), ("due", None), ("done", date(2026, 7, 1))])]
    ['done']
    """
    known = [(name, day) for name, day in moments if day is not None]
    return [
        Finding(rule="dates.order", message=f"lies before {earlier}", severity="soft", path=later)
        for (earlier, start), (later, end) in pairwise(known)
        if end < start
    ]
