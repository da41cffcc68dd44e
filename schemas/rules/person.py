"""Personal identification numbers (số định danh cá nhân).

The law (26/2023) promises twelve natural digits and no more: that alone is hard. Province of birth registration, sex,
century and year in the first six digits are a convention since 2015, so what does not fit it is soft.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Literal

from schemas import codes
from schemas.rules.finding import Finding

_NUMBER = re.compile(r"[0-9]{12}")
_DIGITS = (
    Finding(
        rule="person.digits",
        message="is not twelve digits",
        hint="An old identity card of nine digits, or a passport, goes under a codeSystem of its own.",
    ),
)
_BIRTHPLACE = Finding(
    rule="person.birthplace", message="begins with no province of birth registration", severity="soft"
)
_FUTURE = Finding(rule="person.future", message="holds a year of birth that has not come yet", severity="soft")
_YEAR = Finding(rule="person.year", message="holds another year of birth than is known", severity="soft")
_SEX = Finding(rule="person.sex", message="holds another sex than is known", severity="soft")

Sex = Literal["male", "female"]


def person_number(number: str, on: date, *, born: int | None = None, sex: Sex | None = None) -> Sequence[Finding]:
    """Judge a personal number as of a day; ``born`` (a year) and ``sex``, where known, are compared with its digits."""
    if not _NUMBER.fullmatch(number):
        return _DIGITS
    if born is None and sex is None and number[:3] in _birthplaces() and _year(number) <= on.year:
        return ()
    return tuple(_doubts(number, on, born, sex))


def _doubts(number: str, on: date, born: int | None, sex: Sex | None) -> Iterator[Finding]:
    # From 100 on stand countries, of which no list was found.
    if number[0] == "0" and number[:3] not in _birthplaces():
        yield _BIRTHPLACE
    year = _year(number)
    if born is None and year > on.year:
        yield _FUTURE
    if born is not None and year != born:
        yield _YEAR
    if sex is not None and sex != ("female" if int(number[3]) % 2 else "male"):
        yield _SEX


def _year(number: str) -> int:
    """Return the year of birth that the digits hold: 0 and 1 begin 19, 2 and 3 begin 20, and so on."""
    return (19 + int(number[3]) // 2) * 100 + int(number[4:6])


@cache
def _birthplaces() -> frozenset[str]:
    """Return the 63 provinces' codes: a closed province stays in the numbers of those who were born there."""
    provinces = (each.code for each in codes.table("GSO-pre2025").entries if each.level == "province")
    return frozenset(f"0{code}" for code in provinces)
