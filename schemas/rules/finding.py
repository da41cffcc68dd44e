"""What a rule found: where, which rule, how bad, and a sentence without the value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

Severity = Literal["hard", "soft"]
"""Hard: the value cannot be right, and its event is refused. Soft: somebody should look, and the event goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One finding. ``message`` reads on after the path: «applicant.number.code» «is not 12 digits»."""

    rule: str
    message: str
    severity: Severity = "hard"
    hint: str = ""
    path: str = ""

    def within(self, prefix: str) -> Finding:
        """Return the finding as seen from around: ``prefix`` is put before its path."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return replace(self, path=f"{prefix}{dot}{self.path}")


Rule = Callable[[str, date], Sequence[Finding]]
"""A rule of a code system: what is wrong with a code that is meant as of that day."""
