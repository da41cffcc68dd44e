"""From text to a :class:`~registry.avro.nodes.Schema`, refusing what Java's ``Schema.Parser`` refuses.

Each function reads one kind of node (Avro 1.12, "Schema Declaration"); ``at`` is the JSON pointer of the place.
Attributes that a kind does not know are its properties, kept in their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from bus.errors import InvalidSchema
from registry.avro.defaults import double_of, is_valid_default
from registry.avro.equality import are_same
from registry.avro.names import PRIMITIVES, NameRule
from registry.avro.nodes import (
    MISSING,
    Array,
    Definition,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Name,
    Named,
    Node,
    Primitive,
    Props,
    Record,
    Reference,
    Schema,
    Union,
)
from registry.avro.resolution import resolve
from registry.avro.text import read_json, refuse

MAX_FIXED_BYTES = 2**31 - 9

_RESERVED = frozenset({"doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"})
_ENUM_RESERVED = _RESERVED | {"default"}
_FIELD_RESERVED = frozenset({"default", "doc", "name", "order", "type", "aliases"})
_COMPLEX = frozenset({"record", "error", "enum", "fixed", "array", "map"})
_ORDERS = frozenset({"ascending", "descending", "ignore"})
_NO_PROPS: Props = MappingProxyType({})


def parse(source: str | Json, *, known: Iterable[Schema] = (), unicode_names: bool = False) -> Schema:
    """Read a schema from JSON text, or from JSON already parsed (a text is always read as JSON text).

    ``known`` are schemas whose named types this one may use: a registry's references. ``unicode_names`` lets
    pass the names that Java's parser takes and the specification does not.

    Raises :class:`InvalidSchema`, whose message begins with the JSON pointer of the place.
    """
    parser = _Parser(NameRule(unicode=unicode_names), known)
    try:
        root = parser.node(read_json(source) if isinstance(source, str) else source, None, "")
        if parser.has_forward:
            resolve(root, parser.names)
    except RecursionError as error:
        raise InvalidSchema("the schema is nested too deep") from error
    return Schema(root, parser.names)


class _Parser:
    def __init__(self, rule: NameRule, known: Iterable[Schema]) -> None:
        self.rule = rule
        self.names: dict[str, Named] = {}
        self.has_forward = False
        for schema in known:
            for named in schema.names.values():
                self._define(named, "")

    def node(self, json: Json, space: str | None, at: str) -> Node:
        if isinstance(json, str):
            return self._use(json, space)
        if isinstance(json, dict):
            return self._object(json, space, at)
        if not isinstance(json, list):
            refuse(at, "a schema is a name, an object or a list")
        return self._union(json, space, at)

    def _object(self, json: dict[str, Json], space: str | None, at: str) -> Node:
        kind = _required(json, "type", at)
        if kind in PRIMITIVES:
            return Primitive(kind, _props(json, _RESERVED))
        if kind not in _COMPLEX:
            refuse(at, f"{kind[:80]!r} is no kind of type; a named type is used by its name alone, not in an object")
        match kind:
            case "record" | "error":
                return self._record(json, space, at)
            case "enum":
                return self._enum(json, space, at)
            case "fixed":
                return self._fixed(json, space, at)
            case "array":
                return Array(self._part(json, "items", space, at), _checked(_props(json, _RESERVED), at))
            case _:
                return Map(self._part(json, "values", space, at), _checked(_props(json, _RESERVED), at))

    def _use(self, name: str, space: str | None) -> Node:
        """Find a type by its name, first in ``space``, then in no namespace (Java's ``ParseContext.find``)."""
        if name in PRIMITIVES:
            return Primitive(name, _NO_PROPS)
        full = f"{space}.{name}" if space is not None and "." not in name else name
        if full not in self.names and name in self.names:
            full = name
        is_forward = full not in self.names
        self.has_forward |= is_forward
        return Reference(full, is_forward)

    def _part(self, json: dict[str, Json], key: str, space: str | None, at: str) -> Node:
        if key not in json:
            refuse(at, f"{json['type']!r} needs the attribute {key!r}")
        return self.node(json[key], space, f"{at}/{key}")

    def _union(self, json: list[Json], space: str | None, at: str) -> Union:
        branches = tuple(self.node(branch, space, f"{at}/{i}") for i, branch in enumerate(json))
        seen: set[str] = set()
        for i, branch in enumerate(branches):
            if isinstance(branch, Union):
                refuse(f"{at}/{i}", "a union may not hold a union")
            if branch.full_name in seen:
                refuse(f"{at}/{i}", f"the union has {branch.full_name[:200]!r} twice")
            seen.add(branch.full_name)
        return Union(branches)

    def _record(self, json: dict[str, Json], space: str | None, at: str) -> Record:
        name = self._name(json, space, at)
        listed = json.get("fields")
        if not isinstance(listed, list):
            refuse(at, "a record needs a list of fields")
        fields = tuple(self._field(field, name.space, f"{at}/fields/{i}") for i, field in enumerate(listed))
        _refuse_doubles([field.name for field in fields], f"{at}/fields", "field")
        record = Record(fields=fields, is_error=json["type"] == "error", **self._common(json, name, _RESERVED, at))
        _checked(record.props, at)
        self._define(record, at)
        return record

    def _field(self, json: Json, space: str | None, at: str) -> Field:
        if not isinstance(json, dict):
            refuse(at, "a field is an object")
        name = self.rule.check(_required(json, "name", at), f"{at}/name", "field name")
        if "type" not in json:
            refuse(at, "a field needs a type")
        kind = self.node(json["type"], space, f"{at}/type")
        return Field(
            name=name,
            type=kind,
            doc=_optional(json, "doc"),
            default=self._default(json, kind, at) if "default" in json else MISSING,
            order=_order(json, at),
            aliases=_aliases(json, at),
            props=_props(json, _FIELD_RESERVED),
        )

    def _default(self, json: dict[str, Json], kind: Node, at: str) -> Json:
        default = json["default"]
        if isinstance(default, str) and kind.kind in ("float", "double"):
            default = double_of(default)
        if not is_valid_default(kind, default, self):
            refuse(f"{at}/default", "the default does not fit the field's type")
        return default

    def _enum(self, json: dict[str, Json], space: str | None, at: str) -> Enum:
        name = self._name(json, space, at)
        symbols = json.get("symbols")
        if not isinstance(symbols, list):
            refuse(at, "an enum needs a list of symbols")
        for i, symbol in enumerate(symbols):
            self.rule.check(symbol if isinstance(symbol, str) else "", f"{at}/symbols/{i}", "symbol")
        _refuse_doubles(symbols, f"{at}/symbols", "symbol")
        default = _optional(json, "default")
        if default is not None and default not in symbols:
            refuse(f"{at}/default", "the enum's default is not one of its symbols")
        common = self._common(json, name, _ENUM_RESERVED, at)
        enum = Enum(symbols=tuple(symbols), default=default, **common)
        self._define(enum, at)
        return enum

    def _fixed(self, json: dict[str, Json], space: str | None, at: str) -> Fixed:
        name = self._name(json, space, at)
        size = json.get("size")
        if type(size) is not int or not 0 <= size <= MAX_FIXED_BYTES:
            refuse(at, f"a fixed needs a size from 0 to {MAX_FIXED_BYTES:,}")
        fixed = Fixed(size=size, **self._common(json, name, _RESERVED, at))
        self._define(fixed, at)
        return fixed

    def _name(self, json: dict[str, Json], space: str | None, at: str) -> Name:
        own = _optional(json, "namespace")
        name = self.rule.make(_required(json, "name", at), space if own is None else own, f"{at}/name")
        if name.full in PRIMITIVES:
            refuse(f"{at}/name", f"a type may not be named {name.full!r}")
        return name

    def _common(self, json: dict[str, Json], name: Name, reserved: frozenset[str], at: str) -> dict[str, Any]:
        """Return what the three named kinds have in common, as keywords."""
        aliases = {alias.full: alias for alias in self._type_aliases(json, name, at)}
        return {
            "name": name,
            "doc": _optional(json, "doc"),
            "aliases": tuple(aliases.values()),
            "props": _props(json, reserved),
        }

    def _type_aliases(self, json: dict[str, Json], name: Name, at: str) -> Iterable[Name]:
        """An alias without a dot is in the namespace of the type itself (Avro 1.12, "Aliases")."""
        for alias in _aliases(json, at):
            yield self.rule.make(alias, name.space, f"{at}/aliases")

    def _define(self, named: Named, at: str) -> None:
        self.rule.check_space(named.name, at)
        before = self.names.setdefault(named.full_name, named)
        if not are_same(before, named, self.names):
            refuse(at, f"the type {named.full_name[:200]} is defined twice, and not alike")

    def meaning(self, node: Node) -> Definition | None:
        """As :class:`~registry.avro.defaults.Types` says."""
        if isinstance(node, Reference):
            return None if node.forward else self.names[node.full_name]
        return node

    def fields(self, record: Record) -> tuple[Field, ...]:
        """As :class:`~registry.avro.defaults.Types` says."""
        return record.fields


def _optional(json: dict[str, Json], key: str) -> str | None:
    """Return a text; what is no text counts as absent, as in Java."""
    value = json.get(key)
    return value if isinstance(value, str) else None


def _required(json: dict[str, Json], key: str, at: str) -> str:
    value = _optional(json, key)
    if value is None:
        refuse(at, f"the attribute {key!r} is missing or no text")
    return value


def _order(json: dict[str, Json], at: str) -> str:
    order = json.get("order", "ascending")
    if not isinstance(order, str) or order.upper().lower() not in _ORDERS:
        refuse(f"{at}/order", "a sort order is ascending, descending or ignore")
    return order.upper().lower()


def _aliases(json: dict[str, Json], at: str) -> tuple[str, ...]:
    listed = json.get("aliases", [])
    if not isinstance(listed, list) or not all(isinstance(alias, str) for alias in listed):
        refuse(f"{at}/aliases", "aliases are a list of names")
    return tuple(dict.fromkeys(listed))


def _props(json: dict[str, Json], reserved: frozenset[str]) -> Props:
    return {key: value for key, value in json.items() if key not in reserved} or _NO_PROPS


def _checked(props: Props, at: str) -> Props:
    """Refuse a whole number beyond 64 bits: where Java copies a schema's properties it loses such a one."""
    waiting: list[Json] = list(props.values())
    while waiting:
        value = waiting.pop()
        if type(value) is int and not -(2**63) <= value < 2**63:
            refuse(at, "a property holds a whole number beyond 64 bits")
        if isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return props


def _refuse_doubles(names: list[str], at: str, what: str) -> None:
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            refuse(f"{at}/{i}", f"the {what} {name[:200]!r} stands twice")
        seen.add(name)
