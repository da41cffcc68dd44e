"""Sums of money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from schemas.rules.finding import Finding

_SUM = (Finding(rule="amount.sum", message="is not the sum of its parts"),)


def sums_to(total: Decimal, parts: Iterable[Decimal]) -> Sequence[Finding]:
    """Judge a total that was given with its parts; without parts there is nothing to add up."""
    given = list(parts)
    return _SUM if given and sum(given) != total else ()
