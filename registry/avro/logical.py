"""Warnings that Avro's verdict does not give: Java ignores logical types when it compares schemas.

The specification says that decimals of another scale or precision do not resolve, and a date read as a time of
day is nonsense; the bytes can be read all the same, so these are warnings and never a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from registry.avro.nodes import Array, Definition, Map, Node, Primitive, Record, Schema, Union


class LogicalWarning(Struct, frozen=True, kw_only=True):
    """A place where the bytes can be read but would mean something else. ``pointer`` is one into the reader."""

    pointer: str
    message: str


MAX_WARNINGS = 2_000
MAX_POINTER = 10_000

_Places = Iterator[tuple[Node, Node, str]]


def logical_warnings(reader: Schema, writer: Schema) -> list[LogicalWarning]:
    """Return the places where the two schemas give the same data another logical type."""
    found = (
        _warning(one, other, at)
        for one, other, at in common_places(reader, writer)
        if not isinstance(one, Union) and not isinstance(other, Union) and _logical(one) != _logical(other)
    )
    return list(islice(found, MAX_WARNINGS))


def common_places(reader: Schema, writer: Schema) -> Iterator[tuple[Definition, Definition, str]]:
    """Yield each place that both schemas have, once, with its pointer in the reader."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[Node, Node, str]] = [(reader.root, writer.root, "")]
    while waiting:
        read, written, at = waiting.pop()
        one, other = reader.meaning(read), writer.meaning(written)
        if (id(one), id(other)) in seen or len(at) > MAX_POINTER:
            continue
        seen.add((id(one), id(other)))
        yield one, other, at
        waiting.extend(reversed(list(_parts(one, other, at))))


def _warning(reader: Definition, writer: Definition, at: str) -> LogicalWarning:
    message = f"the reader takes {_words(writer)} for {_words(reader)}"
    return LogicalWarning(pointer=at or "/", message=message)


def _words(node: Definition) -> str:
    logical = _logical(node)
    return " ".join(map(str, logical)) if logical else f"plain {node.kind}"


def _logical(node: Definition) -> tuple[object, ...]:
    """Return the logical type with what decides its meaning; nothing where there is none."""
    props = {} if isinstance(node, Union) else node.props
    name = props.get("logicalType")
    if not isinstance(name, str):
        return ()
    return (name, props.get("precision"), props.get("scale", 0)) if name == "decimal" else (name,)


def _parts(reader: Definition, writer: Definition, at: str) -> _Places:
    match reader, writer:
        case Union(), _:
            others = _by_name(writer)
            for i, branch in enumerate(reader.branches):
                yield from ((branch, other, f"{at}/{i}") for other in others.get(_short(branch), ()))
        case _, Union():
            yield from ((reader, other, at) for other in _by_name(writer).get(_short(reader), ()))
        case Array(), Array():
            yield reader.items, writer.items, f"{at}/items"
        case Map(), Map():
            yield reader.values, writer.values, f"{at}/values"
        case Record(), Record():
            yield from _fields(reader, writer, at)


def _by_name(writer: Definition) -> Mapping[str, Sequence[Node]]:
    """Group the writer's branches by what a branch of the reader is chosen by: the type, or its simple name."""
    found: dict[str, list[Node]] = {}
    for branch in writer.branches if isinstance(writer, Union) else (writer,):
        found.setdefault(_short(branch), []).append(branch)
    return found


def _short(node: Node) -> str:
    return node.kind if isinstance(node, Primitive) else node.full_name.rpartition(".")[2]


def _fields(reader: Record, writer: Record, at: str) -> _Places:
    written = {field.name: field for field in writer.fields}
    for i, field in enumerate(reader.fields):
        for name in (field.name, *field.aliases):
            if name in written:
                yield field.type, written[name].type, f"{at}/fields/{i}/type"
