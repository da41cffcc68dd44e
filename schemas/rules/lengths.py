"""Limits of text, from the field property ``lienthong:maxLength``."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.rules.finding import Finding

MAX_LENGTH = "lienthong:maxLength"
"""Counted in characters of the text in NFC, which is the form that the codec takes."""


def too_long(limit: int) -> Sequence[Finding]:
    """Return what is said of a text over ``limit``."""
    return (Finding(rule="text.length", message=f"has more than {limit} characters"),)
