"""A mapping file as a tree of texts, each with its place, so that an error can say where it stands.

YAML's guesses are left out: ``NO``, ``1.10`` and ``2026-11-24`` stay the texts they are, and the contract says what
they mean. So nothing in a mapping file can be run, and nothing is read otherwise than it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn, TypeAlias
from unicodedata import normalize

import yaml
from msgspec import Struct

from bus.errors import ConfigError
from bus.nearest import suggestion

_MAX_BYTES = 512 * 1024
_MAX_NODES = 100_000
_MAX_DEPTH = 24
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "seq", "map")
}
_NULLS = ("", "~", "null")


class At(Struct, frozen=True):
    """A place in a mapping file."""

    file: str
    line: int
    path: str = ""

    def error(self, message: str, hint: str) -> ConfigError:
        """Return the error that is to be raised about this place."""
        what = f", `{self.path}`" if self.path else ""
        return ConfigError(f"{self.file} line {self.line}{what}: {message}", hint=hint)


class Text(Struct, frozen=True):
    """A single text; ``is_null`` where nothing, ``~`` or ``null`` stands without quotes."""

    text: str
    at: At
    is_null: bool = False


class Items(Struct, frozen=True):
    """A list."""

    parts: tuple[Node, ...]
    at: At


class Table(Struct, frozen=True):
    """Names with what stands under each, in the file's order."""

    entries: Mapping[str, Node]
    at: At

    def check_names(self, known: Collection[str], what: str) -> None:
        """Refuse a name that is not ``known``, with the nearest that is."""
        for name, node in self.entries.items():
            if name not in known:
                raise node.at.error(f"{what} has no `{name}`", hint=suggestion(name, known))

    def need(self, name: str, what: str) -> Node:
        """Return what stands under ``name``, which must be there."""
        if name not in self.entries:
            raise self.at.error(f"{what} needs `{name}:`", hint="The file drop's README.md tells what it means.")
        return self.entries[name]


Node: TypeAlias = Text | Items | Table


def load(file: Path) -> Table:
    """Return the tree of a mapping file. Raises :class:`~bus.errors.ConfigError`."""
    top = At(file.name, 1)
    try:
        tree = yaml.compose(_content(file, top), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise At(file.name, line).error(
            f"not YAML: {error.problem or error.context}",
            hint='Look at the indents, and put quotes around a text with ": ", " #" or a sign at its beginning.',
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise top.error("not YAML", hint="Look for control characters, and for brackets without an end.") from error
    node = _Reader(file.name).read(tree, "", 0) if tree is not None else None
    if not isinstance(node, Table):
        raise top.error("not a mapping: it should begin with `source:`", hint="Begin with a copy of an example.")
    return node


def text_of(node: Node) -> str:
    """Return a node's text. Raises :class:`~bus.errors.ConfigError` for anything else, or nothing."""
    if not isinstance(node, Text) or node.is_null:
        raise node.at.error("a single text should stand here", hint="Write one text, in quotes if it has signs in it.")
    return node.text


def texts_of(node: Node) -> tuple[str, ...]:
    """Return the texts of a list, or the one text."""
    return tuple(text_of(part) for part in node.parts) if isinstance(node, Items) else (text_of(node),)


def table_of(node: Node, what: str) -> Table:
    """Return a node with names under it."""
    if not isinstance(node, Table):
        raise node.at.error(f"{what} is a table of names", hint="Write `name: value` lines under it, indented.")
    return node


class _Reader:
    """Counts what it reads: aliases could make a small file endless."""

    def __init__(self, file: str) -> None:
        self._file, self._count = file, 0

    def read(self, node: yaml.Node, path: str, depth: int) -> Node:
        at = At(self._file, node.start_mark.line + 1, path)
        self._count += 1
        if self._count > _MAX_NODES or depth > _MAX_DEPTH:
            _refuse(at, "the mapping is too large, or nests too deep", "Take fewer aliases (`*name`).")
        if node.tag not in _PLAIN_TAGS:
            _refuse(at, "a YAML tag stands here, which no mapping needs", "Leave out the word behind `!`.")
        if isinstance(node, yaml.ScalarNode):
            is_null = node.style is None and node.value in _NULLS
            return Text(normalize("NFC", node.value), at, is_null)
        if isinstance(node, yaml.SequenceNode):
            parts = [self.read(part, f"{path}[{place}]", depth + 1) for place, part in enumerate(node.value)]
            return Items(tuple(parts), at)
        return self._table(node, at, depth)

    def _table(self, node: yaml.Node, at: At, depth: int) -> Table:
        entries: dict[str, Node] = {}
        for key, value in node.value:
            here = At(self._file, key.start_mark.line + 1, at.path)
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                _refuse(here, "a name is a single text, and `<<` is none", "Put what events share under `fields:`.")
            name = normalize("NFC", key.value)
            if name in entries:
                _refuse(here, f"`{name}` stands twice", "Keep one of them.")
            entries[name] = self.read(value, f"{at.path}.{name}".lstrip("."), depth + 1)
        return Table(entries, at)


def _refuse(at: At, message: str, hint: str) -> NoReturn:
    raise at.error(message, hint=hint)


def _content(file: Path, top: At) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}", hint="Give the path of a mapping file."
        ) from error
    if len(content) > _MAX_BYTES:
        raise top.error(f"over {_MAX_BYTES // 1024} KiB", hint="Is it really a mapping file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise At(file.name, line).error("not UTF-8", hint="Save the mapping file as UTF-8.") from error
