"""The rule of a code table: is the code in it on that day?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from schemas import codes
from schemas.codes import Entry, Table
from schemas.rules.finding import Finding, Rule

_FEW = 12
_DATED = (
    "A closed code stays true of its time: give in validAt the day for which it is meant, "
    "or take its successor from the table."
)


def listed(system: str) -> Rule:
    """Return the rule of a system's table, which is read when it is first needed."""

    def rule(code: str, on: date) -> Sequence[Finding]:
        return judge(codes.table(system), code, on)

    return rule


def judge(table: Table, code: str, on: date) -> Sequence[Finding]:
    """Judge one code by a table. Unlisted codes of a closed shape are refused, of a watched shape noted."""
    periods = table.periods(code)
    for each in periods:
        if each.holds(on):
            return ()
    if periods:
        return (_out_of_time(table.system, periods, on),)
    if not table.shape.fullmatch(code):
        message = f"has not the shape of a code of {table.system}"
        return (Finding(rule="code.shape", message=message, hint=_all_of(table)),)
    if table.predecessor_system and codes.table(table.predecessor_system).periods(code):
        message = f"is no code of {table.system}, but one of {table.predecessor_system}"
        return (Finding(rule="code.date", message=message, hint=_DATED),)
    if table.closed.fullmatch(code):
        return (Finding(rule="code.unknown", message=f"is no code of {table.system}", hint=_all_of(table)),)
    if table.watched.fullmatch(code):
        return (Finding(rule="code.unlisted", message=f"is not in the table of {table.system}", severity="soft"),)
    return ()


def _out_of_time(system: str, periods: Sequence[Entry], on: date) -> Finding:
    ended = [each.valid_to for each in periods if each.valid_to is not None and each.valid_to <= on]
    if ended:
        message = f"is no code of {system} since {max(ended)}"
    else:
        first = min(each.valid_from for each in periods if each.valid_from is not None)
        message = f"is a code of {system} only from {first} on"
    return Finding(rule="code.date", message=message, hint=_DATED)


def _all_of(table: Table) -> str:
    known = sorted({each.code for each in table.entries}, key=lambda code: (len(code), code))
    return f"The codes are {', '.join(known)}." if len(known) <= _FEW else ""
