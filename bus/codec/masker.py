"""Write a schema's masker as Python source.

The masker is a decoder that makes no value. It looks at every byte as the decoder does, copies what stands between
tagged fields in one slice, and puts something harmless of the same type where they stand, so that the schema goes on
to read it. Nothing below a tagged field is kept but nulls, lengths of lists, and branches of unions without a null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from bus.codec import runtime
from bus.codec.decoder import OUTLINE_AFTER, Decoder, likely_first
from bus.codec.limits import MAX_DEPTH
from bus.codec.plan import (
    LEAVES,
    NULL,
    ArrayType,
    AvroType,
    DecimalType,
    EnumType,
    FixedType,
    MapType,
    Plan,
    RecordRef,
    RecordType,
    Scalar,
    UnionType,
)  # fmt: skip
from bus.codec.source import Lines, Spot

MASK: Final = "***"
"""What stands where a text stood."""


class Hide(Enum):
    """How a field is hidden: as such, or as an identifier, whose texts become pseudonyms.

    Of an identifier that is a record with a field ``code``, the code becomes a pseudonym, and nothing else of it.
    """

    TEXT = "text"
    IDENTIFIER = "identifier"


Tagged = Mapping[tuple[str, str], Hide]
"""The fields to hide: a record's full name, and the field's."""


class _Mode(Enum):
    """What is done with the part of a value that code is written for."""

    COPY = "copy it whole"
    SEARCH = "copy it but for tagged fields"
    TEXT = "hide it"
    IDENTIFIER = "hide it as an identifier"
    ERASE = "pass over it, and tell what was in it"


_MODES = {Hide.TEXT: _Mode.TEXT, Hide.IDENTIFIER: _Mode.IDENTIFIER}
_HIDING = (_Mode.TEXT, _Mode.IDENTIFIER, _Mode.ERASE)
_WRITING = (_Mode.SEARCH, _Mode.TEXT, _Mode.IDENTIFIER)
_CODE = "code"
_TELLING = 6
_NIL = str(UUID(int=0)).encode()
_STANDS_FOR = {
    "string": runtime.LAST[len(MASK) << 1] + MASK.encode(), "uuid": runtime.LAST[len(_NIL) << 1] + _NIL,
    "float": bytes(4), "double": bytes(8),
}  # fmt: skip
_WALKER, _WRITER = "d, i, end, level, hidden", "d, i, end, level, c, append, hidden, pseudonym"


def write_masker(plan: Plan, tagged: Tagged) -> Lines:
    """Return a module with ``mask(data, position, end, pseudonym, hidden)``: new bytes, and the position after."""
    return _Masking(plan, tagged).module()


class _Masking(Decoder):
    """While ``_is_open``, ``d[c:i]`` was read and is to be copied; else ``c`` is to be set before more is copied.

    ``_ready`` are constant bytes that are not appended yet, so that masks side by side cost one append.
    """

    def __init__(self, plan: Plan, tagged: Tagged) -> None:
        super().__init__(plan, build=False)
        self._lines.namespace |= {"varint": runtime.varint, "LAST": runtime.LAST, "amount_texts": _amount_texts}
        self._tagged, self._bearing = tagged, _bearing(plan, tagged)
        self._mode = _Mode.SEARCH
        self._is_open, self._ready = True, b""
        self._shared: dict[tuple[str, _Mode], str] = {}
        self._waiting: list[tuple[str, AvroType, Spot, _Mode]] = []

    def module(self) -> Lines:
        with self._lines.block("def mask(d, i, end, pseudonym, hidden):"):
            self._lines.add("out = []", "append = out.append", "c = level = 0")
            self._emit(self._plan.root, Spot())
            if self._bears(self._plan.root):
                self._lines.add("append(d[c:])", "return b''.join(out), i")
            else:
                self._lines.add("return d, i")
        while self._waiting:
            self._write_function(*self._waiting.pop())
        return self._lines

    def _write_function(self, name: str, node: AvroType, spot: Spot, mode: _Mode) -> None:
        self._mode, self._is_open = mode, True
        writes = mode in _WRITING
        with self._lines.block(f"def {name}({_WRITER if writes else _WALKER}):"):
            if self._plan.is_shared(node) and isinstance(node, RecordType | RecordRef):
                self._refuse_if(f"level > {MAX_DEPTH}", f"values nest deeper than {MAX_DEPTH}", spot)
                self._record(self._plan.records[node.name], spot)
            else:
                self._shape(node, spot)
            self._keep()
            self._lines.add("return i, c" if writes else "return i")

    # -- shapes: what they return means nothing here -------------------------------------------------------------

    def _emit(self, node: AvroType, spot: Spot) -> str:
        self._part(node, spot)
        self._keep()
        return "None"

    def _part(self, node: AvroType, spot: Spot) -> None:
        """Write the code for a part, and perhaps leave its last mask to be joined by the next one."""
        if self._mode is _Mode.SEARCH:
            self._keep()
        passes = self._mode is _Mode.SEARCH and not self._bears(node)
        with self._under(_Mode.COPY if passes else self._mode):
            if self._plan.is_shared(node) and isinstance(node, RecordType | RecordRef):
                self._call(self._function_of(node), spot)
            else:
                self._shape(node, spot)

    def _shape(self, node: AvroType, spot: Spot) -> None:
        if self._mode in (_Mode.TEXT, _Mode.IDENTIFIER):
            self._hide(node, spot)
        else:
            self._read(node, spot)

    def _read(self, node: AvroType, spot: Spot) -> None:
        found = super()._emit(node, spot)
        if isinstance(node, DecimalType) and self._mode in _HIDING:
            self._lines.add(f"hidden.extend(amount_texts({found}))")

    def _hide(self, node: AvroType, spot: Spot) -> None:
        match node:
            case UnionType():
                self._hide_union(node, spot)
            case RecordType():
                self._record(node, spot)
            case ArrayType():
                self._keep()
                self._array(node, spot)
            case MapType():
                self._erase(node, spot, b"\0")
            case Scalar("string"):
                self._hide_text()
            case _ if node != NULL:
                self._cut()
                self._read(node, spot)
                self._ready += _stand_in(node)

    def _hide_text(self) -> None:
        self._cut()
        text = self._slice(None)
        self._made(f"{text}.decode()")
        if self._mode is _Mode.TEXT:
            self._ready += _STANDS_FOR["string"]
        else:
            self._flush()
            name = self._kept(f"pseudonym({text})")
            self._lines.add(f"append(LAST[len({name}) << 1] + {name})")

    def _hide_union(self, node: UnionType, spot: Spot) -> None:
        self._keep()
        index = self._kept("d[i]")
        for turn, (number, branch) in enumerate(likely_first(node)):
            with self._lines.block(f"{'elif' if turn else 'if'} {index} == {number << 1}:"):
                if NULL in node.branches and not self._survives(branch):
                    self._cut()
                    self._lines.add("i += 1")
                    self._erase(branch, spot, bytes([node.branches.index(NULL) << 1]))
                    self._keep()
                else:
                    self._lines.add("i += 1")
                    self._emit(branch, spot)
        with self._lines.block("else:"):
            self._refuse("a union's index names no branch", spot)

    def _survives(self, branch: AvroType) -> bool:
        """Tell whether a branch beside null stays what it is, masked; every other one becomes null."""
        if self._mode is _Mode.IDENTIFIER and isinstance(branch, RecordType | RecordRef):
            return _has_code(self._plan.records[branch.name])
        return branch in (NULL, Scalar("string"))

    def _erase(self, node: AvroType, spot: Spot, instead: bytes) -> None:
        self._cut()
        with self._under(_Mode.ERASE):
            self._part(node, spot)
        self._ready += instead

    def _record(self, node: RecordType, spot: Spot) -> str:
        for name, part in node.fields:
            with self._under(self._mode_of(node, name)):
                self._part(part, spot.field(name))
        return "None"

    def _mode_of(self, node: RecordType, field: str) -> _Mode:
        if self._mode is _Mode.SEARCH and (node.name, field) in self._tagged:
            return _MODES[self._tagged[node.name, field]]
        if self._mode is _Mode.IDENTIFIER and _has_code(node) and field != _CODE:
            return _Mode.TEXT
        return self._mode

    def _item(self, node: AvroType, spot: Spot) -> str:
        if spot.loops < OUTLINE_AFTER or isinstance(node, LEAVES):
            return self._emit(node, spot)
        function = self._lines.fresh("part")
        self._waiting.append((function, node, Spot(spot.path), self._mode))
        return self._call(function, spot)

    def _function_of(self, node: RecordType | RecordRef) -> str:
        key = node.name, self._mode
        if key not in self._shared:
            self._shared[key] = self._lines.fresh("record")
            self._waiting.append((self._shared[key], node, Spot(), self._mode))
        return self._shared[key]

    def _call(self, function: str, spot: Spot) -> str:
        level = f"level + {spot.level}"
        self._keep()
        if self._mode in _WRITING:
            self._lines.add(f"i, c = {function}(d, i, end, {level}, c, append, hidden, pseudonym)")
        else:
            self._lines.add(f"i = {function}(d, i, end, {level}, hidden)")
        return "None"

    @contextmanager
    def _block_of(self, least: int, spot: Spot) -> Iterator[None]:
        self._keep()
        with super()._block_of(least, spot):
            yield
            self._keep()

    def _long_block(self, n: str, stop: str) -> None:
        """Where masks change what stands in a block, how long it says to be is left out."""
        if self._mode not in _WRITING:
            super()._long_block(n, stop)
            return
        start = self._kept("i")
        super()._long_block(n, stop)
        with self._lines.block(f"if {stop} >= 0:"):
            self._lines.add(f"append(d[c:{start}])", f"append(varint({n} << 1))", "c = i")

    # -- leaves --------------------------------------------------------------------------------------------

    def _scalar(self, node: Scalar, spot: Spot) -> str:
        if self._mode in _HIDING and node.kind == "uuid":
            self._lines.add(f"hidden.append({super()._scalar(node, spot)}.bytes)")
            return "None"
        if self._mode not in _HIDING or node.kind not in ("int", "long", "date"):
            return super()._scalar(node, spot)
        number = self._number(node.kind)
        text = f"str(fromordinal(({number}) + {runtime.EPOCH_DAY}))" if node.kind == "date" else f"str({number})"
        self._tell(text)
        return "None"

    def _float(self, kind: str) -> str:
        self._lines.add(f"i += {4 if kind == 'float' else 8}")
        return "None"

    def _enum(self, node: EnumType, spot: Spot) -> str:
        symbol = super()._enum(node, spot)
        if self._mode in _HIDING:
            self._lines.add(f"hidden.append({symbol}.encode())")
        return symbol

    # -- phrases -------------------------------------------------------------------------------------------

    def _slice(self, size: int | None) -> str:
        found = super()._slice(size)
        if self._mode in _HIDING:
            found = self._kept(found)
            self._lines.add(f"hidden.append({found})")
        return found

    def _made(self, code: str) -> str:
        """Make what nobody takes, because making it is the test of the bytes; a slice alone tests nothing."""
        if code.endswith(")"):
            self._lines.add(code)
        return "None"

    def _tell(self, text: str) -> None:
        name = self._kept(text)
        with self._lines.block(f"if len({name}) >= {_TELLING}:"):
            self._lines.add(f"hidden.append({name}.encode())")

    def _cut(self) -> None:
        """Copy what was read so far; what is read from here on is not copied."""
        if self._is_open:
            self._lines.add("append(d[c:i])")
            self._is_open = False

    def _keep(self) -> None:
        """Copy what is read from here on."""
        if self._mode is not _Mode.ERASE and not self._is_open:
            self._flush()
            self._lines.add("c = i")
            self._is_open = True

    def _flush(self) -> None:
        if self._ready:
            self._lines.add(f"append({self._ready!r})")
            self._ready = b""

    @contextmanager
    def _under(self, mode: _Mode) -> Iterator[None]:
        before, self._mode = self._mode, mode
        yield
        self._mode = before

    def _bears(self, node: AvroType) -> bool:
        return _holds(node, self._bearing)


def _amount_texts(amount: Decimal) -> list[bytes]:
    """Return how people and programs write an amount, as far as that is not found everywhere: 1500.50, 1500.5, 150050.

    >>> _amount_texts(Decimal("150000.00"))
    [b'15000000', b'150000', b'150000.00']
    """
    text = format(amount, "f")
    short = text.rstrip("0").rstrip(".") if "." in text else text
    told = dict.fromkeys((text.replace(".", ""), short, text))
    return [one.encode() for one in told if len(one) >= _TELLING]


def _stand_in(node: AvroType) -> bytes:
    """Return the bytes of the harmless value of a leaf: nought, the first symbol, the nil UUID."""
    match node:
        case Scalar():
            return _STANDS_FOR.get(node.kind, b"\0")
        case DecimalType(size=None):
            return b"\x02\0"
        case DecimalType() | FixedType():
            return bytes(node.size or 0)
    return b"\0"


def _has_code(node: RecordType) -> bool:
    return any(name == _CODE for name, _ in node.fields)


def _bearing(plan: Plan, tagged: Tagged) -> frozenset[str]:
    """Return the records in which a tagged field stands, at whatever depth."""
    found = frozenset[str]()
    while True:
        wider = frozenset(
            record.name
            for record in plan.records.values()
            if any((record.name, name) in tagged or _holds(part, found) for name, part in record.fields)
        )
        if wider == found:
            return found
        found = wider


def _holds(node: AvroType, records: frozenset[str]) -> bool:
    match node:
        case RecordType() | RecordRef():
            return node.name in records
        case ArrayType():
            return _holds(node.items, records)
        case MapType():
            return _holds(node.values, records)
        case UnionType():
            return any(_holds(branch, records) for branch in node.branches)
    return False
