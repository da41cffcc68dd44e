"""Procedure codes (MaTTHC): ``1.010708``, with the agency that published it ``1.010708.000.00.00.H56``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from schemas.rules.agency import agency_code
from schemas.rules.finding import Finding

_CODE = re.compile(r"[0-9]\.[0-9]{6}(?:\.([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}))?")
_SHAPE = (
    Finding(
        rule="procedure.shape",
        message="is not a procedure code",
        hint="It is 1.010708, or with its agency 1.010708.000.00.00.H56.",
    ),
)


def procedure_code(code: str, on: date) -> Sequence[Finding]:
    """Judge a procedure code: its shape is hard; that its agency existed is soft, for lists live on after mergers."""
    match = _CODE.fullmatch(code)
    if match is None:
        return _SHAPE
    if match[1] is None:
        return ()
    return [replace(finding, severity="soft") for finding in agency_code(match[1], on)]
