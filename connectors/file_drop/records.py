"""Records and lists of the contract: filled field by field, or around the one cell that is their main field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from bus.codec.plan import ArrayType, AvroType, RecordRef, RecordType
from bus.errors import Unmappable
from bus.nearest import suggestion
from connectors.file_drop.cells import PIECE
from connectors.file_drop.contract import Slot, item_slot, main_field
from connectors.file_drop.document import At, Items, Node, Table, Text, text_of
from connectors.file_drop.leaves import INSTANT, described
from connectors.file_drop.rows import Cell, Cells
from connectors.file_drop.values import (
    NOTHING,
    ORIGINS,
    SHAPING,
    Fill,
    Scope,
    Spot,
    Value,
    about,
    absent,
    origin_of,
    single,
    taken,
)  # fmt: skip
from connectors.file_drop.writing import WRITING

_MAIN_WORDS = {*ORIGINS, *SHAPING, *WRITING}


class Part(NamedTuple):
    """One field of a record, with what fills it."""

    name: str
    value: Value
    slot: Slot
    spot: Spot


def value(scope: Scope, node: Node, kind: AvroType, spot: Spot) -> Value:
    """Return what fills a field of any type. Raises :class:`~bus.errors.ConfigError`."""
    match kind:
        case RecordType() | RecordRef():
            return _record(scope, node, kind, spot)
        case ArrayType():
            return _list(scope, node, kind, spot)
        case _:
            return single(scope, node, kind, spot)


def parts_of(scope: Scope, table: Table, slots: Mapping[str, Slot], spot: Spot) -> list[Part]:
    """Return the fields that a table fills. Raises :class:`~bus.errors.ConfigError` for one that is not there."""
    for name, node in table.entries.items():
        if name not in slots:
            raise node.at.error(f"{_owner(spot)} has no field `{name}`", suggestion(name, slots))
    return [
        Part(name, value(scope, node, slots[name].type, spot.under(name)), slots[name], spot.under(name))
        for name, node in table.entries.items()
    ]


def check_required(scope: Scope, parts: list[Part], slots: Mapping[str, Slot], spot: Spot, at: At) -> None:
    """Refuse a mapping that leaves out a field which must be there."""
    given = {part.name for part in parts}
    missing = [name for name, slot in slots.items() if not slot.is_optional and name not in given]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        name = missing[0]
        hint = f"Add it, as `{name}: {_sample(scope, slots[name].type)}`."
        raise at.error(f"{_owner(spot)} needs {shown}", hint)


def _sample(scope: Scope, kind: AvroType) -> str:
    """Return how a field of ``kind`` may be written."""
    if isinstance(kind, ArrayType):
        return "[…]"
    if not isinstance(kind, RecordType | RecordRef) or scope.contract is None:
        return "…` (a text) or `{column: …}" if described(kind) == "a text" else "{column: …}"
    main = main_field(kind)
    needed = [name for name, slot in scope.contract.fields_of(kind).items() if not slot.is_optional and name != main]
    shown = ["column: …"] if main is not None else []
    return f"{{{', '.join([*shown, *(f'{name}: …' for name in needed)])}}}"


class Assembly:
    """A record in the making: what stands in it for every row, and what each row fills in."""

    def __init__(self, parts: list[Part], slots: Mapping[str, Slot]) -> None:
        self._base = {name: slot.default for name, slot in slots.items()}
        self._base |= {part.name: part.value.fill({}) for part in parts if not part.value.columns}
        moving = [part for part in parts if part.value.columns]
        self._moving = [(part.name, part.value.fill) for part in moving]
        self._needed = [part for part in parts if not part.slot.is_optional]
        self.columns = tuple(column for part in parts for column in part.value.columns)

    def fill(self, row: Cells) -> dict[str, Any]:
        """Return the record of a row. Raises :class:`~bus.errors.Unmappable` where a needed field is empty."""
        record = self._base.copy()
        for name, fill in self._moving:
            found = fill(row)
            if found is not None:
                record[name] = found
        for part in self._needed:
            if record[part.name] is None:
                raise _empty(part, row)
        return record

    def is_empty(self, row: Cells) -> bool:
        """Say whether the row has nothing for any of the fields that come from it."""
        return bool(self._moving) and all(fill(row) is None for _, fill in self._moving)


def _empty(part: Part, row: Cells) -> Unmappable:
    columns = part.value.columns
    where = f": nothing stands in {about(columns)}" if columns else ""
    return Unmappable(f"{part.spot} is empty{where}", hint=absent(columns, row))


def _owner(spot: Spot) -> str:
    return str(spot) if spot.path else spot.event


def _record(scope: Scope, node: Node, kind: RecordType | RecordRef, spot: Spot) -> Value:
    if scope.contract is None:
        raise AssertionError(spot)
    slots = scope.contract.fields_of(kind)
    if isinstance(node, Text) and node.is_null:
        return NOTHING
    if isinstance(node, Text) or (isinstance(node, Table) and origin_of(node) is not None):
        return _around(scope, node, kind, spot)
    if isinstance(node, Items):
        raise node.at.error(f"{spot} is a record, not a list", f"Give it by its fields: {', '.join(slots)}.")
    parts = parts_of(scope, node, slots, spot)
    check_required(scope, parts, slots, spot, node.at)
    return _whole(Assembly(parts, slots), node.at)


def _whole(assembly: Assembly, at: At) -> Value:
    if not assembly.columns:
        return _fixed(assembly.fill, at)
    fill, is_empty = assembly.fill, assembly.is_empty
    return Value(lambda row: None if is_empty(row) else fill(row), assembly.columns)


def _around(scope: Scope, node: Text | Table, kind: RecordType | RecordRef, spot: Spot) -> Value:
    """Fill a record by its main field; nothing there means no record."""
    main = main_field(kind)
    slots = scope.contract.fields_of(kind) if scope.contract is not None else {}
    if main is None:
        hint = f"Give it by its fields: {', '.join(slots)}."
        raise node.at.error(f"{spot} is a record, which one cell cannot fill", hint)
    inner, beside = _split(node, main)
    is_moment = main == "at"
    core = single(scope, inner, INSTANT if is_moment else slots[main].type, spot.under(main))
    rest = {name: slot for name, slot in slots.items() if name != main}
    parts = parts_of(scope, beside, rest, spot)
    check_required(scope, parts, rest, spot, node.at)
    keeps_text = is_moment and "text" not in beside.entries
    others = Assembly(parts, slots).fill
    fill = _moment(core.fill, others, keeps_text) if is_moment else _plain(core.fill, others, main)
    columns = core.columns + tuple(column for part in parts for column in part.value.columns)
    return Value(fill, columns) if columns else _fixed(fill, node.at)


def _plain(core: Fill, others: Fill, main: str) -> Fill:
    def fill(row: Cells) -> dict[str, Any] | None:
        found = core(row)
        if found is None:
            return None
        record: dict[str, Any] = others(row)
        record[main] = found
        return record

    return fill


def _moment(core: Fill, others: Fill, keeps_text: bool) -> Fill:
    def fill(row: Cells) -> dict[str, Any] | None:
        found = core(row)
        if found is None:
            return None
        record: dict[str, Any] = others(row)
        record["at"] = found.at
        if keeps_text:
            record["text"] = found.text
        return record

    return fill


def _split(node: Text | Table, main: str) -> tuple[Node, Table]:
    """Part the words of the main value from the names of the other fields."""
    if isinstance(node, Text):
        return node, Table({}, node.at)
    inner = {name: part for name, part in node.entries.items() if name in _MAIN_WORDS}
    others = {name: part for name, part in node.entries.items() if name not in _MAIN_WORDS}
    if main in others:
        raise others[main].at.error(f"`{main}:` is given twice", "It comes from the column already; leave it out.")
    return Table(inner, node.at), Table(others, node.at)


def _fixed(fill: Fill, at: At) -> Value:
    """Fill once what is the same for every row; what fails then is the mapping's fault."""
    try:
        record = fill({})
    except Unmappable as error:
        raise at.error(str(error), error.hint) from error
    return Value(lambda _row: record)


# -- lists ----------------------------------------------------------------------------------------------


def _list(scope: Scope, node: Node, kind: ArrayType, spot: Spot) -> Value:
    slot = item_slot(kind)
    match node:
        case Text() if node.is_null:
            return NOTHING
        case Items():
            parts = [value(scope, part, slot.type, spot.under(f"[{n}]")) for n, part in enumerate(node.parts)]
            fills = [part.fill for part in parts]
            columns = tuple(column for part in parts for column in part.columns)
            return Value(lambda row: [found for fill in fills if (found := fill(row)) is not None], columns)
        case Table() if "column" in node.entries:
            return _pieces(scope, node, slot, spot)
    hint = 'Write a list of values, or `{column: …, split: ";"}`.'
    raise node.at.error(f"{spot} is a list", hint)


def _pieces(scope: Scope, table: Table, slot: Slot, spot: Spot) -> Value:
    """Take one column apart; each piece fills an item of the list."""
    name = text_of(table.entries["column"])
    sign = text_of(table.entries["split"]) if "split" in table.entries else None
    taken(scope, name, table.entries["column"].at)
    inner = Table({word: node for word, node in table.entries.items() if word != "split"}, table.at)
    item = value(replace(scope, piece=name), inner, slot.type, spot.under("[]"))
    fill_item = item.fill

    def fill(row: Cells) -> list[Any]:
        pieces = _cut(row.get(name, ""), sign)
        return [found for piece in pieces if (found := fill_item({**row, PIECE: piece})) is not None]

    return Value(fill, (name, *item.columns))


def _cut(cell: Cell, sign: str | None) -> list[str]:
    if not isinstance(cell, str):
        return cell
    return cell.split(sign) if sign else [cell]
