"""Rules at their places in a contract: worked out once per schema, so that an event pays only for what it holds.

A rule of a code system stands wherever a record has the fields ``code`` and ``codeSystem``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from schemas.rules.checks import Bound, both, nothing, of_branches, of_code, of_fields, of_items, of_text, of_values
from schemas.rules.events import EVENT_RULES
from schemas.rules.finding import Finding, Rule
from schemas.rules.lengths import MAX_LENGTH
from schemas.rules.systems import RULES


def bind(schema: Mapping[str, Any], rules: Mapping[str, Rule] = RULES) -> Bound:
    """Return the check of one event's contract, a record; ``rules`` are by code system."""
    parts = _Binder(rules).bound(schema, "") or nothing
    own = EVENT_RULES.get(schema["name"].rpartition(".")[2])
    if own is None:
        return parts
    return lambda payload, day: [*parts(payload, day), *own(payload, day)]


class _Binder:
    """One walk through a schema. A named type is bound once; a recursive one calls itself by its name."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._code = of_code(rules)
        self._named: dict[str, Bound | None] = {}

    def bound(self, schema: Any, space: str, limit: int | None = None) -> Bound | None:
        """Return the check of a type, or None where nothing in it is checked.

        ``space`` is the namespace around it, ``limit`` what its field says of its text.
        """
        match schema:
            case list():
                return self._union(schema, space, limit)
            case {"type": "record"}:
                return self._record(schema, _full_name(schema, space))
            case {"type": "array", "items": items}:
                part = self.bound(items, space)
                return None if part is None else of_items(part)
            case {"type": "map", "values": values}:
                part = self.bound(values, space)
                return None if part is None else of_values(part)
            case "string" | {"type": "string"}:
                return None if limit is None else of_text(limit)
            case str():
                return self._named.get(_full_name(schema, space))
            case _:
                return None

    def _record(self, schema: Mapping[str, Any], name: str) -> Bound | None:
        self._named[name] = lambda value, day: self._again(name, value, day)
        space = name.rpartition(".")[0]
        parts = [(field["name"], self.bound(field["type"], space, field.get(MAX_LENGTH))) for field in schema["fields"]]
        checked = tuple((field, part) for field, part in parts if part is not None)
        check = of_fields(checked) if checked else None
        if {"code", "codeSystem"} <= {field for field, _ in parts}:
            check = self._code if check is None else both(self._code, check)
        self._named[name] = check
        return check

    def _again(self, name: str, value: Any, day: date) -> Sequence[Finding]:
        return (self._named[name] or nothing)(value, day)

    def _union(self, branches: Sequence[Any], space: str, limit: int | None) -> Bound | None:
        parts = [(branch, self.bound(branch, space, limit)) for branch in branches]
        checked = [(branch, part) for branch, part in parts if part is not None]
        if len(checked) == 1 and "null" in branches and len(branches) == 2:
            return checked[0][1]
        named = {_full_name(branch, space): part for branch, part in checked if _is_named(branch)}
        return of_branches([part for _, part in checked], named) if checked else None


def _is_named(branch: Any) -> bool:
    return branch != "string" if isinstance(branch, str) else branch["type"] == "record"


def _full_name(schema: Any, space: str) -> str:
    name: str = schema if isinstance(schema, str) else schema["name"]
    if "." in name:
        return name
    space = space if isinstance(schema, str) else schema.get("namespace", space)
    return f"{space}.{name}" if space else name
