"""``files:`` — which files, and how they are written."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bus.codec.plan import DecimalType
from bus.nearest import suggestion
from connectors.file_drop.document import Node, Table, table_of, text_of, texts_of
from connectors.file_drop.leaves import INSTANT
from connectors.file_drop.values import read_by
from connectors.file_drop.writing import Writing, writing_of

FILES_WORDS = (
    "path", "format", "encoding", "delimiter", "columns", "skip_lines", "optional", "empty",
    "time_format", "zone", "decimal", "thousands", "interval_s", "settle_s",
)  # fmt: skip
_ENCODINGS = {
    "utf-8", "ascii", "koi8-r", "koi8-u",
    *(f"windows-{number}" for number in range(1250, 1259)),
    *(f"iso-8859-{number}" for number in range(1, 17) if number != 12),
}  # fmt: skip
_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
_INTERVAL_S, _SETTLE_S, _MAX_SECONDS = 5.0, 2.0, 86_400.0


class Layout(Struct, frozen=True, kw_only=True):
    """The files below ``folder`` that fit a pattern, and how to cut them into rows.

    ``columns`` are given where the files have no header; ``optional`` are those that a file may lack.
    """

    folder: Path
    patterns: tuple[str, ...]
    is_csv: bool
    encoding: str = "utf-8"
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    skip_lines: int = 0
    optional: frozenset[str] = frozenset()
    interval_s: float = _INTERVAL_S
    settle_s: float = _SETTLE_S


def read_layout(node: Node, folder: Path) -> tuple[Layout, Writing]:
    """Return what ``files:`` says. Raises :class:`~bus.errors.ConfigError`."""
    table = table_of(node, "`files:`")
    table.check_names(FILES_WORDS, "`files:`")
    patterns = texts_of(table.need("path", "`files:`"))
    layout = Layout(
        folder=folder,
        patterns=patterns,
        is_csv=_is_csv(table, patterns),
        encoding=_encoding(table.entries),
        delimiter=_delimiter(table.entries),
        columns=_names(table.entries, "columns"),
        skip_lines=int(_number(table.entries, "skip_lines", 0)),
        optional=frozenset(_names(table.entries, "optional")),
        interval_s=max(0.05, _number(table.entries, "interval_s", _INTERVAL_S)),
        settle_s=_number(table.entries, "settle_s", _SETTLE_S),
    )
    _check_kind(table, layout)
    return layout, _writing(table)


def _is_csv(table: Table, patterns: tuple[str, ...]) -> bool:
    node = table.entries.get("format")
    if node is None:
        return not all(pattern.lower().endswith(_JSON_ENDINGS) for pattern in patterns)
    if text_of(node) not in ("csv", "jsonl"):
        raise node.at.error("no such format", "Write `csv` or `jsonl`.")
    return text_of(node) == "csv"


def _encoding(entries: Mapping[str, Node]) -> str:
    node = entries.get("encoding")
    if node is None:
        return "utf-8"
    name = text_of(node).lower()
    if name in ("utf8", "utf-8-sig", "utf_8"):
        return "utf-8"
    if name not in _ENCODINGS:
        hint = suggestion(name, _ENCODINGS) if not name.startswith("utf-16") else "Export as UTF-8."
        raise node.at.error("not an encoding that is read here", hint)
    return codecs.lookup(name).name


def _delimiter(entries: Mapping[str, Node]) -> str:
    node = entries.get("delimiter")
    if node is None:
        return ","
    sign = {"tab": "\t", "\\t": "\t"}.get(text_of(node), text_of(node))
    if len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in '"\r\n\0':
        raise node.at.error("a delimiter is one sign", 'Write `";"`, `"|"` or `tab`.')
    return sign


def _names(entries: Mapping[str, Node], word: str) -> tuple[str, ...]:
    if word not in entries:
        return ()
    names = texts_of(entries[word])
    if len(set(names)) < len(names):
        raise entries[word].at.error("a column stands twice", "Give every column its own name.")
    return names


def _number(entries: Mapping[str, Node], word: str, otherwise: float) -> float:
    if word not in entries:
        return otherwise
    node = entries[word]
    try:
        number = float(text_of(node))
    except ValueError:
        number = -1.0
    if not 0 <= number <= _MAX_SECONDS or (word == "skip_lines" and number != int(number)):
        raise node.at.error("not a number that can stand here", "Write a number such as 5.")
    return number


def _check_kind(table: Table, layout: Layout) -> None:
    for word in ("delimiter", "columns", "skip_lines"):
        if word in table.entries and not layout.is_csv:
            raise table.entries[word].at.error("JSON lines have none", "Leave it out, or set `format: csv`.")


def _writing(table: Table) -> Writing:
    """Return how cells are written, checked before any value needs it."""
    words = {name: node for name, node in table.entries.items() if name != "format"}
    if "time_format" in words:
        words["format"] = words["time_format"]
    writing = writing_of(Table(words, table.at), Writing())
    if "empty" in table.entries:
        texts = (text.strip() for text in texts_of(table.entries["empty"]))
        writing = replace(writing, empty=frozenset({"", *texts}))
    for kind in (INSTANT, DecimalType(precision=18, scale=2, size=None)):
        read_by(kind, writing, table.at)
    return writing
