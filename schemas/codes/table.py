"""A code table and its entries: frozen, and asked by day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


class CodeError(ValueError):
    """A code, or a table of codes, that is not there."""


class UnknownSystem(CodeError):
    """No table of that name is held here. Foreign systems have none, and that is no fault."""


class UnknownCode(CodeError):
    """The table has never had this code."""


class NotValidOn(CodeError):
    """The table has this code, but not on that day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What one code means during one period.

    The period is half open: ``valid_to`` is the first day on which the entry no longer holds; None is "open".
    ``successors`` are codes of the table's ``successor_system``, the source's first choice first.
    ``followers`` are the states that may come next (None where that is not known), and ``with_reason`` those of them
    that need a reason.
    """

    system: str
    code: str
    vi: str
    en: str
    source: str = field(repr=False)
    valid_from: date | None = None
    valid_to: date | None = None
    level: str = ""
    parent: str = ""
    group: str = ""
    successors: tuple[str, ...] = ()
    followers: tuple[str, ...] | None = None
    with_reason: tuple[str, ...] = ()

    def holds(self, on: date) -> bool:
        """Say whether the code has this meaning on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One code system with all its periods.

    ``shape``, ``closed`` and ``watched`` are patterns for a whole code. A code of another shape is none of this system.
    The table has every code that ``closed`` describes, and it has most that ``watched`` describes; of the rest it
    holds what is known. A code of ``predecessor_system`` that is not here ended with that system.
    """

    system: str
    vi: str
    en: str
    source: str = field(repr=False)
    licence: str
    successor_system: str
    predecessor_system: str
    shape: re.Pattern[str]
    closed: re.Pattern[str]
    watched: re.Pattern[str]
    entries: tuple[Entry, ...]
    _periods: Mapping[str, tuple[Entry, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        periods: dict[str, tuple[Entry, ...]] = {}
        for each in self.entries:
            periods[each.code] = (*periods.get(each.code, ()), each)
        object.__setattr__(self, "_periods", periods)

    def periods(self, code: str) -> tuple[Entry, ...]:
        """Return all that a code has ever meant, oldest first; nothing where the table never had it."""
        return self._periods.get(code, ())

    def find(self, code: str, on: date) -> Entry | None:
        """Return what a code means on a day, or None."""
        for each in self._periods.get(code, ()):
            if each.holds(on):
                return each
        return None

    def entry(self, code: str, on: date) -> Entry:
        """Return what a code means on a day. Raises :class:`UnknownCode` and :class:`NotValidOn`."""
        found = self.find(code, on)
        if found is not None:
            return found
        periods = self.periods(code)
        if not periods:
            raise UnknownCode(f"{self.system} has no code {code}")
        raise NotValidOn(f"{self.system} has the code {code} {_spans(periods)}, not on {on}")


def _spans(periods: tuple[Entry, ...]) -> str:
    return ", ".join(f"from {each.valid_from or 'the beginning'} to {each.valid_to or 'now'}" for each in periods)
