"""Dossier codes of both generations: agency code, day of reception, sequence of the day.

TT 01/2018/TT-VPCP writes ``000.17.22.H56-210531-0001``; after QĐ 20/2020 systems write ``G09.20-20260609-0092637``, and
some the mixture ``H56.14-261124-0001``. The clause of TT 03/2025/TT-VPCP that sets the code anew was not found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from schemas.rules.agency import existed, level_1
from schemas.rules.finding import Finding

_CODE = re.compile(r"([0-9A-Z.]{3,35})-([0-9]{6}|[0-9]{8})-([0-9]{4,12})")
_SHAPE = (
    Finding(
        rule="dossier-code.shape",
        message="is not a dossier code",
        hint="It is agency code, day and sequence: 000.17.22.H56-210531-0001 or G09.20-20260609-0092637. "
        "A case number of another country or system goes under a codeSystem of its own.",
    ),
)
_OWN_DAY = "Agencies are looked up on the day that the dossier code itself names, not on the event's."
_DAY = (
    Finding(
        rule="dossier-code.day",
        message="holds a date that is no day of the calendar",
        hint="The middle part is YYMMDD or YYYYMMDD.",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DossierCode:
    """The parts of a dossier code. Sequences begin anew each day for each agency."""

    agency: str
    day: date
    sequence: int


def parse_dossier_code(code: str) -> DossierCode | None:
    """Return the parts of a dossier code, or None where it is none.

    >>> parse_dossier_code("000.17.22.H56-210531-0001")
    DossierCode(agency='000.17.22.H56', day=datetime.date(2021, 5, 31), sequence=1)
    """
    match, day = _CODE.fullmatch(code), day_of(code)
    if match is None or day is None or level_1(match[1]) is None:
        return None
    return DossierCode(agency=match[1], day=day, sequence=int(match[3]))


def day_of(code: str) -> date | None:
    """Return the day that a dossier code names, whatever agency it names."""
    match = _CODE.fullmatch(code)
    return None if match is None else _day(match[2])


def dossier_code(code: str, _on: date) -> Sequence[Finding]:
    """Judge a dossier code: shape, calendar, and that its agency existed on the day that the code itself names.

    A closed agency's old dossiers keep their codes for ever, so the day of the event does not matter.
    """
    match = _CODE.fullmatch(code)
    top = None if match is None else level_1(match[1])
    if match is None or top is None:
        return _SHAPE
    day = _day(match[2])
    if day is None:
        return _DAY
    return [replace(finding, hint=_OWN_DAY) for finding in existed(top, day)]


def _day(digits: str) -> date | None:
    try:
        return date(
            int(f"20{digits[:2]}") if len(digits) == 6 else int(digits[:4]), int(digits[-4:-2]), int(digits[-2:])
        )
    except ValueError:
        return None
