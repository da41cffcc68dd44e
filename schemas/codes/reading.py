"""From a table's file to a :class:`Table`. A file that is wrong stops everything: it is our own."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any

from schemas.codes.table import Entry, Table

_TEXTS = {"licence", "successor_system", "predecessor_system"}
_PATTERNS = {"shape": ".+", "closed": "(?!)", "watched": "(?!)"}
_HEAD = {"vi", "en", "source", "rows", "defaults", "entry"} | _TEXTS | set(_PATTERNS)
_FIELDS = {each.name for each in fields(Entry)} - {"system"}
_LISTS = {"successors", "followers", "with_reason"}
_DATES = {"valid_from", "valid_to"}


def read(folder: Traversable, system: str) -> Table:
    """Return the table that ``<system>.toml`` tells. Raises ``ValueError`` with its name where the file is wrong."""
    content = tomllib.loads((folder / f"{system}.toml").read_text("utf-8"))
    unknown = set(content) - _HEAD
    if unknown:
        raise ValueError(f"{system}: unknown {', '.join(sorted(unknown))}")
    entries = tuple(_entry(system, content, row) for row in _rows(content, folder))
    _refuse_overlaps(system, entries)
    head: dict[str, Any] = {name: content.get(name, "") for name in _TEXTS}
    head |= {name: re.compile(content.get(name, default), re.ASCII) for name, default in _PATTERNS.items()}
    return Table(
        system=system, vi=content["vi"], en=content["en"], source=content["source"].strip(), entries=entries, **head
    )


def _rows(content: Mapping[str, Any], folder: Traversable) -> Sequence[Mapping[str, Any]]:
    if "rows" not in content:
        return list(content["entry"])
    lines = (folder / content["rows"]).read_text("utf-8").splitlines()
    return [_cells(row) for row in csv.DictReader(lines)]


def _cells(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of text as its values; an empty cell is left to the defaults."""
    return {name: _value(name, text) for name, text in row.items() if text}


def _value(name: str, text: str) -> Any:
    if name in _DATES:
        return date.fromisoformat(text)
    return text.split() if name in _LISTS else text


def _entry(system: str, content: Mapping[str, Any], row: Mapping[str, Any]) -> Entry:
    values: dict[str, Any] = {"source": content["source"].strip(), **content.get("defaults", {}), **row}
    unknown = set(values) - _FIELDS
    if unknown:
        raise ValueError(f"{system}: {values.get('code')} has unknown {', '.join(sorted(unknown))}")
    values |= {name: tuple(values[name]) for name in _LISTS & values.keys()}
    return Entry(system=system, **values)


def _refuse_overlaps(system: str, entries: Sequence[Entry]) -> None:
    spans: dict[str, list[tuple[date, date]]] = {}
    for each in entries:
        span = (each.valid_from or date.min, each.valid_to or date.max)
        spans.setdefault(each.code, []).append(span)
    for code, periods in spans.items():
        wrong = any(start >= end for start, end in periods)
        if wrong or any(earlier[1] > later[0] for earlier, later in pairwise(periods)):
            raise ValueError(f"{system}: the periods of {code} overlap or are not in order")
