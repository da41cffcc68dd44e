"""Whether a JSON value may be a field's default (Java's ``Schema.isValidDefault``).

Java asks less than the specification: any text will do for an enum or a fixed, any branch for a union.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from bus.errors import InvalidSchema
from registry.avro.nodes import MISSING, Array, Definition, Field, Json, Map, Node, Primitive, Record, Union
from registry.avro.text import MAX_DEPTH


class Types(Protocol):
    """What is known of the named types while a default is checked."""

    def meaning(self, node: Node) -> Definition | None:
        """Return what a node stands for; ``None`` for a type not yet known, in Java a record without fields."""
        ...

    def fields(self, record: Record) -> tuple[Field, ...]:
        """Return a record's fields. Raises :class:`InvalidSchema` while they may not be asked for."""
        ...


_JAVA_DOUBLE = re.compile(
    r"([+-]?)(?:(NaN|Infinity)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?"
    r"|(0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?)",
    re.ASCII,
)
_BLANKS = "".join(map(chr, range(33)))


def is_valid_default(node: Node, value: Json, types: Types, depth: int = 0) -> bool:
    """Say whether ``value`` may be the default of a field of this type."""
    if depth > MAX_DEPTH:
        raise InvalidSchema(f"a default needs the defaults of more than {MAX_DEPTH} nested records")
    match types.meaning(node):
        case None:
            return isinstance(value, dict)
        case Primitive(kind=kind):
            return _PRIMITIVE[kind](value)
        case Array(items=items):
            return isinstance(value, list) and all(is_valid_default(items, one, types, depth + 1) for one in value)
        case Map(values=values):
            return isinstance(value, dict) and all(
                is_valid_default(values, one, types, depth + 1) for one in value.values()
            )
        case Union(branches=branches):
            return any(is_valid_default(branch, value, types, depth + 1) for branch in branches)
        case Record() as record:
            return isinstance(value, dict) and all(
                (given := value.get(field.name, field.default)) is not MISSING
                and is_valid_default(field.type, given, types, depth + 1)
                for field in types.fields(record)
            )
        case _:
            return isinstance(value, str)


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
