"""A parsed schema as frozen nodes: plain data, without cycles.

A use of a named type is a :class:`Reference`; :class:`Schema` holds the table that says what it means. Nodes
compare by identity, because Java's checker remembers its answers by object and its pointers depend on that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, TypeAlias

from msgspec import UNSET, Struct

Json: TypeAlias = Any
"""What ``json.loads`` gives: nothing narrower can be said of a default or of a property."""

Props: TypeAlias = Mapping[str, Json]

MISSING = UNSET
"""The default of a field that has none; ``None`` is the default ``null``."""


class Name(NamedTuple):
    """A name with its namespace (Avro 1.12, "Names"); ``full`` is both, joined by a dot."""

    simple: str
    space: str | None
    full: str


class Primitive(Struct, frozen=True, eq=False):
    """One of the eight types without parts; ``kind`` is its name."""

    kind: str
    props: Props

    @property
    def full_name(self) -> str:
        return self.kind


class Array(Struct, frozen=True, eq=False):
    kind: ClassVar[str] = "array"
    full_name: ClassVar[str] = "array"
    items: Node
    props: Props


class Map(Struct, frozen=True, eq=False):
    kind: ClassVar[str] = "map"
    full_name: ClassVar[str] = "map"
    values: Node
    props: Props


class Union(Struct, frozen=True, eq=False):
    kind: ClassVar[str] = "union"
    full_name: ClassVar[str] = "union"
    branches: tuple[Node, ...]


class Reference(Struct, frozen=True, eq=False):
    """A use of a named type. ``forward`` says that the type was not yet defined at this place of the text."""

    kind: ClassVar[str] = "reference"
    full_name: str
    forward: bool


class _Named(Struct, frozen=True, eq=False, kw_only=True):
    name: Name
    doc: str | None
    aliases: tuple[Name, ...]
    props: Props

    @property
    def full_name(self) -> str:
        return self.name.full


class Enum(_Named, frozen=True, eq=False, kw_only=True):
    kind: ClassVar[str] = "enum"
    symbols: tuple[str, ...]
    default: str | None


class Fixed(_Named, frozen=True, eq=False, kw_only=True):
    kind: ClassVar[str] = "fixed"
    size: int


class Field(Struct, frozen=True, eq=False, kw_only=True):
    """A record's field; ``default`` is :data:`MISSING` where there is none."""

    name: str
    type: Node
    doc: str | None
    default: Json
    order: str
    aliases: tuple[str, ...]
    props: Props


class Record(_Named, frozen=True, eq=False, kw_only=True):
    """A record, or with ``is_error`` the record of a protocol's error, which is read and written alike."""

    kind: ClassVar[str] = "record"
    fields: tuple[Field, ...]
    is_error: bool


Named: TypeAlias = Record | Enum | Fixed
Definition: TypeAlias = Primitive | Array | Map | Union | Record | Enum | Fixed
Node: TypeAlias = Definition | Reference


class Schema(Struct, frozen=True, eq=False):
    """A whole schema: its root, and each named type that it defines or was given."""

    root: Node
    names: Mapping[str, Named]

    def meaning(self, node: Node) -> Definition:
        """Return the definition that a node stands for, which is the node itself unless it is a reference."""
        return self.names[node.full_name] if isinstance(node, Reference) else node

    @property
    def full_name(self) -> str:
        """The full name of the root, or the name of its type."""
        return self.root.full_name
