"""When defining a name twice is no contradiction (Java's ``Schema.equals``): the same content again.

Docs, aliases, an enum's default and ``error`` do not count; properties, defaults and sort orders do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from registry.avro.nodes import Array, Enum, Field, Fixed, Json, Map, Named, Node, Primitive, Record, Reference, Union

_Pair = tuple[Node, Node]


def are_same(left: Node, right: Node, names: Mapping[str, Named]) -> bool:
    """Say whether two nodes are equal. A forward reference equals nothing but itself, as in Java."""
    pairs: list[_Pair] = [(left, right)]
    while pairs:
        one, other = (_meaning(node, names) for node in pairs.pop())
        if one is other:
            continue
        if one.kind != other.kind or not _heads_match(one, other):
            return False
        pairs.extend(zip(_parts(one), _parts(other), strict=True))
    return True


def _meaning(node: Node, names: Mapping[str, Named]) -> Node:
    return names[node.full_name] if isinstance(node, Reference) and not node.forward else node


def _heads_match(one: Node, other: Node) -> bool:
    match one, other:
        case Record(), Record():
            return _named_match(one, other) and _all_match(one.fields, other.fields)
        case Enum(), Enum():
            return _named_match(one, other) and one.symbols == other.symbols
        case Fixed(), Fixed():
            return _named_match(one, other) and one.size == other.size
        case Union(), Union():
            return len(one.branches) == len(other.branches)
        case ((Primitive() | Array() | Map()), (Primitive() | Array() | Map())):
            return same_json(dict(one.props), dict(other.props))
        case _:
            return False


def _named_match(one: Named, other: Named) -> bool:
    return one.name.full == other.name.full and same_json(dict(one.props), dict(other.props))


def _all_match(fields: tuple[Field, ...], others: tuple[Field, ...]) -> bool:
    return len(fields) == len(others) and all(map(_field_match, fields, others))


def _field_match(one: Field, other: Field) -> bool:
    return (
        (one.name, one.order) == (other.name, other.order)
        and same_json(one.default, other.default)
        and same_json(dict(one.props), dict(other.props))
    )


def _parts(node: Node) -> Iterator[Node]:
    match node:
        case Record(fields=fields):
            yield from (field.type for field in fields)
        case Array(items=part) | Map(values=part):
            yield part
        case Union(branches=branches):
            yield from branches


def same_json(one: Json, other: Json) -> bool:
    """Compare as Jackson's nodes do: 1, 1.0 and true are three values, the order of keys does not count."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return repr(one) == repr(other) if isinstance(one, float) else bool(one == other)
