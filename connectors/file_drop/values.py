"""The grammar of single values: what a mapping writes for a field becomes a function from a row to that value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from bus.codec.plan import AvroType, Scalar
from bus.errors import Unmappable
from bus.nearest import did_you_mean
from connectors.file_drop.cells import PIECE, Take, column_taker, holes, template_taker
from connectors.file_drop.contract import Contract
from connectors.file_drop.document import At, Items, Node, Table, Text, table_of, text_of
from connectors.file_drop.leaves import Read, described, reader, words_of
from connectors.file_drop.rows import Cells
from connectors.file_drop.unfit import Unfit, WrongFormat
from connectors.file_drop.writing import WRITING, Writing, writing_of

ORIGINS = ("column", "template", "constant", "first")
SHAPING = ("map", "default", "if_empty")
_BESIDE = {"default": "It is for texts that `map:` does not know; for empty cells there is `if_empty:`."}
TEXT = Scalar("string")
Fill: TypeAlias = Callable[[Cells], Any]


class Value(NamedTuple):
    """Fills a field; None where the row has nothing for it. Without ``columns`` it is the same for every row."""

    fill: Fill
    columns: tuple[str, ...] = ()


class Spot(NamedTuple):
    """Which field is filled, for messages."""

    path: str
    event: str

    def __str__(self) -> str:
        return f"`{self.path}` of {self.event}" if self.event else f"`{self.path}:`"

    def under(self, name: str) -> Spot:
        """Return the spot of a field within."""
        dot = "." if self.path and not name.startswith("[") else ""
        return Spot(f"{self.path}{dot}{name}", self.event)


class Scope(Struct, frozen=True, kw_only=True):
    """What holds around a value. ``columns`` gathers what is taken, ``texts`` the texts that stand for themselves.

    ``piece`` is the column whose list is being taken apart: within, it means one piece.
    """

    writing: Writing
    columns: dict[str, At]
    texts: dict[str, At]
    contract: Contract | None = None
    piece: str = ""


NOTHING = Value(lambda _row: None)


def single(scope: Scope, node: Node, kind: AvroType, spot: Spot) -> Value:
    """Return what fills a field that holds one value. Raises :class:`~bus.errors.ConfigError`."""
    match node:
        case Text():
            return NOTHING if node.is_null else _constant(scope, node, kind, spot)
        case Items():
            raise node.at.error(f"{spot} is {described(kind)}, not a list", "Write one value, or `first:` of several.")
        case Table():
            return _from_table(scope, node, kind, spot)


def from_column(scope: Scope, node: Node, kind: AvroType, spot: Spot) -> Value:
    """Return what fills a thing that always comes from the row: there, a bare text is a column's name."""
    if isinstance(node, Text):
        node = Table({"column": Text(text_of(node), node.at)}, node.at)
    value = single(scope, node, kind, spot)
    if not value.columns:
        raise node.at.error(f"{spot} has to come from the row", "Name a column, or write a `template:` with columns.")
    return value


def origin_of(table: Table) -> str | None:
    """Return the word that says where a value comes from, if the table has one."""
    found = [word for word in ORIGINS if word in table.entries]
    if len(found) > 1:
        hint = "Keep one of them; `first:` takes the first of several values."
        raise table.at.error(f"`{found[0]}:` and `{found[1]}:` both say where the value comes from", hint)
    return found[0] if found else None


def taken(scope: Scope, name: str, at: At) -> Take:
    """Return what takes a column's text, and remember that the mapping takes that column."""
    if not name:
        raise at.error("a column's name is empty", "Write the name as the file's first line has it.")
    if name == scope.piece:
        return column_taker(name, scope.writing.empty, PIECE)
    scope.columns.setdefault(name, at)
    return column_taker(name, scope.writing.empty)


def read_by(kind: AvroType, writing: Writing, at: At) -> Read:
    """Return the reader of texts; a format that cannot be used is the mapping's fault."""
    try:
        return reader(kind, writing)
    except WrongFormat as error:
        raise at.error(error.what, error.hint) from error


def _constant(scope: Scope, node: Text, kind: AvroType, spot: Spot) -> Value:
    value = _read_constant(scope, node, kind, spot)
    if kind == TEXT:
        scope.texts.setdefault(node.text, node.at)
    return Value(lambda _row: value)


def _read_constant(scope: Scope, node: Text, kind: AvroType, spot: Spot) -> Any:
    """Constants are written the mapping's way, whatever the file's: ``1234.50`` and ISO times."""
    read = read_by(kind, Writing(zone=scope.writing.zone), node.at)
    try:
        return read(node.text)
    except Unfit as unfit:
        hint = f"{unfit.hint} A column is written `{{column: …}}`."
        raise node.at.error(f"the text for {spot} {unfit.what}", hint) from unfit


def _from_table(scope: Scope, table: Table, kind: AvroType, spot: Spot) -> Value:
    table.check_names({*ORIGINS, *SHAPING, *words_of(kind)}, f"{spot}, {described(kind)},")
    origin = origin_of(table)
    if origin is None:
        hint = "Write `column:`, `template:`, `constant:` or `first:`."
        raise table.at.error(f"nothing says where {spot} comes from", hint)
    _check_together(table, origin)
    source = table.entries[origin]
    if origin == "constant":
        value = _read_constant(scope, Text(text_of(source), source.at), kind, spot)
        return Value(lambda _row: value)
    value = _first(scope, source, kind, spot) if origin == "first" else _read_text(scope, table, kind, spot)
    return _with_empty(scope, table, kind, spot, value)


def _check_together(table: Table, origin: str) -> None:
    """Refuse a word that would do nothing beside the others."""
    if origin == "constant":
        useful: tuple[str, ...] = ()
    elif origin == "first":
        useful = ("if_empty",)
    else:
        useful = SHAPING if "map" in table.entries else ("if_empty", *WRITING)
    for word, node in table.entries.items():
        if word != origin and word not in useful:
            beside = "map" if "map" in table.entries and word in WRITING else origin
            raise node.at.error(f"`{word}:` does nothing beside `{beside}:`", _BESIDE.get(word, "Leave it out."))


def _first(scope: Scope, node: Node, kind: AvroType, spot: Spot) -> Value:
    if not isinstance(node, Items) or not node.parts:
        raise node.at.error("`first:` takes a list of values", "Write `first: [{column: a}, {column: b}]`.")
    values = [single(scope, part, kind, spot) for part in node.parts]
    fills = [value.fill for value in values]

    def fill(row: Cells) -> Any:
        for one in fills:
            value = one(row)
            if value is not None:
                return value
        return None

    return Value(fill, tuple(column for value in values for column in value.columns))


def _with_empty(scope: Scope, table: Table, kind: AvroType, spot: Spot, value: Value) -> Value:
    if "if_empty" not in table.entries:
        return value
    other = single(scope, table.entries["if_empty"], kind, spot)
    taking, instead = value.fill, other.fill

    def fill(row: Cells) -> Any:
        found = taking(row)
        return instead(row) if found is None else found

    return Value(fill, value.columns + other.columns)


def _read_text(scope: Scope, table: Table, kind: AvroType, spot: Spot) -> Value:
    take, columns = _take(scope, table)
    if "map" in table.entries:
        return _mapped(scope, table, kind, spot, (take, columns))
    read = read_by(kind, writing_of(table, scope.writing), table.at)
    if read is str:
        return Value(take, columns)
    where = about(columns)

    def fill(row: Cells) -> Any:
        text = take(row)
        if text is None:
            return None
        try:
            return read(text)
        except Unfit as unfit:
            raise Unmappable(f"{where} {unfit.what}, for {spot}", hint=unfit.hint) from unfit

    return Value(fill, columns)


def _mapped(scope: Scope, table: Table, kind: AvroType, spot: Spot, taking: tuple[Take, tuple[str, ...]]) -> Value:
    take, columns = taking
    codes = _codes(scope, table.entries["map"], kind, spot)
    known = codes.get
    if "default" in table.entries:
        other = single(scope, table.entries["default"], kind, spot)
    else:
        other = Value(_refusing(f"{about(columns)} holds a code that `map:` does not know, for {spot}"))

    def fill(row: Cells) -> Any:
        text = take(row)
        if text is None:
            return None
        return known(text) if text in codes else other.fill(row)

    return Value(fill, columns + other.columns)


def _codes(scope: Scope, node: Node, kind: AvroType, spot: Spot) -> Mapping[str, Any]:
    codes: dict[str, Any] = {}
    for text, target in table_of(node, "`map:`").entries.items():
        if not isinstance(target, Text):
            raise target.at.error("a code becomes one text", "Write `map: {OLD: new}`.")
        if text.strip() in scope.writing.empty:
            hint = "What an empty cell becomes is `if_empty:`."
            raise target.at.error(f"`{text}` never comes here: for this file it means nothing", hint)
        codes[text.strip()] = None if target.is_null else _read_constant(scope, target, kind, spot)
    return codes


def _take(scope: Scope, table: Table) -> tuple[Take, tuple[str, ...]]:
    if "column" in table.entries:
        node = table.entries["column"]
        name = text_of(node)
        return taken(scope, name, node.at), (name,)
    node = table.entries["template"]
    template = text_of(node)
    try:
        columns = tuple(holes(template))
    except ValueError as error:
        raise node.at.error("a brace has no partner", "Write `{column}`; a brace itself is `{{` or `}}`.") from error
    for name in columns:
        taken(scope, name, node.at)
    if not columns:
        raise node.at.error("the template has no column", "Write `{column}` where a cell's text belongs.")
    return template_taker(template, scope.writing.empty), columns


def _refusing(message: str) -> Fill:
    def refuse(_row: Cells) -> Any:
        raise Unmappable(message, hint="Add that code to `map:`, or say by `default:` what all others become.")

    return refuse


def about(columns: tuple[str, ...]) -> str:
    """Return the columns in words, for messages."""
    names = [f"`{column}`" for column in dict.fromkeys(columns)]
    return f"column {names[0]}" if len(names) == 1 else f"columns {', '.join(names)}"


def absent(columns: tuple[str, ...], row: Cells) -> str:
    """Return what to do about an empty thing that is needed; a column that the row does not even have comes first."""
    missing = next((column for column in columns if column not in row), None)
    if missing is not None:
        # Only a near name is told: in JSON, names can be data as well.
        return f"The row has no `{missing}` at all. {did_you_mean(missing, row)}".rstrip()
    return "Fill that cell; or give it `if_empty:`, or the event a `when:` that leaves such rows out."
