"""The checks that a contract is made of. Each passes over what is not of its type: the codec refuses that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from schemas.rules.finding import Finding, Rule
from schemas.rules.lengths import too_long

Bound = Callable[[Any, date], Sequence[Finding]]
"""Judges a payload, or a part of one, of an event that happened on that day in Vietnam."""


def nothing(_value: Any, _day: date) -> Sequence[Finding]:
    """Find nothing."""
    return ()


def of_code(rules: Mapping[str, Rule]) -> Bound:
    """Return the check of a record with ``code`` and ``codeSystem``, by the system's rule where it has one."""

    def check(value: Any, day: date) -> Sequence[Finding]:
        if type(value) is not dict:
            return ()
        code, system = value.get("code"), value.get("codeSystem")
        if type(code) is not str or type(system) is not str or system not in rules:
            return ()
        at = value.get("validAt")
        findings = rules[system](code, at if type(at) is date else day)
        return [finding.within("code") for finding in findings] if findings else ()

    return check


def of_fields(fields: tuple[tuple[str, Bound], ...]) -> Bound:
    """Return the check of a record's fields."""

    def check(value: Any, day: date) -> Sequence[Finding]:
        if type(value) is not dict:
            return ()
        found: list[Finding] = []
        for name, part in fields:
            inner = value.get(name)
            if inner is not None:
                findings = part(inner, day)
                if findings:
                    found.extend(finding.within(name) for finding in findings)
        return found

    return check


def of_items(part: Bound) -> Bound:
    """Return the check of a list's items."""

    def check(value: Any, day: date) -> Sequence[Finding]:
        return _numbered(part, value, day) if type(value) is list else ()

    return check


def of_values(part: Bound) -> Bound:
    """Return the check of a map's values, named by number: a map's keys may be personal data."""

    def check(value: Any, day: date) -> Sequence[Finding]:
        return _numbered(part, list(value.values()), day) if type(value) is dict else ()

    return check


def of_text(limit: int) -> Bound:
    """Return the check of a text's length."""
    findings = too_long(limit)
    return lambda value, _day: findings if type(value) is str and len(value) > limit else ()


def of_branches(plain: Sequence[Bound], named: Mapping[str, Bound]) -> Bound:
    """Return the check of a union; where it has several records, a value comes as its branch's name and itself."""

    def check(value: Any, day: date) -> Sequence[Finding]:
        if type(value) is not tuple:
            return [found for part in plain for found in part(value, day)]
        known = len(value) == 2 and type(value[0]) is str
        return named.get(value[0], nothing)(value[1], day) if known else ()

    return check


def both(first: Bound, second: Bound) -> Bound:
    """Return the check that makes two."""
    return lambda value, day: [*first(value, day), *second(value, day)]


def _numbered(part: Bound, items: Sequence[Any], day: date) -> Sequence[Finding]:
    return [found.within(f"[{index}]") for index, item in enumerate(items) for found in part(item, day)]
