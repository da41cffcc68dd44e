"""Can a reader read what a writer wrote? (Avro 1.12, "Schema Resolution"; Java's ``SchemaCompatibility``.)

Kinds, pointers and their order are Java's. Answers are remembered by pair of nodes, so a check is linear and ends
on recursive types; a pair met again tells the pointers of its first meeting, as in Java.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from bus.errors import InvalidSchema
from bus.registry import Incompatibility
from registry.avro.nodes import (
    MISSING,
    Array,
    Definition,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Schema,
    Union,
)
from registry.avro.parse import parse
from registry.avro.stack import Steps, run

MAX_REASONS = 2_000
"""More are not told: types used again and again could otherwise double the list at each level."""

MAX_NAMES = 20
MAX_NAME = 200
"""A message names no more than this."""

MAX_PAIRS = 100_000
MAX_POINTER = 10_000
"""Unions of records that hold unions, and chains of records, could otherwise take hours or all memory."""

AMBIGUOUS_FIELD = "AMBIGUOUS_FIELD"
TOO_COMPLEX = "TOO_COMPLEX"
UNDECIDED = frozenset({AMBIGUOUS_FIELD, TOO_COMPLEX})
"""The kinds that say that a pair could not be decided on, which counts as a no.

Java ends with an exception where a reader's field fits two of the writer's; ``TOO_COMPLEX`` are the limits above.
"""

_READS = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
    "bytes": {"string"},
    "string": {"bytes"},
}

_Found = Sequence[Incompatibility]


class Verdict(enum.Enum):
    """The four answers of the Java library for a pair of texts; all but ``COMPATIBLE`` mean no."""

    COMPATIBLE = "COMPATIBLE"
    INCOMPATIBLE = "INCOMPATIBLE"
    ERROR = "ERROR"
    INVALID = "INVALID"


def verdict(reader: str, writer: str, *, unicode_names: bool = False) -> tuple[Verdict, _Found]:
    """Answer for two texts, as Java does: the verdict, and the reasons of an ``INCOMPATIBLE`` or ``ERROR``."""
    try:
        schemas = [parse(text, unicode_names=unicode_names) for text in (reader, writer)]
    except InvalidSchema:
        return Verdict.INVALID, ()
    found = incompatibilities(*schemas)
    if not found:
        return Verdict.COMPATIBLE, ()
    return (Verdict.ERROR if found[0].kind in UNDECIDED else Verdict.INCOMPATIBLE), found


def incompatibilities(reader: Schema, writer: Schema) -> list[Incompatibility]:
    """Return what keeps ``reader`` from reading ``writer``'s data; nothing means that it can.

    A single one whose kind is in :data:`UNDECIDED` says that the pair could not be decided on, which counts as a no.
    """
    try:
        return list(run(_Check(reader, writer).pair(reader.root, writer.root, "")))
    except _Undecided as undecided:
        return [undecided.reason]


class _Undecided(Exception):
    """Ends the whole check, as Java's exception does."""

    def __init__(self, reason: Incompatibility) -> None:
        super().__init__(reason.message)
        self.reason = reason


class _Check:
    def __init__(self, reader: Schema, writer: Schema) -> None:
        self.reader, self.writer = reader, writer
        self.answers: dict[tuple[int, int], _Found] = {}

    def pair(self, reader: Node, writer: Node, at: str) -> Steps[_Found]:
        """Compare two nodes, or remember. While a pair is being compared it counts as compatible."""
        reads, writes = self.reader.meaning(reader), self.writer.meaning(writer)
        if isinstance(reads, Primitive) and not isinstance(writes, Union):
            return _leaf(reads, writes, at)
        key = id(reads), id(writes)
        found = self.answers.get(key)
        if found is None:
            self._check_limits(at)
            self.answers[key] = ()
            found = (yield from self._compare(reads, writes, at))[:MAX_REASONS]
            self.answers[key] = found
        return found

    def _check_limits(self, at: str) -> None:
        if len(self.answers) >= MAX_PAIRS or len(at) > MAX_POINTER:
            message = f"the schemas take more than {MAX_PAIRS:,} comparisons, or are nested too deep"
            raise _Undecided(_because(TOO_COMPLEX, at[:MAX_POINTER], message))

    def _compare(self, reader: Definition, writer: Definition, at: str) -> Steps[_Found]:
        found: _Found
        match reader, writer:
            case Union(), Union():
                return (yield from self._each_branch(reader, writer, at))
            case _, Union():
                return (yield from self._all_branches(reader, writer, at))
            case Union(), _:
                return (yield from self._some_branch(reader, writer, at))
            case Record(), Record():
                found = [*_names(reader, writer, at), *(yield from self._fields(reader, writer, at))]
            case Enum(), Enum():
                found = [*_names(reader, writer, at), *_symbols(reader, writer, at)]
            case Fixed(), Fixed():
                found = [*_names(reader, writer, at), *_size(reader, writer, at)]
            case Array(), Array():
                found = yield self.pair(reader.items, writer.items, f"{at}/items")
            case Map(), Map():
                found = yield self.pair(reader.values, writer.values, f"{at}/values")
            case _:
                return _mismatch(reader, writer, at)
        return found

    def _each_branch(self, reader: Union, writer: Union, at: str) -> Steps[_Found]:
        found: list[Incompatibility] = []
        for i, branch in enumerate(writer.branches):
            if (yield self.pair(reader, branch, "")):
                found.append(_missing_branch(self.writer.meaning(branch), f"{at}/{i}"))
        return found

    def _all_branches(self, reader: Definition, writer: Union, at: str) -> Steps[_Found]:
        found: list[Incompatibility] = []
        for i, branch in enumerate(writer.branches):
            found += _room(found, (yield self.pair(reader, branch, f"{at}/{i}")))
        return found

    def _some_branch(self, reader: Union, writer: Definition, at: str) -> Steps[_Found]:
        for branch in reader.branches:
            if not (yield self.pair(branch, writer, "")):
                return ()
        return [_missing_branch(writer, at)]

    def _fields(self, reader: Record, writer: Record, at: str) -> Steps[_Found]:
        written = {field.name: field for field in writer.fields}
        found: list[Incompatibility] = []
        for i, field in enumerate(reader.fields):
            matches = [written[name] for name in (field.name, *field.aliases) if name in written]
            if len(matches) > 1:
                raise _Undecided(_ambiguous(field, matches, f"{at}/fields/{i}"))
            if matches:
                found += _room(found, (yield self.pair(field.type, matches[0].type, f"{at}/fields/{i}/type")))
            elif field.default is MISSING:
                found += _room(found, (yield self._missing_field(field, writer, f"{at}/fields/{i}")))
        return found

    def _missing_field(self, field: Field, writer: Record, at: str) -> Steps[_Found]:
        """An enum's own default does not fill a missing field; Java then compares its type with the whole writer."""
        kind = self.reader.meaning(field.type)
        if isinstance(kind, Enum) and kind.default is not None:
            found: _Found = yield self.pair(kind, writer, f"{at}/type")
            return found
        message = f"the writer has no field {_words([field.name])}, and the reader has no default for it"
        return [_because("READER_FIELD_MISSING_DEFAULT_VALUE", at, message)]


def _room(found: _Found, more: _Found) -> _Found:
    """Return what of ``more`` may still be told."""
    return more[: MAX_REASONS - len(found)]


def _leaf(reader: Primitive, writer: Definition, at: str) -> _Found:
    if reader.kind == writer.kind or writer.kind in _READS.get(reader.kind, ()):
        return ()
    return _mismatch(reader, writer, at)


def _mismatch(reader: Definition, writer: Definition, at: str) -> _Found:
    return [_because("TYPE_MISMATCH", at, f"the reader's type {reader.kind} cannot read the type {writer.kind}")]


def _missing_branch(writer: Definition, at: str) -> Incompatibility:
    name = _words([writer.full_name])
    return _because("MISSING_UNION_BRANCH", at, f"no branch of the reader's union reads the type {name}")


def _ambiguous(field: Field, matches: Iterable[Field], at: str) -> Incompatibility:
    names = _words([match.name for match in matches])
    message = f"the field {_words([field.name])} and its aliases fit several fields of the writer: {names}"
    return _because(AMBIGUOUS_FIELD, at, message)


def _names(reader: Named, writer: Named, at: str) -> _Found:
    """Simple names that are equal are enough; else an alias of the reader must be the writer's full name."""
    if reader.name.simple == writer.name.simple or writer.full_name in _alias_texts(reader):
        return ()
    mine, other = _words([reader.full_name]), _words([writer.full_name])
    message = f"the reader's name {mine} and its aliases are not the writer's {other}"
    return [_because("NAME_MISMATCH", f"{at}/name", message)]


def _alias_texts(reader: Named) -> set[str]:
    """An alias in no namespace, of a type that has one, stands as ``.Alias`` and so fits no writer in Java."""
    return {alias.full for alias in reader.aliases if alias.space or not reader.name.space}


def _symbols(reader: Enum, writer: Enum, at: str) -> _Found:
    missing = sorted(set(writer.symbols) - set(reader.symbols))
    if not missing or reader.default is not None:
        return ()
    message = f"the reader's enum lacks the writer's symbols {_words(missing)}, and has no default"
    return [_because("MISSING_ENUM_SYMBOLS", f"{at}/symbols", message)]


def _size(reader: Fixed, writer: Fixed, at: str) -> _Found:
    if reader.size == writer.size:
        return ()
    return [_because("FIXED_SIZE_MISMATCH", f"{at}/size", f"the reader's size is {reader.size}, not {writer.size}")]


def _words(names: Sequence[str]) -> str:
    """List names for a message, however many and long they are."""
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(name[:MAX_NAME] for name in names[:MAX_NAMES]) + more


def _because(kind: str, at: str, message: str) -> Incompatibility:
    return Incompatibility(kind=kind, pointer=at or "/", message=message)
