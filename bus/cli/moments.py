"""Times as people write and read them. All instants are milliseconds since 1970, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bus.errors import ConfigError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_FORM = (
    "Write a day as 2026-11-24 or 24/11/2026, a time as 2026-11-24T09:15 or 24/11/2026 09:15,"
    " or one with its zone as 2026-11-24T09:15:30+07:00."
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_AS_PRINTED = re.compile(r"(\d{2})/(\d{2})/(\d{4})(?: (\d{2}:\d{2}(?::\d{2})?))?", re.ASCII)
"""As people here write it, and as every output prints it."""
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?")


def moment_of(text: str | None, zone: tzinfo, *, is_end: bool = False) -> int | None:
    """Return the instant that a person means; a day alone is the whole local day, to its last instant where it ends.

    >>> moment_of("1970-01-02", UTC), moment_of("1970-01-01", UTC, is_end=True)
    (86400000, 86399999)
    """
    if text is None:
        return None
    asked, text = text, _in_iso(text)
    is_day = bool(_DAY.fullmatch(text))
    if not is_day and not _TIME.fullmatch(text):
        raise ConfigError(f"`{asked}` is not a time", hint=_FORM)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        if is_day and is_end:
            return _end_of(moment)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"`{asked}` is no day or time of the calendar", hint=_FORM) from error


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
    return _local(moment, zone).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_clock(moment: int, zone: tzinfo) -> str:
    """Return an instant as people here read it: ``24/11/2026 09:15:30``."""
    return _local(moment, zone).strftime("%d/%m/%Y %H:%M:%S")


def _end_of(day: datetime) -> int:
    """Return the last instant of a local day; the calendar's last one has no morrow."""
    try:
        return round((day + timedelta(days=1)).timestamp() * 1000) - 1
    except OverflowError:
        return round(day.timestamp() * 1000) + _DAY_MS - 1


def _in_iso(text: str) -> str:
    match = _AS_PRINTED.fullmatch(text)
    if match is None:
        return text
    day, month, year, clock = match.groups()
    return f"{year}-{month}-{day}" + (f"T{clock}" if clock else "")


def _local(moment: int, zone: tzinfo) -> datetime:
    """Return an instant in a zone; one that lies over the edge of the calendar there is told as UTC has it."""
    instant = _EPOCH + timedelta(milliseconds=moment)
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant
