"""Read a value as another schema sees it, through fastavro's resolution.

fastavro gives a missing field its default as it stands in the schema's JSON; here it becomes what the field's
type means first (a decimal, a date, bytes), and lists and maps are never shared between two values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date, timedelta
from functools import lru_cache
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
from fastavro.read import SchemaResolutionError

from bus.codec import runtime
from bus.codec.fallback import FAULTS, untagger
from bus.codec.plan import (
    ArrayType,
    AvroType,
    DecimalType,
    FixedType,
    MapType,
    Plan,
    RecordRef,
    RecordType,
    Scalar,
    UnionType,
)  # fmt: skip
from bus.codec.planning import make_plan
from bus.errors import IncompatibleSchema, InvalidSchema

Resolve = Callable[[bytes, int], dict[str, Any]]


@lru_cache(maxsize=1024)
def resolver(writer_schema: str, reader_schema: str) -> Resolve:
    """Return what reads bytes of one schema, looked at before, as a value of the other.

    Raises :class:`~bus.errors.InvalidSchema`; what is returned raises
    :class:`~bus.errors.IncompatibleSchema`.
    """
    writer, reader = make_plan(writer_schema), make_plan(reader_schema)
    parsed, has_containers = _with_defaults(reader_schema, reader)
    unname, named = untagger(reader), reader.has_choices

    def resolve(data: bytes, start: int) -> dict[str, Any]:
        source = BytesIO(data)
        source.seek(start)
        try:
            value = fastavro.schemaless_reader(source, writer.parsed, parsed, return_record_name=named)
        except (SchemaResolutionError, *FAULTS) as error:
            raise IncompatibleSchema(
                f"{writer.root.name}: this value cannot be read as the reader's version of the schema",
                hint="`lienthong schema check` compares the two versions.",
            ) from error
        found: dict[str, Any] = unname(deepcopy(value) if has_containers else value)
        return found

    return resolve


def _with_defaults(schema: str, plan: Plan) -> tuple[Any, bool]:
    parsed = fastavro.parse_schema(json.loads(schema))
    has_containers = False
    for record in _records(parsed):
        types = dict(plan.records[record["name"]].fields)
        for field in record["fields"]:
            if "default" in field:
                field["default"] = _default(plan, types[field["name"]], field["default"])
                has_containers |= isinstance(field["default"], list | dict)
    return parsed, has_containers


def _records(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _records(branch)
    elif isinstance(schema, dict):
        if schema["type"] in ("record", "error"):
            yield schema
            yield from _records([field["type"] for field in schema["fields"]])
        yield from _records([schema[key] for key in ("items", "values") if key in schema])


def _default(plan: Plan, node: AvroType, found: Any) -> Any:
    try:
        return _meant(plan, node, found)
    except (*FAULTS, AttributeError) as error:
        raise InvalidSchema(f"{plan.root.name}: a default does not fit its field's type") from error


def _meant(plan: Plan, node: AvroType, found: Any) -> Any:
    match node:
        case UnionType():
            fitting = [branch for branch in node.branches if _is_json_of(branch, found)]
            return _meant(plan, fitting[0], found)
        case RecordType() | RecordRef():
            fields = plan.records[node.name].fields
            return {name: _meant(plan, part, found[name]) for name, part in fields}
        case ArrayType():
            return [_meant(plan, node.items, item) for item in found]
        case MapType():
            return {key: _meant(plan, node.values, item) for key, item in found.items()}
        case DecimalType():
            return runtime.decimal_reader(node.precision, node.scale)(found.encode("latin-1"))
        case FixedType():
            return found.encode("latin-1")
        case Scalar():
            return _MEANT.get(node.kind, _as_is)(found)
    return found


def _is_json_of(node: AvroType, found: Any) -> bool:
    match node:
        case Scalar():
            return type(found) in _JSON.get(node.kind, (int,))
        case ArrayType():
            return type(found) is list
        case MapType() | RecordType() | RecordRef():
            return type(found) is dict
    return type(found) is str


def _as_is(found: Any) -> Any:
    return found


_JSON: dict[str, tuple[type, ...]] = {
    "null": (type(None),), "boolean": (bool,), "float": (int, float), "double": (int, float),
    "bytes": (str,), "string": (str,), "uuid": (str,),
}  # fmt: skip
_NAIVE = runtime.EPOCH.replace(tzinfo=None)
_MEANT: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "double": float,
    "bytes": lambda found: found.encode("latin-1"),
    "uuid": UUID,
    "date": lambda found: date.fromordinal(found + runtime.EPOCH_DAY),
    "time-millis": lambda found: runtime.time_of(found * 1000),
    "time-micros": runtime.time_of,
    "timestamp-millis": lambda found: runtime.EPOCH + timedelta(milliseconds=found),
    "timestamp-micros": lambda found: runtime.EPOCH + timedelta(microseconds=found),
    "local-timestamp-millis": lambda found: _NAIVE + timedelta(milliseconds=found),
    "local-timestamp-micros": lambda found: _NAIVE + timedelta(microseconds=found),
}
