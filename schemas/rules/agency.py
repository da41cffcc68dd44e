"""Agency codes (mã định danh): QCVN 102:2016 writes them from the bottom up, QĐ 20/2020/QĐ-TTg from the top down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from schemas import codes
from schemas.rules.finding import Finding
from schemas.rules.listed import judge

_CODE = re.compile(r"([A-Z][0-9]{2})(?:\.[0-9A-Z]+)*|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.([A-Z][0-9]{2})")
_LONGEST = 35
_SHAPE = (
    Finding(
        rule="agency.shape",
        message="is not an agency code",
        hint="Write it as H56.14 (QĐ 20/2020, at most 35 characters) or as 000.00.14.H56 (QCVN 102:2016).",
    ),
)


def level_1(code: str) -> str | None:
    """Return the body at the top (``H56``) of an agency code, or None where the code has neither shape.

    >>> level_1("H56.14"), level_1("000.00.14.H56"), level_1("14.H56")
    ('H56', 'H56', None)
    """
    match = _CODE.fullmatch(code) if len(code) <= _LONGEST else None
    return None if match is None else match[1] or match[2]


def agency_code(code: str, on: date) -> Sequence[Finding]:
    """Judge an agency code: its shape, and that its level-1 body existed on that day."""
    top = level_1(code)
    return _SHAPE if top is None else existed(top, on)


def existed(top: str, on: date) -> Sequence[Finding]:
    """Judge a level-1 body by the table of agencies: G and H are watched there, other letters hardly known."""
    findings = judge(codes.table("VN-AGENCY"), top, on)
    return [_of_agency(finding) for finding in findings] if findings else ()


def _of_agency(finding: Finding) -> Finding:
    rule = finding.rule.replace("code.", "agency.", 1)
    return replace(finding, rule=rule, message=f"names an agency whose level-1 code {finding.message}")
