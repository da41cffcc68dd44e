"""Which fields of a schema are tagged with which class of data, and which of them a mask hides. Pure.

The tags stand in the contracts (``confluent:tags``), and there is no other list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bus.codec import Hide
from bus.codec.planning import make_plan
from replay.index.identifiers import EACH, tags_at
from replay.runs.plan import Mask

Field = tuple[str, str]
"""A record's full name, and a field's."""

RAW_HASH = "rawHash"
"""The field with which every contract of the catalogue ends."""

_ID = "ID:"
_OF_FILES = frozenset({"ID:dossier", "ID:payment", "ID:parcel"})
"""Identifiers of things: a field that has no other tag stays under the mask ``personal``."""


def hidden_fields(mask: Mask, written: str, newest: str | None = None) -> dict[Field, Hide]:
    """Return what a mask hides of records that were written with one schema, where ``newest`` is today's contract.

    A tag of either counts: a field that nobody had tagged when it was written is hidden as it would be today. The hash
    of the source's item goes with what it was made of: whoever guesses a person could try the guess on it. Raises
    :class:`~bus.errors.InvalidSchema`.
    """
    tags = tags_of(written)
    root = make_plan(written).root
    if RAW_HASH in (name for name, _ in root.fields):
        tags[root.name, RAW_HASH] = frozenset({"PERSONAL"})
    for field, known in (tags_of(newest) if newest is not None else {}).items():
        tags[field] = tags.get(field, frozenset()) | known
    return {field: _hide(found) for field, found in tags.items() if _is_hidden(mask, found)}


def tags_of(schema: str) -> dict[Field, frozenset[str]]:
    """Return the tags of a schema's fields, under the names that they once had (``aliases``), too."""
    found: dict[Field, frozenset[str]] = {}
    for record, field in _fields(make_plan(schema).parsed):
        tags = _texts(field.get("confluent:tags", ()))
        for name in _names(record, record["name"].rpartition(".")[0]) if tags else ():
            for label in _names(field, ""):
                found[name, label] = found.get((name, label), frozenset()) | tags
    return found


def touched(schema: str) -> dict[str, tuple[str, ...]]:
    """Return each class of data that a schema has, with the dotted paths of its fields, in the schema's order.

    >>> touched('{"type":"record","name":"A","fields":[{"name":"n","type":"string","confluent:tags":["PERSONAL"]}]}')
    {'PERSONAL': ('n',)}
    """
    found: dict[str, dict[str, None]] = {}
    for tag, steps in tags_at(schema):
        found.setdefault(tag, {})[".".join(step for step in steps if step != EACH)] = None
    return {tag: tuple(paths) for tag, paths in found.items()}


def _is_hidden(mask: Mask, tags: frozenset[str]) -> bool:
    return mask == "all" or (mask == "personal" and not tags <= _OF_FILES)


def _hide(tags: frozenset[str]) -> Hide:
    return Hide.IDENTIFIER if any(tag.startswith(_ID) for tag in tags) else Hide.TEXT


def _fields(parsed: Any) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the records of a parsed schema with each of their fields."""
    if isinstance(parsed, list):
        for branch in parsed:
            yield from _fields(branch)
    elif isinstance(parsed, dict):
        for field in parsed.get("fields", ()):
            yield parsed, field
            yield from _fields(field["type"])
        for part in (parsed.get("items"), parsed.get("values"), parsed["type"]):
            yield from _fields(part)


def _names(named: Mapping[str, Any], namespace: str) -> Iterator[str]:
    yield named["name"]
    for alias in _texts(named.get("aliases", ())):
        yield alias if "." in alias or not namespace else f"{namespace}.{alias}"


def _texts(value: Any) -> frozenset[str]:
    """Return a list's texts, or one text alone: a tag that stands there in another way than it should still counts."""
    return frozenset(map(str, value)) if isinstance(value, list | tuple) else frozenset({str(value)})
