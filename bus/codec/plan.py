"""A parsed schema as a small tree of frozen types: what the code writers and the slow walk go by.

fastavro parses (names, namespaces, references). This module says what each type means in Python, and refuses the
schemas under which values could be confused, lost, or cost more than their bytes. Whether a schema is good Avro
in every other respect is the registry's business.

A logical type is followed where fastavro follows it too; every other one (``duration``, ``timestamp-nanos``,
``big-decimal``, ``uuid`` on fixed) is ignored as the specification asks, so its value is the underlying one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from bus.codec.limits import MAX_DEPTH


class Scalar(Struct, frozen=True):
    """A primitive type, or a logical type that is named by its own ``kind`` (``timestamp-millis``)."""

    kind: str


class DecimalType(Struct, frozen=True, kw_only=True):
    """A decimal; on fixed where ``size`` is a number, else on bytes."""

    precision: int
    scale: int
    size: int | None


class FixedType(Struct, frozen=True, kw_only=True):
    name: str
    size: int


class EnumType(Struct, frozen=True, kw_only=True):
    name: str
    symbols: tuple[str, ...]


class ArrayType(Struct, frozen=True):
    items: AvroType


class MapType(Struct, frozen=True):
    values: AvroType


class UnionType(Struct, frozen=True, kw_only=True):
    """A choice. ``named`` says that it has several records: their values are ``("full.Name", {…})``.

    ``names`` are the branches' Avro names: a type's own, or the bare kind.
    """

    branches: tuple[AvroType, ...]
    names: tuple[str, ...]
    named: bool

    @property
    def optional(self) -> AvroType | None:
        """The one type that stands beside null, if that is all there is."""
        others = [branch for branch in self.branches if branch != NULL]
        return others[0] if len(self.branches) == 2 and len(others) == 1 else None


class RecordType(Struct, frozen=True, kw_only=True):
    name: str
    fields: tuple[tuple[str, AvroType], ...]


class RecordRef(Struct, frozen=True):
    """A record that is defined elsewhere in the schema, perhaps around this very place."""

    name: str


AvroType: TypeAlias = (
    Scalar | DecimalType | FixedType | EnumType | ArrayType | MapType | UnionType | RecordType | RecordRef
)
LEAVES = (Scalar, DecimalType, FixedType, EnumType)
NULL = Scalar("null")


class Plan(Struct, frozen=True, kw_only=True):
    """A whole schema. ``shared`` names the records that are referred to: each is one function of its own."""

    root: RecordType
    records: Mapping[str, RecordType]
    shared: frozenset[str]
    has_choices: bool
    is_recursive: bool
    least: Mapping[str, int]
    parsed: Any

    @property
    def may_nest_deep(self) -> bool:
        """Say whether a value could nest deeper than a reader without a limit of its own can bear."""
        return self.is_recursive or len(self.shared) > MAX_DEPTH

    def is_shared(self, node: AvroType) -> bool:
        """Say whether the code for ``node`` is a function that is called."""
        return isinstance(node, RecordRef) or (isinstance(node, RecordType) and node.name in self.shared)

    def least_bytes(self, node: AvroType) -> int:
        """Return how few bytes a value can take: what bounds a block's count before it is believed."""
        return least_bytes(node, self.least)


_PYTHON = {
    "null": "NoneType", "boolean": "bool", "int": "int", "long": "int", "float": "float", "double": "float",
    "bytes": "bytes", "string": "str", "uuid": "UUID", "date": "date", "time-millis": "time", "time-micros": "time",
    "timestamp-millis": "datetime", "timestamp-micros": "datetime",
    "local-timestamp-millis": "datetime", "local-timestamp-micros": "datetime",
}  # fmt: skip
_WORDS = {
    "null": "null", "boolean": "a boolean", "int": "a whole number of 32 bits", "long": "a whole number of 64 bits",
    "float": "a float that 32 bits hold exactly", "double": "a float", "bytes": "bytes", "string": "text in NFC",
    "uuid": "a UUID", "date": "a date", "time-millis": "a time of day in whole milliseconds, without a zone",
    "time-micros": "a time of day without a zone", "timestamp-millis": "a time with its zone, in whole milliseconds",
    "timestamp-micros": "a time with its zone", "local-timestamp-micros": "a time without a zone",
    "local-timestamp-millis": "a time without a zone, in whole milliseconds",
}  # fmt: skip
_LEAST = {"null": 0, "float": 4, "double": 8}


def python_name(node: AvroType) -> str:
    """Return the name of the one Python type that a value of ``node`` has (a named branch's tuple apart)."""
    match node:
        case Scalar():
            return _PYTHON[node.kind]
        case DecimalType():
            return "Decimal"
        case FixedType():
            return "bytes"
        case EnumType():
            return "str"
        case ArrayType():
            return "list"
        case _:
            return "dict"


def expected(node: AvroType) -> str:
    """Return what a value should have been, in words for a message."""
    match node:
        case Scalar():
            return _WORDS[node.kind]
        case DecimalType():
            return f"a decimal({node.precision},{node.scale})"
        case FixedType():
            return f"{node.size} bytes"
        case EnumType():
            return f"a symbol of {node.name}"
        case ArrayType():
            return "a list"
        case MapType():
            return "a map from text"
        case RecordType() | RecordRef():
            return f"a record of {node.name}"
        case UnionType():
            return "one of: " + ", ".join(map(_branch_words, node.branches)) + _naming(node)


def _branch_words(branch: AvroType) -> str:
    return branch.name if isinstance(branch, RecordType | RecordRef) else expected(branch)


def _naming(union: UnionType) -> str:
    return '; name a record\'s branch: ("full.Name", {…})' if union.named else ""


def least_bytes(node: AvroType, of_records: Mapping[str, int]) -> int:
    """Return how few bytes a value can take, given those of each record."""
    match node:
        case Scalar():
            return _LEAST.get(node.kind, 1)
        case DecimalType():
            return 1 if node.size is None else node.size
        case FixedType():
            return node.size
        case RecordType() | RecordRef():
            return of_records[node.name]
        case _:
            return 1
