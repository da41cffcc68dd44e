"""From a schema's text to its plan: parsing, and the refusals that keep the codec safe."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

from bus.codec.limits import (
    MAX_BRANCHES,
    MAX_EMPTY_RECORDS,
    MAX_PRECISION,
    MAX_SCHEMA_BYTES,
    MAX_SCHEMA_DEPTH,
    MAX_VALUE_BYTES,
)  # fmt: skip
from bus.codec.plan import (
    NULL,
    ArrayType,
    AvroType,
    DecimalType,
    EnumType,
    FixedType,
    MapType,
    Plan,
    RecordRef,
    RecordType,
    Scalar,
    UnionType,
    least_bytes,
    python_name,
)  # fmt: skip
from bus.errors import InvalidSchema

_PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
_LOGICAL = {
    ("long", "timestamp-millis"), ("long", "timestamp-micros"), ("long", "local-timestamp-millis"),
    ("long", "local-timestamp-micros"), ("int", "date"), ("int", "time-millis"), ("long", "time-micros"),
    ("string", "uuid"),
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# What fastavro raises on a schema that is not one differs by the fault: {"foo": 1} is a bare KeyError.
_FAULTS = (SchemaParseException, UnknownType, LookupError, TypeError, ValueError, AttributeError, RecursionError)


@lru_cache(maxsize=1024)
def make_plan(schema: str) -> Plan:
    """Return the plan of a schema's text; kept, since a text never means another schema.

    Raises :class:`~bus.errors.InvalidSchema`.
    """
    if len(schema) > MAX_SCHEMA_BYTES:
        raise InvalidSchema(f"the schema is over {MAX_SCHEMA_BYTES} characters")
    named: dict[str, Any] = {}
    try:
        parsed = fastavro.parse_schema(json.loads(schema), named)
    except _FAULTS as error:
        raise InvalidSchema(f"not an Avro schema ({type(error).__name__})") from error
    builder = _Builder(named)
    root = builder.build(parsed, 0)
    if not isinstance(root, RecordType):
        raise InvalidSchema("an event's schema is a record")
    least = _Measure(builder.records).all()
    _check_arrays(builder.arrays, least)
    return Plan(
        root=root, records=builder.records, shared=frozenset(builder.shared), has_choices=builder.has_choices,
        is_recursive=builder.is_recursive, least=least, parsed=parsed,
    )  # fmt: skip


class _Builder:
    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._open: set[str] = set()
        self.records: dict[str, RecordType] = {}
        self.shared: set[str] = set()
        self.arrays: list[ArrayType] = []
        self.has_choices = self.is_recursive = False

    def build(self, schema: Any, depth: int) -> AvroType:
        if depth > MAX_SCHEMA_DEPTH:
            raise InvalidSchema(f"types nest deeper than {MAX_SCHEMA_DEPTH}")
        if isinstance(schema, list):
            return self._union(schema, depth)
        if isinstance(schema, str):
            return Scalar(schema) if schema in _PRIMITIVES else self._reference(schema)
        kind = schema["type"]
        if kind == "array":
            self.arrays.append(ArrayType(self.build(schema["items"], depth + 1)))
            return self.arrays[-1]
        if kind == "map":
            return MapType(self.build(schema["values"], depth + 1))
        if kind in _PRIMITIVES:
            return _logical(kind, schema)
        return self._definition(kind, schema, depth)

    def _definition(self, kind: str, schema: Mapping[str, Any], depth: int) -> AvroType:
        name = schema["name"]
        if not isinstance(name, str) or not all(map(_NAME.fullmatch, name.split("."))):
            raise InvalidSchema("a type's name is not a dotted name of letters, digits and underscores")
        if kind == "enum":
            return EnumType(name=name, symbols=_symbols(name, schema["symbols"]))
        if kind == "fixed":
            return _fixed(name, schema)
        return self._record(name, schema, depth)

    def _record(self, name: str, schema: Mapping[str, Any], depth: int) -> RecordType:
        self._open.add(name)
        fields: dict[str, AvroType] = {}
        for field in schema["fields"]:
            label = field["name"]
            if not isinstance(label, str) or not _NAME.fullmatch(label):
                raise InvalidSchema(f"{name} has a field whose name is not letters, digits and underscores")
            if label in fields:
                raise InvalidSchema(f"{name} has two fields named {label}")
            fields[label] = self.build(field["type"], depth + 1)
        self._open.discard(name)
        self.records[name] = RecordType(name=name, fields=tuple(fields.items()))
        return self.records[name]

    def _reference(self, name: str) -> AvroType:
        target = self._named[name]
        if target["type"] in ("enum", "fixed"):
            return self.build(target, 0)
        self.shared.add(name)
        self.is_recursive |= name in self._open
        return RecordRef(name)

    def _union(self, schema: list[Any], depth: int) -> UnionType:
        if not 1 <= len(schema) <= MAX_BRANCHES:
            raise InvalidSchema(f"a union has no branch, or more than {MAX_BRANCHES}")
        if any(isinstance(branch, list) for branch in schema):
            raise InvalidSchema("a union stands directly within a union")
        branches = tuple(self.build(branch, depth) for branch in schema)
        named = sum(isinstance(branch, RecordType | RecordRef) for branch in branches) > 1
        # The bare kind and not the logical one: long and timestamp-millis are one type to every reader.
        union = UnionType(branches=branches, names=tuple(map(_avro_name, schema)), named=named)
        _check_branches(union)
        self.has_choices |= len(branches) - (NULL in branches) > 1
        return union


def _check_branches(union: UnionType) -> None:
    if len(set(union.names)) < len(union.names):
        raise InvalidSchema("a union has the same type twice")
    python = [
        python_name(branch)
        for branch in union.branches
        if not (union.named and isinstance(branch, RecordType | RecordRef))
    ]
    if len(set(python)) < len(python):
        twice = sorted({name for name in python if python.count(name) > 1})
        raise InvalidSchema(
            f"two branches of a union are both {' and '.join(twice)} in Python: a value could not tell which it is",
            hint="Give each branch a record of its own, or use two fields.",
        )


def _avro_name(branch: Any) -> str:
    return str(branch if isinstance(branch, str) else branch.get("name", branch["type"]))


def _logical(kind: str, schema: Mapping[str, Any]) -> AvroType:
    logical = schema.get("logicalType")
    if logical == "decimal" and kind == "bytes":
        return _decimal(schema, None)
    is_known = isinstance(logical, str) and (kind, logical) in _LOGICAL
    return Scalar(str(logical) if is_known else kind)


def _fixed(name: str, schema: Mapping[str, Any]) -> AvroType:
    size = schema["size"]
    if type(size) is not int or not 0 <= size <= MAX_VALUE_BYTES:
        raise InvalidSchema(f"{name}: the size of a fixed is a whole number up to {MAX_VALUE_BYTES}")
    return _decimal(schema, size) if schema.get("logicalType") == "decimal" else FixedType(name=name, size=size)


def _decimal(schema: Mapping[str, Any], size: int | None) -> DecimalType:
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if type(precision) is not int or type(scale) is not int or not 0 <= scale <= precision <= MAX_PRECISION:
        raise InvalidSchema(f"a decimal needs a precision up to {MAX_PRECISION} and a scale within it")
    if precision == 0:
        raise InvalidSchema("a decimal needs at least one digit")
    return DecimalType(precision=precision, scale=scale, size=size)


def _symbols(name: str, symbols: Any) -> tuple[str, ...]:
    if not symbols or not all(isinstance(symbol, str) and _NAME.fullmatch(symbol) for symbol in symbols):
        raise InvalidSchema(f"{name}: symbols are names of letters, digits and underscores, at least one")
    if len(set(symbols)) < len(symbols):
        raise InvalidSchema(f"{name}: a symbol is there twice")
    return tuple(symbols)


def _check_arrays(arrays: list[ArrayType], least: Mapping[str, int]) -> None:
    # Eight bytes could claim billions of nulls; nobody's contract needs a list of nothing.
    if any(least_bytes(array.items, least) == 0 for array in arrays):
        raise InvalidSchema(
            "an array's items take no bytes, so that a few bytes could claim any number of them",
            hint="Count them in an int instead.",
        )


class _Measure:
    """The fewest bytes of each record, which also finds those that no finite value can fill."""

    def __init__(self, records: Mapping[str, RecordType]) -> None:
        self._records = records
        self._least: dict[str, int] = {}
        self._empty: dict[str, int] = {}
        self._open: set[str] = set()

    def all(self) -> dict[str, int]:
        for name in self._records:
            self._measure(name)
        return self._least

    def _measure(self, name: str) -> None:
        if name in self._least:
            return
        if name in self._open:
            raise InvalidSchema(f"{name} always holds another {name}: no value can end")
        self._open.add(name)
        inner = [node for _, node in self._records[name].fields]
        within = [node.name for node in inner if isinstance(node, RecordType | RecordRef)]
        for record in within:
            self._measure(record)
        self._open.discard(name)
        self._least[name] = min(sum(least_bytes(node, self._least) for node in inner), MAX_VALUE_BYTES)
        self._empty[name] = 1 + sum(self._empty[record] for record in within if not self._least[record])
        if self._empty[name] > MAX_EMPTY_RECORDS:
            raise InvalidSchema(f"{name} holds more than {MAX_EMPTY_RECORDS} records that take no bytes")
