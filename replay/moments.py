"""Windows of time. All instants are milliseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Literal

from msgspec import Struct

from bus.cli.moments import moment_of
from bus.errors import ConfigError

By = Literal["occurred", "accepted"]


class Window(Struct, frozen=True, kw_only=True):
    """What is asked for: events of ``first`` to ``last`` (both included, None is open) by one of their two times.

    ``as_of`` leaves out what the bus accepted later, whatever the window goes by.
    """

    first: int | None = None
    last: int | None = None
    by: By = "occurred"
    as_of: int | None = None

    def holds(self, occurred: int | None, accepted: int | None) -> bool:
        """Tell whether an event of these times is asked for; one that nobody can date is.

        >>> Window(first=10, last=20).holds(15, 99), Window(first=10, last=20, by="accepted").holds(15, 99)
        (True, False)
        """
        if self.as_of is not None and accepted is not None and accepted > self.as_of:
            return False
        moment = occurred if self.by == "occurred" else accepted
        if moment is None:
            return True
        return (self.first is None or moment >= self.first) and (self.last is None or moment <= self.last)

    @property
    def accepted_first(self) -> int | None:
        """The earliest time of acceptance that can be asked for."""
        return self.first if self.by == "accepted" else None

    @property
    def accepted_last(self) -> int | None:
        """The latest time of acceptance that can be asked for."""
        bounds = [self.as_of, self.last if self.by == "accepted" else None]
        return min((bound for bound in bounds if bound is not None), default=None)


def window(
    start: str | None, end: str | None, by: By = "occurred", *, as_of: str | None = None, zone: tzinfo = UTC
) -> Window:
    """Return the window that these texts mean. Raises ConfigError where it ends before it begins."""
    first, last = moment_of(start, zone), moment_of(end, zone, is_end=True)
    if first is not None and last is not None and last < first:
        raise ConfigError("--to lies before --from, so nothing could be found", hint="Exchange the two times.")
    return Window(first=first, last=last, by=by, as_of=moment_of(as_of, zone, is_end=True))
