"""Parsing canonical form (Avro 1.12, "Parsing Canonical Form for Schemas"; Java's ``SchemaNormalization``)."""

from __future__ import annotations

from collections.abc import Iterable

from registry.avro.nodes import Array, Enum, Field, Fixed, Map, Named, Node, Record, Schema, Union
from registry.avro.stack import unfold


def canonical_form(schema: Schema) -> str:
    """Return the text that is equal for schemas whose data mean the same to a reader.

    >>> from registry.avro.parse import parse
    >>> canonical_form(parse('{"type": "fixed", "size": 4, "name": "F", "namespace": "a.b"}'))
    '{"name":"a.b.F","type":"fixed","size":4}'
    """
    writer = _Writer(schema)
    return unfold(schema.root, writer.expand)


class _Writer:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.written: set[str] = set()

    def expand(self, item: Node) -> Iterable[str | Node]:
        node = self.schema.meaning(item)
        match node:
            case Union(branches=branches):
                return _listed("[", branches, "]")
            case Array(items=part):
                return ['{"type":"array","items":', part, "}"]
            case Map(values=part):
                return ['{"type":"map","values":', part, "}"]
            case Record() | Enum() | Fixed():
                return self._named(node)
            case _:
                return [f'"{node.kind}"']

    def _named(self, node: Named) -> Iterable[str | Node]:
        name = node.full_name
        if name in self.written:
            return [f'"{name}"']
        self.written.add(name)
        return [f'{{"name":"{name}","type":"{node.kind}",', *_rest(node), "}"]


def _rest(node: Named) -> Iterable[str | Node]:
    match node:
        case Enum(symbols=symbols):
            return ['"symbols":[', ",".join(f'"{symbol}"' for symbol in symbols), "]"]
        case Fixed(size=size):
            return [f'"size":{size}']
        case Record(fields=fields):
            return ['"fields":[', *_fields(fields), "]"]


def _fields(fields: tuple[Field, ...]) -> Iterable[str | Node]:
    for i, field in enumerate(fields):
        yield f'{"," if i else ""}{{"name":"{field.name}","type":'
        yield field.type
        yield "}"


def _listed(head: str, nodes: tuple[Node, ...], tail: str) -> Iterable[str | Node]:
    yield head
    for i, node in enumerate(nodes):
        if i:
            yield ","
        yield node
    yield tail
