"""One row of figures: ours beside a reference that was taken in the same run, round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from msgspec import Struct


class Figure(Struct, frozen=True, kw_only=True):
    """What the rounds gave, in the row's unit."""

    min: float
    median: float
    max: float


class Row(Struct, frozen=True, kw_only=True):
    """``ratio`` says more is better: ours ÷ reference for rates, reference ÷ ours for costs, limit ÷ ours for limits.

    The reference of a limit is its control: the same work by bare parts, in the same run.
    """

    row: str
    ours: Figure
    reference: Figure
    unit: str
    ratio: Figure
    floor: float
    met: bool


def figure(values: Sequence[float]) -> Figure:
    """Return the smallest, the middle and the largest of ``values``."""
    return Figure(min=min(values), median=median(values), max=max(values))


def rate(row: str, ours: Sequence[float], reference: Sequence[float], unit: str, floor: float) -> Row:
    """Compare rates (more is better), round by round: both lists hold one value a round, in turn."""
    return _compared(
        row, ours, reference, unit, floor, [mine / bare for mine, bare in zip(ours, reference, strict=True)]
    )


def cost(row: str, ours: Sequence[float], reference: Sequence[float], unit: str, floor: float) -> Row:
    """Compare costs such as seconds or bytes (less is better), round by round."""
    return _compared(
        row, ours, reference, unit, floor, [bare / mine for mine, bare in zip(ours, reference, strict=True)]
    )


def limit(row: str, ours: Sequence[float], control: Sequence[float], unit: str, most: float, *, timed: bool) -> Row:
    """Hold costs against a fixed limit; a ``timed`` one is also met within twice its control, on a slow machine."""
    ratios = figure([most / mine for mine in ours])
    met = ratios.median >= 1 or (timed and median(ours) <= 2 * median(control))
    return Row(row=row, ours=figure(ours), reference=figure(control), unit=unit, ratio=ratios, floor=1.0, met=met)


def rounds(number: int, ours: Callable[[], float], reference: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Measure both in turn, ``number`` times, changing who goes first, so that a busy moment hits both alike."""
    mine: list[float] = []
    bare: list[float] = []
    for turn in range(number):
        for measure, values in ((ours, mine), (reference, bare))[:: 1 if turn % 2 else -1]:
            values.append(measure())
    return mine, bare


def as_json(row: Row) -> dict[str, Any]:
    """Return the row with figures rounded to what they can mean."""
    figures = {name: getattr(row, name) for name in ("ours", "reference", "ratio")}
    rounded = {
        name: {part: float(f"{getattr(value, part):.4g}") for part in ("min", "median", "max")}
        for name, value in figures.items()
    }
    return {"row": row.row, "ours": rounded["ours"], "reference": rounded["reference"], "unit": row.unit,
            "ratio": rounded["ratio"], "floor": row.floor, "met": row.met}  # fmt: skip


def _compared(
    row: str, ours: Sequence[float], reference: Sequence[float], unit: str, floor: float, ratios: Sequence[float]
) -> Row:
    ratio = figure(ratios)
    return Row(
        row=row, ours=figure(ours), reference=figure(reference), unit=unit,
        ratio=ratio, floor=floor, met=ratio.median >= floor,
    )  # fmt: skip
