"""Whether a JSON value may be a field's default (Java's ``Schema.isValidDefault``).

Java asks less than the specification: any text will do for an enum or a fixed, any branch for a union.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from registry.avro.nodes import MISSING, Array, Definition, Field, Json, Map, Node, Primitive, Record, Union


class Types(Protocol):
    """What is known of the named types while a default is checked."""

    def meaning(self, node: Node) -> Definition | None:
        """Return what a node stands for; ``None`` for a type not yet known, in Java a record without fields."""
        ...

    def fields(self, record: Record) -> tuple[Field, ...]:
        """Return a record's fields. Raises :class:`~bus.errors.InvalidSchema` while they may not be asked for."""
        ...


_JAVA_DOUBLE = re.compile(
    r"([+-]?)(?:(NaN|Infinity)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?"
    r"|(0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?)",
    re.ASCII,
)
_BLANKS = "".join(map(chr, range(33)))


def is_valid_default(node: Node, value: Json, types: Types) -> bool:
    """Say whether ``value`` may be the default of a field of this type."""
    return _Check(types).fits(node, value)


class _Check:
    """Answers are remembered by type and place in the value: unions in each other's records would multiply the work."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.answers: dict[tuple[int, int], bool] = {}

    def fits(self, node: Node, value: Json) -> bool:
        kind = self.types.meaning(node)
        if kind is None:
            return isinstance(value, dict)
        if isinstance(kind, Primitive):
            return _PRIMITIVE[kind.kind](value)
        key = id(kind), id(value)
        if key not in self.answers:
            self.answers[key] = self._fits(kind, value)
        return self.answers[key]

    def _fits(self, kind: Definition, value: Json) -> bool:
        match kind:
            case Array(items=part):
                return isinstance(value, list) and all(self.fits(part, one) for one in value)
            case Map(values=part):
                return isinstance(value, dict) and all(self.fits(part, one) for one in value.values())
            case Union(branches=branches):
                return any(self.fits(branch, value) for branch in branches)
            case Record():
                return isinstance(value, dict) and all(
                    self._is_given(field, value) for field in self.types.fields(kind)
                )
            case _:
                return isinstance(value, str)

    def _is_given(self, field: Field, value: dict[str, Json]) -> bool:
        """A field that is left out takes its own default, which was checked when the field was read."""
        return self.fits(field.type, value[field.name]) if field.name in value else field.default is not MISSING


def _is_integer(value: Json, bits: int) -> bool:
    return type(value) is int and -(1 << bits - 1) <= value < 1 << bits - 1


_PRIMITIVE: dict[str, Callable[[Json], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: _is_integer(value, 32),
    "long": lambda value: _is_integer(value, 64),
    "float": lambda value: type(value) in (int, float),
    "double": lambda value: type(value) in (int, float),
    "bytes": lambda value: isinstance(value, str),
    "string": lambda value: isinstance(value, str),
}


def double_of(text: str) -> float | None:
    """Read a number as Java's ``Double.parseDouble`` does: a text may be the default of a float (``"NaN"``).

    >>> double_of(" -Infinity"), double_of("0x1p3"), double_of("1_0")
    (-inf, 8.0, None)
    """
    found = _JAVA_DOUBLE.fullmatch(text.strip(_BLANKS))
    if found is None:
        return None
    sign, word, decimal, hexadecimal = found.groups()
    try:
        return float(f"{sign}{word or decimal}") if hexadecimal is None else float.fromhex(sign + hexadecimal)
    except OverflowError:
        return float(f"{sign}inf")
