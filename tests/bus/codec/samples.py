"""Schemas and types that the codec's tests share."""

from __future__ import annotations

import json
from typing import Any


def schema_of(**fields: Any) -> str:
    """Return the text of a record `vn.test.Sample` with these fields."""
    return json.dumps(record("vn.test.Sample", **fields))


def record(full_name: str, **fields: Any) -> dict[str, Any]:
    listed = [{"name": name, "type": kind} for name, kind in fields.items()]
    return {"type": "record", "name": full_name, "fields": listed}


def logical(base: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **more}


MILLIS = logical("long", "timestamp-millis")
MICROS = logical("long", "timestamp-micros")
LOCAL_MILLIS = logical("long", "local-timestamp-millis")
LOCAL_MICROS = logical("long", "local-timestamp-micros")
DATE = logical("int", "date")
TIME_MILLIS = logical("int", "time-millis")
TIME_MICROS = logical("long", "time-micros")
UUID = logical("string", "uuid")
DECIMAL = logical("bytes", "decimal", precision=6, scale=2)
FIXED_DECIMAL = {
    "type": "fixed",
    "name": "vn.test.Money",
    "size": 4,
    **logical("fixed", "decimal", precision=6, scale=2),
}
FIXED = {"type": "fixed", "name": "vn.test.Hash", "size": 4}
ENUM = {"type": "enum", "name": "vn.test.Status", "symbols": ["NEW", "DONE"]}
A, B = record("vn.test.A", x="int"), record("vn.test.B", x="int")
TWO_RECORDS = ["null", A, B]
MIXED = ["null", "string", "long", "boolean", {"type": "array", "items": "int"}, DATE, DECIMAL]
TREE = json.dumps(
    {
        "type": "record",
        "name": "vn.test.Tree",
        "fields": [
            {"name": "label", "type": "string"},
            {"name": "children", "type": {"type": "array", "items": "vn.test.Tree"}},
        ],
    }
)


def a_tree(depth: int) -> dict[str, Any]:
    """Return a tree with one branch of `depth` nodes."""
    tree: dict[str, Any] = {"label": "leaf", "children": []}
    for _ in range(depth - 1):
        tree = {"label": "node", "children": [tree]}
    return tree
