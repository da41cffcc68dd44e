"""The codec behind the switch: the same guard, then fastavro.

It refuses and accepts the same values as the generated code, with other people's hands on the bytes. Of bytes it
takes what fastavro takes, so it is more lenient where no honest writer goes: any byte but 0 is true, a negative
index counts from the end, a number may be wider than its type, a map's key may come twice, a uuid may have
another form than the canonical one. What would end the process is refused by both.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro

from bus.codec.explain import choose
from bus.codec.plan import NULL, ArrayType, AvroType, MapType, Plan, RecordRef, RecordType, UnionType
from bus.errors import DecodeError

# What fastavro raises on bytes that are not a value.
FAULTS = (EOFError, LookupError, ValueError, TypeError, OverflowError, ArithmeticError, struct.error)


def writer(plan: Plan) -> Callable[[dict[str, Any], list[bytes]], None]:
    """Return what appends a checked value's bytes."""
    name_branches = tagger(plan)

    def write(value: dict[str, Any], pieces: list[bytes]) -> None:
        out = BytesIO()
        fastavro.schemaless_writer(out, plan.parsed, name_branches(value), strict=True)
        pieces.append(out.getvalue())

    return write


def reader(plan: Plan) -> Callable[[bytes, int], tuple[dict[str, Any], int]]:
    """Return what reads a value from bytes that were looked at before."""
    unname = untagger(plan)

    def read(data: bytes, start: int) -> tuple[dict[str, Any], int]:
        source = BytesIO(data)
        source.seek(start)
        try:
            value = fastavro.schemaless_reader(source, plan.parsed, None, return_record_name=plan.has_choices)
        except FAULTS as error:
            raise DecodeError(f"not a value of {plan.root.name}") from error
        return unname(value), source.tell()

    return read


def tagger(plan: Plan) -> Callable[[Any], Any]:
    """Return what names each value's branch, as fastavro needs it where it would have to guess."""
    return (lambda value: _tag(plan, plan.root, value)) if plan.has_choices else _same


def untagger(plan: Plan) -> Callable[[Any], Any]:
    """Return what takes away the names of branches but where several records are to be told apart."""
    return (lambda value: _untag(plan, plan.root, value)) if plan.has_choices else _same


def _same(value: Any) -> Any:
    return value


def _tag(plan: Plan, node: AvroType, value: Any) -> Any:
    if not isinstance(node, UnionType):
        return _within(plan, node, value, _tag)
    branch, inner = choose(node, value)
    if branch is None or branch == NULL:
        return value
    return node.names[node.branches.index(branch)], _tag(plan, branch, inner)


def _untag(plan: Plan, node: AvroType, value: Any) -> Any:
    name, inner = value if type(value) is tuple else ("", value)
    if not isinstance(node, UnionType):
        return _within(plan, node, inner, _untag)
    branch = _branch_of(node, name, inner, plan)
    if branch is None:
        return inner
    inner = _untag(plan, branch, inner)
    return (branch.name, inner) if node.named and isinstance(branch, RecordType | RecordRef) else inner


def _branch_of(union: UnionType, name: str, value: Any, plan: Plan) -> AvroType | None:
    if name in union.names:
        return union.branches[union.names.index(name)]
    branch, _ = choose(union, value)
    if branch is not None or type(value) is not dict:
        return branch
    # A default, or what a writer wrote where it had no choice: known by its fields.
    records = [branch for branch in union.branches if isinstance(branch, RecordType | RecordRef)]
    alike = (record for record in records if [name for name, _ in plan.records[record.name].fields] == [*value])
    return next(alike, None)


def _within(plan: Plan, node: AvroType, value: Any, change: Callable[[Plan, AvroType, Any], Any]) -> Any:
    match node:
        case RecordType() | RecordRef():
            fields = plan.records[node.name].fields
            return {name: change(plan, part, value[name]) for name, part in fields}
        case ArrayType():
            return [change(plan, node.items, item) for item in value]
        case MapType():
            return {key: change(plan, node.values, item) for key, item in value.items()}
    return value
