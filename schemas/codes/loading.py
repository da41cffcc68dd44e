"""The tables of this installation, each read once, when it is first asked for."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib import resources

from schemas.codes.reading import read
from schemas.codes.table import Entry, Table, UnknownSystem


@cache
def systems() -> tuple[str, ...]:
    """Return the names of all code systems that have a table here, sorted."""
    files = (file.name for file in resources.files("schemas.codes").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


@cache
def table(system: str) -> Table:
    """Return the table of a code system. Raises :class:`UnknownSystem`.

    >>> table("VN-DOSSIER-STATUS").entry("9", date(2026, 7, 1)).en
    'Done'
    """
    if system not in systems():
        near = get_close_matches(system, systems(), n=1)
        raise UnknownSystem(f"no code table {system}" + (f"; did you mean {near[0]}?" if near else ""))
    return read(resources.files("schemas.codes"), system)


def entry(system: str, code: str, on: date) -> Entry:
    """Return what a code of a system means on a day: the three together are the key, since codes are reused.

    Raises :class:`~schemas.codes.CodeError`, which is a ``ValueError``.

    >>> entry("GSO-pre2025", "15", date(2025, 6, 30)).vi, entry("GSO-2025", "15", date(2025, 7, 1)).vi
    ('Tỉnh Yên Bái', 'Tỉnh Lào Cai')
    """
    return table(system).entry(code, on)


def successors(ended: Entry) -> tuple[Entry, ...]:
    """Return what followed an entry on the day it ended; more than one where it was split, none where it lives on."""
    if ended.valid_to is None:
        return ()
    following = table(table(ended.system).successor_system or ended.system)
    return tuple(following.entry(code, ended.valid_to) for code in ended.successors)
