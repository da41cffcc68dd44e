"""Office hours of the simulated province: 07:00 to 11:30 and 13:30 to 17:00, Monday to Friday."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from connectors.times import VIETNAM

FIRST_DAY = datetime(2025, 6, 26, tzinfo=VIETNAM)
"""A Thursday, three working days before the provinces merged: the first dossiers carry codes that have closed since."""

A_DAY = 400
"""Dossiers on one working day."""

_HALVES = ((time(7, 0), time(11, 30)), (time(13, 30), time(17, 0)))
_WORKDAY = timedelta(hours=8)
_SATURDAY = 5


def slot(number: int) -> datetime:
    """Return when dossier ``number`` is received: evenly over the office hours of its day.

    >>> slot(0).isoformat(), slot(800).date().isoformat()
    ('2025-06-26T07:00:00+07:00', '2025-06-30')
    """
    day, place = divmod(number, A_DAY)
    return later(_workday(day), _WORKDAY * place / A_DAY)


def later(start: datetime, work: timedelta) -> datetime:
    """Return the moment when ``work`` of office time has passed since ``start``, in whole seconds."""
    now = start
    while True:
        for opens, closes in _HALVES:
            begin = max(now, datetime.combine(now.date(), opens, VIETNAM))
            end = datetime.combine(now.date(), closes, VIETNAM)
            if begin < end and begin + work < end:
                return (begin + work).replace(microsecond=0)
            work -= max(end - begin, timedelta(0))
        now = _next_workday(now)


def due(start: datetime, days: int) -> datetime:
    """Return the end of office hours, so many working days later."""
    day = start
    for _ in range(days):
        day = _next_workday(day)
    return datetime.combine(day.date(), _HALVES[1][1], VIETNAM)


def _workday(number: int) -> datetime:
    """Return the midnight of a working day, counted from the first."""
    weeks, days = divmod(number, 5)
    day = FIRST_DAY + timedelta(weeks=weeks, days=days)
    # The first day is a Thursday: from the third on a weekend lies between.
    return day if days < 2 else day + timedelta(days=2)


def _next_workday(day: datetime) -> datetime:
    day = datetime.combine(day.date(), time(0), VIETNAM) + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day
