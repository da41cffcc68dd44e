"""What may be a name (Avro 1.12, "Names"; Java's ``NameValidator`` and ``Schema.Name``)."""

from __future__ import annotations

import re
import unicodedata

from registry.avro.nodes import Name
from registry.avro.text import refuse

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
TYPES = PRIMITIVES | {"record", "enum", "array", "map", "union", "fixed"}

_STRICT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NameRule:
    """Which letters a name may have: the specification's, or with ``unicode`` all that Java's parser lets pass."""

    def __init__(self, *, unicode: bool = False) -> None:
        self._allows = _is_java_name if unicode else _is_strict_name

    def check(self, name: str, at: str, what: str = "name") -> str:
        """Return the name. Raises :class:`~bus.errors.InvalidSchema` with the place ``at`` unless it is allowed."""
        if not self._allows(name):
            refuse(at, f"the {what} {name[:80]!r} is not letters A-Z a-z, digits and _, beginning with no digit")
        return name

    def make(self, name: str, space: str | None, at: str) -> Name:
        """Split a dotted name, or put an undotted one into ``space``; only the last part is checked, as in Java."""
        head, dot, simple = name.rpartition(".")
        space = (head if dot else space) or None
        self.check(simple, at)
        return Name(simple, space, f"{space}.{simple}" if space else simple)

    def check_space(self, name: Name, at: str) -> None:
        """Check each part of the namespace: Java does so for definitions (``ParseContext.put``), not for aliases."""
        for part in (name.space or "").split(".") if name.space else ():
            self.check(part, at, "namespace part")


def _is_strict_name(name: str) -> bool:
    return _STRICT.fullmatch(name) is not None


def _is_java_name(name: str) -> bool:
    """``Character.isLetter`` and ``isLetterOrDigit`` look at UTF-16 units: nothing beyond U+FFFF is a letter."""
    return bool(name) and not name[0].isdecimal() and all(map(_is_java_letter_or_digit, name))


def _is_java_letter_or_digit(char: str) -> bool:
    category = unicodedata.category(char)
    return char == "_" or (char <= "\uffff" and (category.startswith("L") or category == "Nd"))


def qualified(name: Name, space: str | None) -> str:
    """Return the shortest text that means ``name`` inside ``space`` (Java's ``Name.getQualified``)."""
    return name.simple if name.space and name.space == space and name.simple not in TYPES else name.full
