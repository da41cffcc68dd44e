"""A mapping file, read and checked as a whole before anything starts, and compiled once."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bus.nearest import suggestion
from connectors.file_drop.activities import Tell, by_activity, of_every_row
from connectors.file_drop.contract import contract_of
from connectors.file_drop.document import At, Items, Node, Table, Text, load, table_of, text_of, texts_of
from connectors.file_drop.events import HEAD_WORDS, Common, KeyOf, Rule, compile_rule, key_of, type_of
from connectors.file_drop.layout import Layout, read_layout
from connectors.file_drop.values import TEXT, Scope, Spot, from_column, taken
from schemas.catalogue import Catalogue, EventEntry

TOP_WORDS = ("source", "topic", "files", "id", *HEAD_WORDS, "fields", "activity", "events", "default")
_SOURCE = re.compile("[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?")


class FileMapping(Struct, frozen=True, kw_only=True):
    """What a mapping file says. ``columns`` are those it takes, ``texts`` its plain texts: none should be a column.

    ``digest`` changes with whatever the file says, comments and blanks apart. ``key`` tells the key that all events of
    a row share, empty where there is none.
    """

    source: str
    topic: str
    layout: Layout
    id_columns: tuple[str, ...]
    columns: Mapping[str, At]
    texts: Mapping[str, At]
    digest: str
    key: KeyOf
    tell: Tell


def read_mapping(file: Path, catalogue: Catalogue) -> FileMapping:
    """Return what ``file`` says, checked against the contracts. Raises :class:`~bus.errors.ConfigError`."""
    table = load(file)
    table.check_names(TOP_WORDS, "a mapping")
    layout, writing = read_layout(table.need("files", "a mapping"), file.parent)
    scope = Scope(writing=writing, columns={}, texts={})
    rules = _Rules(scope, table, catalogue)
    tell = rules.compile()
    return FileMapping(
        source=rules.common.source,
        topic=_topic(table, catalogue) or rules.all[0].topic,
        layout=layout,
        id_columns=_id_columns(scope, table),
        columns=scope.columns,
        texts=scope.texts,
        key=key_of(scope, rules.common.head),
        digest=hashlib.sha256(json.dumps(_plain(table)).encode()).hexdigest()[:16],
        tell=tell,
    )


class _Rules:
    """The entries under ``events:`` and ``default:``, compiled against their contracts."""

    def __init__(self, scope: Scope, table: Table, catalogue: Catalogue) -> None:
        self._scope, self._table = scope, table
        self._entries = {entry.type: entry for entry in catalogue.events}
        self.common = Common(source=_source(table), head=_head(table), fields=_fields(table))
        self.all: list[Rule] = []

    def compile(self) -> Tell:
        """Return the function from a row to its events."""
        events = self._table.need("events", "a mapping")
        tell = self._by_activity(events) if "activity" in self._table.entries else self._of_every_row(events)
        if not self.all:
            raise events.at.error("no event is told", "Write at least one, as `type: DossierReceived`.")
        self._check_fields()
        return tell

    def _by_activity(self, events: Node) -> Tell:
        activity = from_column(self._scope, self._table.entries["activity"], TEXT, Spot("activity", ""))
        named = table_of(events, "`events:` beside `activity:`").entries
        known = {text.strip(): self._told(node, ("skip",)) for text, node in named.items()}
        node = self._table.entries.get("default")
        is_buried = node is None or (isinstance(node, Text) and node.text == "bury")
        default = None if node is None or is_buried else self._told(node, ("skip", "bury"))
        return by_activity(activity, known, default)

    def _of_every_row(self, events: Node) -> Tell:
        if "default" in self._table.entries:
            at = self._table.entries["default"].at
            raise at.error("`default:` is for activities that `events:` does not name", "Add `activity:`, a column.")
        if isinstance(events, Table) and "type" not in events.entries:
            raise events.at.error("events by activity need `activity:`", "Add `activity: COLUMN`, or list the events.")
        return of_every_row(self._told(events, ()))

    def _told(self, node: Node, words: Sequence[str]) -> Sequence[Rule]:
        """Return the rules of one event, of several, or of a word that means none."""
        if isinstance(node, Text):
            if node.text not in words:
                shown = " or ".join(f"`{word}`" for word in words)
                hint = f"Write `type: …` under it{f', or {shown}' if shown else ''}."
                raise node.at.error("an event, or a list of events, should stand here", hint)
            return ()
        parts = node.parts if isinstance(node, Items) else (node,)
        counts: Counter[str] = Counter()
        rules = []
        for part in parts:
            table = table_of(part, "an event")
            event = self._entry(type_of(table))
            counts[event.type] += 1
            rules.append(self._rule(table, event, counts[event.type]))
        self.all += rules
        return rules

    def _rule(self, table: Table, event: EventEntry, count: int) -> Rule:
        scope = replace(self._scope, contract=contract_of(event))
        return compile_rule(scope, table, self.common, event.type if count == 1 else f"{event.type}#{count}")

    def _entry(self, node: Node) -> EventEntry:
        name = text_of(node)
        if name not in self._entries:
            raise node.at.error(f"there is no event type `{name}`", suggestion(name, self._entries))
        return self._entries[name]

    def _check_fields(self) -> None:
        for name, node in self.common.fields.items():
            if not any(name in rule.fields for rule in self.all):
                known = {slot for rule in self.all for slot in contract_of(self._entries[rule.type]).slots}
                raise node.at.error(f"none of the events has a field `{name}`", suggestion(name, known))


def _source(table: Table) -> str:
    node = table.need("source", "a mapping")
    name = text_of(node)
    if not _SOURCE.fullmatch(name):
        hint = "Write small letters, digits, `-`, `_` and `.`, at most 100: it names the source for ever."
        raise node.at.error("no name for a source", hint)
    return name


def _topic(table: Table, catalogue: Catalogue) -> str | None:
    node = table.entries.get("topic")
    if node is None:
        return None
    if catalogue.topic(text_of(node)) is None:
        known = [entry.name for entry in catalogue.topics]
        raise node.at.error(f"there is no topic `{text_of(node)}`", suggestion(text_of(node), known))
    return text_of(node)


def _head(table: Table) -> Mapping[str, Node]:
    return {word: table.entries[word] for word in HEAD_WORDS if word in table.entries}


def _fields(table: Table) -> Mapping[str, Node]:
    return table_of(table.entries["fields"], "`fields:`").entries if "fields" in table.entries else {}


def _id_columns(scope: Scope, table: Table) -> tuple[str, ...]:
    node = table.entries.get("id")
    if node is None:
        return ()
    columns = texts_of(node)
    if len(set(columns)) < len(columns) or not columns:
        raise node.at.error("`id:` names each of its columns once", "Write `id: [column, column]`, or leave it out.")
    for column in columns:
        taken(scope, column, node.at)
    return columns


def _plain(node: Node) -> Any:
    match node:
        case Text():
            return [node.text, node.is_null]
        case Items():
            return [_plain(part) for part in node.parts]
        case Table():
            return {name: _plain(part) for name, part in node.entries.items()}
