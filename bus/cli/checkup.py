"""One line of a check-up, and what it means for the exit code. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from bus.errors import LienthongError, VerificationError
from bus.transport import Finding

OK, WARNING, FAULT = "ok", "warning", "fault"
RESTORE = (
    "Keep the file as it is. Restore the newest backup of the data folder; where there is none, copy what is readable:"
    " `sqlite3 bus.db .recover`."
)
"""What to do about damage. Errors send people to the check-up, which is here: it must not send them round again."""

_SHOWN = 5
_INTEGRITY = VerificationError.exit_code


class Line(Struct, frozen=True, kw_only=True):
    """What was looked at, how it is, and what to do. ``code`` is the exit code of a fault: 6 where data is damaged."""

    name: str
    level: str
    detail: str
    hint: str = ""
    code: int = 0


def ok(name: str, detail: str) -> Line:
    """Return a line that says all is well."""
    return Line(name=name, level=OK, detail=detail)


def warning(name: str, detail: str, hint: str) -> Line:
    """Return a line about what should be looked after."""
    return Line(name=name, level=WARNING, detail=detail, hint=hint)


def fault(name: str, detail: str, hint: str) -> Line:
    """Return a line about what does not work."""
    return Line(name=name, level=FAULT, detail=detail, hint=hint, code=1)


def failed(name: str, error: LienthongError, hint: str | None = None) -> Line:
    """Return a fault for an error, one of integrity if that is what it tells; ``hint`` overrules the error's own."""
    code = _INTEGRITY if error.exit_code == _INTEGRITY else 1
    return Line(name=name, level=FAULT, detail=str(error), hint=hint or _onward(error.hint), code=code)


def of_log(finding: Finding) -> Line:
    """Return a line for what the engine found: its faults are all of integrity."""
    code = _INTEGRITY if finding.level == FAULT else 0
    hint = _onward(finding.hint)
    detail = first_lines(finding.detail)
    return Line(name=f"log.{finding.name}", level=finding.level, detail=detail, hint=hint, code=code)


def code_of(lines: Iterable[Line]) -> int:
    """Return the exit code of a check-up: a failed integrity check weighs most.

    >>> code_of([ok("python", "3.11"), fault("data", "no room", "")])
    1
    """
    return max((line.code for line in lines), default=0)


def first_lines(text: str) -> str:
    r"""Return the first lines of SQLite's findings as one.

    >>> first_lines("a\nb"), first_lines("\n".join("abcdefgh"))
    ('a; b', 'a; b; c; d; e and 3 more')
    """
    lines = text.splitlines()
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more


def _onward(hint: str) -> str:
    """Return a hint for who has called ``lienthong doctor`` already."""
    return RESTORE if "`lienthong doctor`" in hint else hint
