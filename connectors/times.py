"""Partners' clocks: ``yyyyMMddHHmmss`` in Vietnam, without an offset. As texts such times sort as they follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))
"""One offset for the whole country, with no summer time, since long before any of these systems."""

FORMAT = "%Y%m%d%H%M%S"


def parse(text: str) -> datetime | None:
    """Return the moment in UTC, or None for a text that is none.

    >>> parse("20260609081500").isoformat(), parse("20260631000000")
    ('2026-06-09T01:15:00+00:00', None)
    """
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return None
    parts = (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:])
    try:
        return datetime(*(int(part) for part in parts), tzinfo=VIETNAM).astimezone(UTC)  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        return None


def told(moment: datetime) -> str:
    """Return a moment as the partner writes it.

    >>> told(datetime(2026, 6, 9, 1, 15, tzinfo=UTC))
    '20260609081500'
    """
    return moment.astimezone(VIETNAM).strftime(FORMAT)


def before(text: str, seconds: int) -> str:
    """Return the time that many seconds before ``text``, which must be one.

    >>> before("20260609081500", 60)
    '20260609081400'
    """
    moment = parse(text)
    if moment is None:
        raise ValueError("that is no time of the partner's")
    return told(moment - timedelta(seconds=seconds))
