"""The nearest right name for a mistyped one, for hints. Names only: never a value."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.6
_SHOWN = 25


def nearest(name: str, known: Iterable[str], *, cutoff: float = _ALIKE) -> str | None:
    """Return the one of ``known`` that ``name`` was probably to be; None where none is alike enough.

    With ``cutoff`` 0 it is None only where nothing is known.

    >>> nearest("dosier.events", ["dossier.events", "postal.events"]), nearest("x", ["dossier.events"])
    ('dossier.events', None)
    """
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), None)


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "", cutoff: float = _ALIKE) -> str:
    """Return a hint with the nearest name, or ``otherwise``.

    >>> did_you_mean("actvity", ["activity", "source"])
    'Did you mean `activity`?'
    """
    found = nearest(name, known, cutoff=cutoff)
    return otherwise if found is None else f"Did you mean `{found}`?"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest name, or else with those that there are.

    >>> suggestion("x", ["column", "map"])
    'There is `column`, `map`.'
    """
    choices = sorted(known)
    shown = ", ".join(f"`{choice}`" for choice in choices[:_SHOWN])
    more = " …" if len(choices) > _SHOWN else ""
    return did_you_mean(name, choices, otherwise=f"There is {shown}{more}." if choices else "There is none.")
