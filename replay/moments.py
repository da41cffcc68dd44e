"""Times as people write them, and windows of time. All instants are milliseconds since 1970, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from bus.errors import ConfigError

By = Literal["occurred", "accepted"]
_FORM = "Write a day as 2026-11-24, a time as 2026-11-24T09:15, or one with its zone as 2026-11-24T09:15:30+07:00."
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?")


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


def moment_of(text: str | None, zone: tzinfo, *, is_end: bool = False) -> int | None:
    """Return the instant that a person means; a day alone is the whole local day, to its last instant where it ends.

    >>> moment_of("1970-01-02", UTC), moment_of("1970-01-01", UTC, is_end=True)
    (86400000, 86399999)
    """
    if text is None:
        return None
    is_day = bool(_DAY.fullmatch(text))
    if not is_day and not _TIME.fullmatch(text):
        raise ConfigError(f"`{text}` is not a time", hint=_FORM)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        if is_day and is_end:
            moment += timedelta(days=1)
        return round(moment.timestamp() * 1000) - (1 if is_day and is_end else 0)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"`{text}` is no day or time of the calendar", hint=_FORM) from error


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a setting. Raises ConfigError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"`zone` names no time zone: `{name}`", hint="Set `zone` to Asia/Ho_Chi_Minh.") from error


def as_text(moment: int, zone: tzinfo = UTC) -> str:
    """Return an instant in RFC 3339, with milliseconds and the zone's offset.

    >>> as_text(0)
    '1970-01-01T00:00:00.000Z'
    """
    text = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=moment)).astimezone(zone)
    return text.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_clock(moment: int, zone: tzinfo) -> str:
    """Return an instant as people here read it: ``24/11/2026 09:15:30``."""
    return (
        (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=moment)).astimezone(zone).strftime("%d/%m/%Y %H:%M:%S")
    )
