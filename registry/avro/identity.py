"""The text whose equality makes two schemas the same to a registry: Java's ``Schema.toString``.

Unlike the canonical form it keeps docs, defaults, aliases, orders and properties; white space, the order of
Avro's own attributes, a repeated namespace and ``{"type": "string"}`` for ``"string"`` do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from registry.avro.java_json import json_text, quoted
from registry.avro.names import qualified
from registry.avro.nodes import (
    MISSING,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Name,
    Named,
    Node,
    Primitive,
    Props,
    Record,
    Schema,
    Union,
)
from registry.avro.stack import unfold


class _Placed(NamedTuple):
    """A node, and the namespace that encloses it."""

    node: Node
    space: str | None


_Pieces = Iterable[str | _Placed]


def identity(schema: Schema, references: Iterable[Schema] = ()) -> str:
    """Return the identity text; the roots of ``references`` are named in it, not written out.

    >>> from registry.avro.parse import parse
    >>> identity(parse('{"name": "a.b.F", "size": 4, "type": "fixed"}'))
    '{"type":"fixed","name":"F","namespace":"a.b","size":4}'
    """
    writer = _Writer(schema, {reference.full_name for reference in references})
    return unfold(_Placed(schema.root, None), writer.expand)


class _Writer:
    def __init__(self, schema: Schema, written: set[str]) -> None:
        self.schema = schema
        self.written = written

    def expand(self, item: _Placed) -> _Pieces:
        node, space = self.schema.meaning(item.node), item.space
        match node:
            case Primitive(kind=kind, props=props):
                return [f'{{"type":"{kind}"{_props(props)}}}' if props else f'"{kind}"']
            case Array(items=part, props=props):
                return ['{"type":"array","items":', _Placed(part, space), _props(props), "}"]
            case Map(values=part, props=props):
                return ['{"type":"map","values":', _Placed(part, space), _props(props), "}"]
            case Union(branches=branches):
                return _union(branches, space)
            case Record() | Enum() | Fixed():
                return self._named(node, space)

    def _named(self, node: Named, space: str | None) -> _Pieces:
        if node.full_name in self.written:
            return [quoted(qualified(node.name, space))]
        self.written.add(node.full_name)
        return [_head(node, space), *_body(node), _props(node.props), _type_aliases(node), "}"]


def _head(node: Named, space: str | None) -> str:
    kind = "error" if isinstance(node, Record) and node.is_error else node.kind
    return f'{{"type":"{kind}","name":"{node.name.simple}"{_namespace(node.name, space)}{_doc(node.doc)}'


def _namespace(name: Name, space: str | None) -> str:
    return "" if name.space == space else f',"namespace":{quoted(name.space or "")}'


def _doc(doc: str | None) -> str:
    return "" if doc is None else f',"doc":{quoted(doc)}'


def _body(node: Named) -> _Pieces:
    match node:
        case Enum(symbols=symbols, default=default):
            chosen = "" if default is None else f',"default":{quoted(default)}'
            return [f',"symbols":{_names(symbols)}{chosen}']
        case Fixed(size=size):
            return [f',"size":{size}']
        case Record(fields=fields):
            return [',"fields":[', *_fields(fields, node.name.space), "]"]


def _fields(fields: tuple[Field, ...], space: str | None) -> _Pieces:
    for i, field in enumerate(fields):
        yield f'{"," if i else ""}{{"name":"{field.name}","type":'
        yield _Placed(field.type, space)
        yield f"{_doc(field.doc)}{_settings(field)}{_props(field.props)}}}"


def _settings(field: Field) -> str:
    default = "" if field.default is MISSING else f',"default":{json_text(field.default)}'
    order = "" if field.order == "ascending" else f',"order":"{field.order}"'
    return default + order + (f',"aliases":{_names(field.aliases)}' if field.aliases else "")


def _union(branches: tuple[Node, ...], space: str | None) -> _Pieces:
    yield "["
    for i, branch in enumerate(branches):
        if i:
            yield ","
        yield _Placed(branch, space)
    yield "]"


def _type_aliases(node: Named) -> str:
    texts = [qualified(alias, node.name.space) for alias in node.aliases]
    return f',"aliases":{_names(texts)}' if texts else ""


def _names(texts: Iterable[str]) -> str:
    return f"[{','.join(map(quoted, texts))}]"


def _props(props: Props) -> str:
    return "".join(f",{quoted(key)}:{json_text(value)}" for key, value in props.items())
