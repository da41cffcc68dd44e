"""One entry under ``events:`` — a function from a row to the event that it tells."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from bus.codec.plan import AvroType
from bus.envelope import Envelope, event_id
from bus.errors import Unmappable
from connectors.file_drop.conditions import Holds, condition
from connectors.file_drop.contract import Contract, Slot
from connectors.file_drop.document import Node, Table, table_of, text_of
from connectors.file_drop.leaves import INSTANT
from connectors.file_drop.records import Assembly, check_required, parts_of
from connectors.file_drop.rows import Cells
from connectors.file_drop.values import NOTHING, TEXT, Fill, Scope, Spot, Value, about, absent, from_column, single
from connectors.sdk import Fetched

HEAD_WORDS = ("key", "time", "agency", "correlation")
EVENT_WORDS = ("type", "when", "fields", *HEAD_WORDS)
_MAX_HEADER = 1000
_OWN_FIELDS = ("sourceTime", "rawHash")
"""Filled here, not by the mapping, unless it insists."""


KeyOf = Callable[[Cells], str]
_Grammar = Callable[[Scope, Node, AvroType, Spot], Value]


class Common(Struct, frozen=True, kw_only=True):
    """What a mapping says once for all its events."""

    source: str
    head: Mapping[str, Node]
    fields: Mapping[str, Node]


class Rule(Struct, frozen=True, kw_only=True):
    """One event in the making. ``holds`` is None where every row tells it; ``fields`` are the common ones it took."""

    type: str
    topic: str
    holds: Holds | None
    tell: Callable[[Fetched], Envelope]
    fields: frozenset[str]


class _Head(NamedTuple):
    """What fills the envelope."""

    key: Fill
    time: Fill
    agency: Fill
    correlation: Fill


def compile_rule(scope: Scope, table: Table, common: Common, version: str) -> Rule:
    """Return the rule of an entry under ``events:``; ``version`` tells several events of one row apart.

    Raises :class:`~bus.errors.ConfigError` with the field, the event and the nearest right name.
    """
    contract = _contract(scope)
    table.check_names(EVENT_WORDS, "an event")
    spot = Spot("", contract.event)
    fields = _fields(table, common, contract.slots)
    parts = parts_of(scope, fields, contract.slots, spot)
    check_required(scope, parts, contract.slots, spot, table.at)
    head = _head(scope, table, common, contract.event)
    own = [name for name in _OWN_FIELDS if name in contract.slots and name not in fields.entries]
    payload = Assembly(parts, contract.slots).fill
    return Rule(
        type=contract.event,
        topic=contract.topic,
        holds=condition(scope, table.entries["when"]) if "when" in table.entries else None,
        tell=_teller(common.source, (contract.event, version), head, payload, own),
        fields=frozenset(common.fields) & frozenset(contract.slots),
    )


def _teller(
    source: str, names: tuple[str, str], head: _Head, payload: Fill, own: list[str]
) -> Callable[[Fetched], Envelope]:
    event_type, version = names
    keeps_time, keeps_hash = (name in own for name in _OWN_FIELDS)

    def tell(row: Fetched) -> Envelope:
        cells = row.value
        key, instant = head.key(cells), head.time(cells)
        fields = payload(cells)
        if keeps_time:
            fields["sourceTime"] = instant.text
        if keeps_hash:
            fields["rawHash"] = hashlib.sha256(row.raw).hexdigest()
        return Envelope(
            id=event_id(source, row.native_id, version),
            type=event_type,
            source=source,
            key=key,
            time=instant.at,
            payload=fields,
            agency=head.agency(cells),
            correlation=head.correlation(cells),
        )

    return tell


def _head(scope: Scope, table: Table, common: Common, event: str) -> _Head:
    given = {**common.head, **{word: table.entries[word] for word in HEAD_WORDS if word in table.entries}}
    for word in ("key", "time"):
        if word not in given:
            hint = f"Write `{word}: COLUMN` here, or at the top for all events."
            raise table.at.error(f"{event} has no `{word}:`", hint)
    plain = replace(scope, contract=None)
    time = from_column(plain, given["time"], INSTANT, Spot("time", ""))
    return _Head(
        key=_needed(_short(from_column(plain, given["key"], TEXT, Spot("key", "")), "key"), "key"),
        time=_needed(time, "time"),
        agency=_short(_optional(plain, given, "agency", single), "agency").fill,
        correlation=_short(_optional(plain, given, "correlation", from_column), "correlation").fill,
    )


def key_of(scope: Scope, head: Mapping[str, Node]) -> KeyOf:
    """Return what tells the key at the top for a row, mappable or not; empty where nothing tells it."""
    if "key" not in head:
        return lambda _row: ""
    apart = replace(scope, columns={}, texts={})  # where no event takes it, no file has to have its column
    take = _short(from_column(apart, head["key"], TEXT, Spot("key", "")), "key").fill

    def told(row: Cells) -> str:
        try:
            return take(row) or ""
        except Unmappable:
            return ""

    return told


def _optional(scope: Scope, given: Mapping[str, Node], word: str, read: _Grammar) -> Value:
    return read(scope, given[word], TEXT, Spot(word, "")) if word in given else NOTHING


def _needed(value: Value, word: str) -> Fill:
    taking, columns = value.fill, value.columns

    def fill(row: Cells) -> object:
        found = taking(row)
        if found is None:
            raise Unmappable(f"`{word}:` is empty: nothing stands in {about(columns)}", hint=absent(columns, row))
        return found

    return fill


def _short(value: Value, word: str) -> Value:
    """Bound what goes into a header: a record has little room beside its value."""
    taking = value.fill

    def fill(row: Cells) -> object:
        found = taking(row)
        if found is not None and len(found) > _MAX_HEADER:
            raise Unmappable(f"`{word}:` is longer than {_MAX_HEADER} characters", hint="Take another column for it.")
        return found

    return Value(fill, value.columns) if value.columns else value


def _fields(table: Table, common: Common, slots: Mapping[str, Slot]) -> Table:
    """Return the event's fields, its own before those that all events share."""
    own = table_of(table.entries["fields"], "`fields:`") if "fields" in table.entries else Table({}, table.at)
    shared = {name: node for name, node in common.fields.items() if name in slots and name not in own.entries}
    return Table({**shared, **own.entries}, own.at)


def _contract(scope: Scope) -> Contract:
    if scope.contract is None:
        raise AssertionError(scope)
    return scope.contract


def type_of(table: Table) -> Node:
    """Return the node that names an entry's event type."""
    node = table.need("type", "an event")
    text_of(node)
    return node
