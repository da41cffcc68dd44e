"""A check, what came of it, and how a list of them is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from bus.errors import LienthongError, PartnerUnavailable

KEPT, BROKEN, LEFT_OUT = "kept", "broken", "left_out"


class Broken(Exception):
    """A promise is not kept; the text says how, without personal data."""


class NothingToExamine(Exception):
    """The partner has nothing now on which the promise could be seen; the text says what is missing."""


class Remark(Exception):
    """The promise is kept, and there is something to say all the same."""


class Check(NamedTuple):
    """A promise in words, and how it is seen."""

    promise: str
    look: Callable[[], None]


class Finding(Struct, frozen=True, kw_only=True):
    """What came of a check: ``kept``, ``broken`` or ``left_out``, and why; ``part`` is what was examined."""

    part: str
    promise: str
    outcome: str
    detail: str = ""
    hint: str = ""


def examine(part: str, checks: Sequence[Check]) -> Iterator[Finding]:
    """Yield what comes of each check, in order.

    An outage leaves open whether the promise is kept. Another error of the bus breaks it with its own sentence. Any
    other exception is a fault of the connector, told by its class alone: its text may hold what the partner said.
    """
    for check in checks:
        yield _seen(part, check)


def _seen(part: str, check: Check) -> Finding:
    def finding(outcome: str, detail: str = "", hint: str = "") -> Finding:
        return Finding(part=part, promise=check.promise, outcome=outcome, detail=detail, hint=hint)

    try:
        check.look()
    except Broken as broken:
        return finding(BROKEN, str(broken))
    except NothingToExamine as nothing:
        return finding(LEFT_OUT, str(nothing))
    except Remark as remark:
        return finding(KEPT, str(remark))
    except PartnerUnavailable as error:
        return finding(LEFT_OUT, f"{error.code} {error}", error.hint)
    except LienthongError as error:
        return finding(BROKEN, f"{error.code} {error}", error.hint)
    except Exception as error:  # noqa: BLE001 - a stranger's code is examined: whatever it raises is the finding
        return finding(BROKEN, f"raises {type(error).__name__}, which is none of the bus's errors")
    return finding(KEPT)
