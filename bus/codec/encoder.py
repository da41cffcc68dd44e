"""Write a schema's guard and encoder as Python source: checked and written in one pass.

Straight-line code: each value becomes pieces of bytes that are joined once. With ``write=False`` the same source
only checks; the fallback puts that before fastavro, so that both refuse exactly the same values.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from unicodedata import is_normalized
from uuid import UUID

from bus.codec import runtime
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
    expected,
    python_name,
)  # fmt: skip
from bus.codec.source import Lines, Spot
from bus.errors import Misfit

_NAMESPACE = {
    "Misfit": Misfit, "NoneType": type(None), "UUID": UUID, "Decimal": Decimal, "date": date, "datetime": datetime,
    "time": time, "is_normalized": is_normalized, "EPOCH": runtime.EPOCH, "LAST": runtime.LAST,
    "MORE": runtime.MORE, "varint": runtime.varint, "pack_double": runtime.pack_double,
    "float_bytes": runtime.float_bytes, "timestamp_micros": runtime.timestamp_micros,
    "local_millis": runtime.local_millis, "local_micros": runtime.local_micros,
    "time_millis": runtime.time_millis, "time_micros": runtime.time_micros,
}  # fmt: skip
_HELPERS = {
    "timestamp-micros": "timestamp_micros", "local-timestamp-millis": "local_millis",
    "local-timestamp-micros": "local_micros", "time-millis": "time_millis", "time-micros": "time_micros",
}  # fmt: skip
_RANGES = {"int": "-2147483648 <= {0} <= 2147483647", "long": "-9223372036854775808 <= {0} <= 9223372036854775807"}
_OUTLINE_AFTER = 8
"""Python nests twenty blocks at most; deeper items become functions of their own."""


def write_encoder(plan: Plan, *, write: bool) -> Lines:
    """Return a module with ``encode(value, pieces)``, which appends the value's bytes, or with ``write`` off checks."""
    return _Encoder(plan, write=write).module()


class _Encoder:
    def __init__(self, plan: Plan, *, write: bool) -> None:
        self._plan, self._write = plan, write
        self._lines = Lines(_NAMESPACE)
        self._pending: list[str] = []
        self._functions = {name: f"record{number}" for number, name in enumerate(sorted(plan.shared))}
        self._outlined: list[tuple[str, AvroType, Spot]] = []

    def module(self) -> Lines:
        for name, function in self._functions.items():
            self._function(function, self._plan.records[name], Spot())
        with self._lines.block("def encode(v, o, level=0):"):
            if self._plan.is_shared(self._plan.root):
                self._call(self._functions[self._plan.root.name], "v", Spot())
            else:
                self._record(self._plan.root, "v", Spot())
            self._flush()
        while self._outlined:
            self._function(*self._outlined.pop())
        return self._lines

    def _function(self, name: str, node: AvroType, spot: Spot) -> None:
        with self._lines.block(f"def {name}(v, o, level):"):
            if isinstance(node, RecordType) and node.name in self._functions:
                with self._lines.block(f"if level > {MAX_DEPTH}:"):
                    self._refuse(spot, f"nested at most {MAX_DEPTH} deep")
                self._record(node, "v", spot)
            else:
                self._emit(node, "v", spot)
            self._flush()

    # -- shapes --------------------------------------------------------------------------------------------

    def _emit(self, node: AvroType, value: str, spot: Spot) -> None:
        match node:
            case RecordRef() | RecordType() if self._plan.is_shared(node):
                self._call(self._functions[node.name], value, spot)
            case RecordType():
                self._record(node, value, spot)
            case ArrayType():
                self._array(node, value, spot)
            case MapType():
                self._map(node, value, spot)
            case UnionType():
                self._union(node, value, spot)
            case _:
                self._pending += self._leaf(node, value, spot)

    def _record(self, node: RecordType, value: str, spot: Spot) -> None:
        # With the count right, a missing name is a KeyError at its own line, and an unknown one is too.
        self._require(f"type({value}) is dict and len({value}) == {len(node.fields)}", node, spot)
        for name, part in node.fields:
            found = self._lines.fresh()
            self._lines.add(f"{found} = {value}[{name!r}]")
            self._emit(part, found, spot.field(name))

    def _call(self, function: str, value: str, spot: Spot) -> None:
        self._flush()
        self._lines.add(f"{function}({value}, o, level + {spot.level})")

    def _array(self, node: ArrayType, value: str, spot: Spot) -> None:
        self._require(f"type({value}) is list", node, spot)
        self._pending.append(self._length(value))
        self._flush()
        item = self._lines.fresh()
        with self._lines.block(f"if {value}:"):
            with self._lines.block(f"for {item} in {value}:"):
                self._item(node.items, item, spot.item())
            self._pending.append("b'\\0'")
            self._flush()

    def _map(self, node: MapType, value: str, spot: Spot) -> None:
        self._require(f"type({value}) is dict", node, spot)
        self._pending.append(self._length(value))
        self._flush()
        key, item = self._lines.fresh(), self._lines.fresh()
        with self._lines.block(f"if {value}:"):
            with self._lines.block(f"for {key}, {item} in {value}.items():"):
                self._pending += self._leaf(Scalar("string"), key, spot.item())
                self._item(node.values, item, spot.item())
            self._pending.append("b'\\0'")
            self._flush()

    def _item(self, node: AvroType, value: str, spot: Spot) -> None:
        if spot.loops < _OUTLINE_AFTER or isinstance(node, LEAVES):
            self._emit(node, value, spot)
        else:
            function = self._lines.fresh("part")
            # The level at the call is added there; within the function it starts anew.
            self._outlined.append((function, node, Spot(spot.path)))
            self._call(function, value, spot)
        self._flush()

    def _union(self, node: UnionType, value: str, spot: Spot) -> None:
        if isinstance(node.optional, LEAVES):
            self._optional(node, node.optional, value, spot)
            return
        self._flush()
        # Null first: what stands beside it alone is then not asked for its type twice.
        for turn, branch in enumerate(sorted(node.branches, key=lambda branch: branch != NULL)):
            found, number = self._lines.fresh(), node.branches.index(branch)
            with self._lines.block(f"{'elif' if turn else 'if'} {self._is_branch(node, branch, value)}:"):
                self._pending.append(repr(bytes([number << 1])))
                by_name = node.named and isinstance(branch, RecordType | RecordRef)
                self._lines.add(f"{found} = {value}[1]" if by_name else f"{found} = {value}")
                self._emit(branch, found, spot)
                self._flush()
        with self._lines.block("else:"):
            self._refuse(spot, expected(node))

    def _is_branch(self, union: UnionType, branch: AvroType, value: str) -> str:
        if branch == NULL:
            return f"{value} is None"
        if union.named and isinstance(branch, RecordType | RecordRef):
            return f"type({value}) is tuple and len({value}) == 2 and {value}[0] == {branch.name!r}"
        if union.optional is not None:
            return "True"
        return f"type({value}) is {python_name(branch)}"

    def _optional(self, node: UnionType, leaf: AvroType, value: str, spot: Spot) -> None:
        null, other = (bytes([node.branches.index(branch) << 1]) for branch in (NULL, leaf))
        with self._lines.block(f"if {value} is not None:"):
            pieces = self._leaf(leaf, value, spot, other)
        if not self._write:
            return
        with self._lines.block("else:"):
            self._lines.add(f"{pieces[0]} = {null!r}", *(f"{piece} = b''" for piece in pieces[1:]))
        self._pending += pieces

    # -- leaves: each returns the names of its pieces, the union's index in front of the first ------------------

    def _leaf(self, node: AvroType, value: str, spot: Spot, prefix: bytes = b"") -> list[str]:
        match node:
            case DecimalType():
                writer = self._lines.keep(runtime.decimal_writer(node.precision, node.scale, node.size))
                return self._helped(f"{writer}({value})", node, value, spot, prefix)
            case EnumType():
                symbols = {symbol: prefix + runtime.varint(n << 1) for n, symbol in enumerate(node.symbols)}
                return self._helped(f"{self._lines.keep(symbols)}.get({value})", node, value, spot, b"")
            case FixedType():
                self._require(f"type({value}) is bytes and len({value}) == {node.size}", node, spot)
                return self._piece(self._behind(prefix, value))
            case Scalar():
                return self._scalar(node, value, spot, prefix)
        raise AssertionError(node)

    def _scalar(self, node: Scalar, value: str, spot: Spot, prefix: bytes) -> list[str]:
        match node.kind:
            case "null":
                self._require(f"{value} is None", node, spot)
                return []
            case "boolean":
                self._require(f"{value} is True or {value} is False", node, spot)
                return self._piece(f"{prefix + b'%c' % 1!r} if {value} else {prefix + b'%c' % 0!r}")
            case "int" | "long":
                self._require(f"type({value}) is int and {_RANGES[node.kind].format(value)}", node, spot)
                return self._varint(value, prefix)
            case "double":
                self._require(f"type({value}) is float", node, spot)
                return self._piece(self._behind(prefix, f"pack_double({value})"))
            case "float":
                return self._helped(f"float_bytes({value})", node, value, spot, prefix)
            case "bytes":
                self._require(f"type({value}) is bytes", node, spot)
                return [*self._piece(self._length(value, prefix)), value] if self._write else []
            case "string":
                return self._string(node, value, spot, prefix)
            case "uuid":
                return self._uuid(node, value, spot, prefix)
            case "date":
                self._require(f"type({value}) is date", node, spot)
                return self._varint(f"{value}.toordinal() - {runtime.EPOCH_DAY}", prefix)
            case "timestamp-millis":
                return self._timestamp(node, value, spot, prefix)
        self._require(f"type({value}) is {python_name(node)}", node, spot)
        number = self._lines.fresh("n")
        self._lines.add(f"{number} = {_HELPERS[node.kind]}({value})")
        self._require(f"{number} is not None", node, spot)
        return self._varint(number, prefix)

    def _string(self, node: Scalar, value: str, spot: Spot, prefix: bytes) -> list[str]:
        is_nfc = f"({value}.isascii() or is_normalized('NFC', {value}))"
        self._require(f"type({value}) is str and {is_nfc}", node, spot)
        text = self._lines.fresh("e")
        # Even the bare guard encodes: a lone surrogate shows only here.
        self._lines.add(f"{text} = {value}.encode()")
        return [*self._piece(self._length(text, prefix)), text] if self._write else []

    def _uuid(self, node: Scalar, value: str, spot: Spot, prefix: bytes) -> list[str]:
        self._require(f"type({value}) is UUID", node, spot)
        digits = self._lines.fresh("h")
        if self._write:
            self._lines.add(f"{digits} = '%032x' % {value}.int")
        head = repr((prefix + b"H").decode("ascii"))[1:-1]  # H: 36, as Avro writes a length
        groups = "-".join(f"{{{digits}[{part}]}}" for part in (":8", "8:12", "12:16", "16:20", "20:"))
        return self._piece(f"f'{head}{groups}'.encode()")

    def _timestamp(self, node: Scalar, value: str, spot: Spot, prefix: bytes) -> list[str]:
        self._require(f"type({value}) is datetime and {value}.tzinfo is not None", node, spot)
        delta, number = self._lines.fresh("t"), self._lines.fresh("n")
        # An offset may have microseconds too, so the difference is looked at and not the value.
        self._lines.add(f"{delta} = {value} - EPOCH", f"{number} = {delta}.microseconds")
        self._require(f"{number} % 1000 == 0", node, spot)
        millis = f"{delta}.days * 86400000 + {delta}.seconds * 1000 + {number} // 1000"
        return self._varint(millis, prefix, wide=True)

    # -- phrases -------------------------------------------------------------------------------------------

    def _varint(self, number: str, prefix: bytes, *, wide: bool = False) -> list[str]:
        if not self._write:
            return []
        z = self._lines.fresh("z")
        self._lines.add(f"{z} = ({number}) << 1 ^ ({number}) >> 63" if number.isidentifier() else f"{z} = {number}")
        if not number.isidentifier():
            self._lines.add(f"{z} = {z} << 1 ^ {z} >> 63")
        if wide:
            six = f"MORE[{z} & 16383] + MORE[{z} >> 14 & 16383] + LAST[{z} >> 28]"
            code = f"{six} if 268435456 <= {z} < 4398046511104 else varint({z})"
        else:
            four = f"MORE[{z} & 16383] + LAST[{z} >> 14]"
            code = f"LAST[{z}] if {z} < 16384 else {four} if {z} < 268435456 else varint({z})"
        return self._piece(self._behind(prefix, f"({code})") if prefix else code)

    def _helped(self, call: str, node: AvroType, value: str, spot: Spot, prefix: bytes) -> list[str]:
        found = self._lines.fresh("p")
        self._lines.add(f"{found} = {call} if type({value}) is {python_name(node)} else None")
        self._require(f"{found} is not None", node, spot)
        return self._piece(self._behind(prefix, found)) if prefix else [found] if self._write else []

    def _length(self, value: str, prefix: bytes = b"") -> str:
        table, size = self._table(prefix), self._lines.fresh("n")
        if self._write:
            self._lines.add(f"{size} = len({value})")
        long = self._behind(prefix, f"varint({size} << 1)")
        return f"({table}[{size}] if {size} < {runtime.LENGTHS} else {long})"

    def _table(self, prefix: bytes) -> str:
        name = f"LENGTHS{prefix.hex()}"
        self._lines.namespace.setdefault(name, runtime.lengths(prefix))
        return name

    def _behind(self, prefix: bytes, code: str) -> str:
        return f"{prefix!r} + {code}" if prefix else code

    def _piece(self, code: str) -> list[str]:
        if not self._write:
            return []
        if code.isidentifier():
            return [code]
        piece = self._lines.fresh("p")
        self._lines.add(f"{piece} = {code}")
        return [piece]

    def _flush(self) -> None:
        if self._pending and self._write:
            self._lines.add(f"o += ({', '.join(self._pending)},)")
        self._pending = []

    def _require(self, fits: str, node: AvroType, spot: Spot) -> None:
        with self._lines.block(f"if not ({fits}):"):
            self._refuse(spot, expected(node))

    def _refuse(self, spot: Spot, words: str) -> None:
        self._lines.add(f"raise Misfit({spot.path!r}, {words!r})")
