"""Which state may follow which. Always soft: what a source did is a fact, and an auditor judges it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from schemas import codes
from schemas.rules.finding import Finding


def transition(system: str, before: str, after: str, on: date, *, has_reason: bool = True) -> Sequence[Finding]:
    """Judge a change of state by the table's graph; a state that the table or its graph lacks is not judged.

    >>> transition("VN-DOSSIER-STATUS", "1", "2", date(2026, 7, 1))
    ()
    """
    state = codes.table(system).find(before, on)
    if state is None or state.followers is None:
        return ()
    if after not in state.followers:
        return (
            Finding(rule="state.transition", message=f"is a state of {system} that cannot come next", severity="soft"),
        )
    if after in state.with_reason and not has_reason:
        return (Finding(rule="state.reason", message="is a state that needs a reason here", severity="soft"),)
    return ()
