"""Tax codes (mã số thuế): ten digits with a check digit, a branch's ``-001`` … ``-999``, or twelve digits of a person.

Weights and examples: python-stdnum's ``vn.mst``, its algorithm restated. That households and persons use their twelve
digits since 1 July 2025 is TT 86/2024/TT-BTC, from memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from schemas.rules.finding import Finding
from schemas.rules.person import person_number

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_BUSINESS = re.compile(r"([0-9]{10})(?:-(?!000)[0-9]{3})?")
_PERSON = re.compile(r"[0-9]{12}")
_PERSONS_SINCE = date(2025, 7, 1)
_SHAPE = (
    Finding(
        rule="tax.shape",
        message="is not a tax code",
        hint="It is ten digits, a branch's ten digits with -001 to -999, or a person's twelve digits.",
    ),
)
_CHECK = (
    Finding(rule="tax.check-digit", message="has a tenth digit that does not check", hint="A digit may be mistyped."),
)
_SERIAL = (Finding(rule="tax.serial", message="has seven zeros for its serial number, which none has"),)
_EARLY = Finding(
    rule="tax.person-date", message="is a person's number as a tax code before 1 July 2025", severity="soft"
)


def check_digit(first_nine: str) -> str | None:
    """Return the tenth digit that belongs to nine, or None where such a code is never given out.

    >>> check_digit("010023348"), check_digit("000000002")
    ('8', '4')
    """
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_nine, strict=True)) % 11
    return None if rest == 0 else str(10 - rest)


def tax_code(code: str, on: date) -> Sequence[Finding]:
    """Judge a tax code of any length that the law knows."""
    match = _BUSINESS.fullmatch(code)
    if match is not None:
        return _business(match[1])
    if not _PERSON.fullmatch(code):
        return _SHAPE
    doubts = person_number(code, on)
    return doubts if on >= _PERSONS_SINCE else (*doubts, _EARLY)


def _business(ten: str) -> Sequence[Finding]:
    if ten[2:9] == "0000000":
        return _SERIAL
    return () if check_digit(ten[:9]) == ten[9] else _CHECK
