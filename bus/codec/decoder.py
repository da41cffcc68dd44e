"""Write a schema's decoder as Python source.

Every index, length, count and truth value is looked at, so that hostile bytes end in one error and cost no more
than their own length. A text that runs over the end needs no test of its own: positions only grow, so the last
one tells. With ``build=False`` the same source only looks; the fallback puts that before fastavro.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import repeat

from bus.codec import runtime
from bus.codec.limits import MAX_DEPTH
from bus.codec.plan import (
    LEAVES,
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
from bus.errors import DecodeError

_NAMESPACE = {
    "DecodeError": DecodeError, "repeat": repeat, "EPOCH": runtime.EPOCH, "NAIVE": datetime(1970, 1, 1),  # noqa: DTZ001
    "timedelta": timedelta, "fromordinal": date.fromordinal, "UTC": UTC, "PAIRS": runtime.PAIRS,
    "NO_PAIRS": (0, 0, 0), "fromtimestamp": datetime.fromtimestamp,
    "read_pairs": runtime.read_pairs, "read_double": runtime.read_double, "read_float": runtime.read_float,
    "raw_at": runtime.raw_at, "int_at": runtime.int_at, "length_at": runtime.length_at, "block_at": runtime.block_at,
    "uuid_of": runtime.uuid_of, "time_of": runtime.time_of,
}  # fmt: skip
_MADE_OF = {
    "timestamp-millis": "EPOCH + timedelta(0, 0, ({0}) * 1000)", "timestamp-micros": "EPOCH + timedelta(0, 0, {0})",
    "local-timestamp-millis": "NAIVE + timedelta(0, 0, ({0}) * 1000)",
    "local-timestamp-micros": "NAIVE + timedelta(0, 0, {0})", "date": f"fromordinal(({{0}}) + {runtime.EPOCH_DAY})",
    "time-millis": "time_of(({0}) * 1000)", "time-micros": "time_of({0})",
}  # fmt: skip
_INTS = {"int", "date", "time-millis"}
OUTLINE_AFTER = 4
"""A block of items takes two of the twenty blocks that Python nests."""


def write_decoder(plan: Plan, *, build: bool) -> Lines:
    """Return a module with ``decode(data, position, end)``, which returns the value and the position after it."""
    return Decoder(plan, build=build).module()


class Decoder:
    """Writes the functions of one schema. The masker is one too, which writes values instead of making them."""

    def __init__(self, plan: Plan, *, build: bool) -> None:
        self._plan, self._build = plan, build
        self._lines = Lines(_NAMESPACE)
        self._functions = {name: f"record{number}" for number, name in enumerate(sorted(plan.shared))}
        self._outlined: list[tuple[str, AvroType, Spot]] = []

    def module(self) -> Lines:
        for name, function in self._functions.items():
            self._function(function, self._plan.records[name], Spot())
        with self._lines.block("def decode(d, i, end, level=0):"):
            if self._plan.is_shared(self._plan.root):
                self._lines.add(f"return {self._functions[self._plan.root.name]}(d, i, end, level)")
            else:
                self._lines.add(f"return {self._record(self._plan.root, Spot())}, i")
        while self._outlined:
            self._function(*self._outlined.pop())
        return self._lines

    def _function(self, name: str, node: AvroType, spot: Spot) -> None:
        with self._lines.block(f"def {name}(d, i, end, level):"):
            if isinstance(node, RecordType) and node.name in self._functions:
                self._refuse_if(f"level > {MAX_DEPTH}", f"values nest deeper than {MAX_DEPTH}", spot)
                found = self._record(node, spot)
            else:
                found = self._emit(node, spot)
            self._lines.add(f"return {found}, i")

    # -- shapes: each adds the lines that read a value and returns the expression that makes it ------------------

    def _emit(self, node: AvroType, spot: Spot) -> str:
        match node:
            case RecordRef() | RecordType() if self._plan.is_shared(node):
                return self._call(self._functions[node.name], spot)
            case RecordType():
                return self._record(node, spot)
            case ArrayType():
                return self._array(node, spot)
            case MapType():
                return self._map(node, spot)
            case UnionType():
                return self._union(node, spot)
            case Scalar():
                return self._scalar(node, spot)
            case DecimalType():
                reader = self._lines.keep(runtime.decimal_reader(node.precision, node.scale))
                # Looked at even where nothing is built: fastavro would round the digits that are too many.
                return self._kept(f"{reader}({self._slice(node.size)})")
            case FixedType():
                return self._made(self._slice(node.size))
            case EnumType():
                return self._enum(node, spot)
        raise AssertionError(node)

    def _record(self, node: RecordType, spot: Spot) -> str:
        parts = [f"{name!r}: {self._emit(part, spot.field(name))}" for name, part in node.fields]
        return "{" + ", ".join(parts) + "}" if self._build else "None"

    def _call(self, function: str, spot: Spot) -> str:
        found = self._lines.fresh()
        self._lines.add(f"{found}, i = {function}(d, i, end, level + {spot.level})")
        return found

    def _array(self, node: ArrayType, spot: Spot) -> str:
        found = self._lines.fresh()
        self._lines.add(f"{found} = []")
        with self._block_of(self._plan.least_bytes(node.items), spot):
            item = self._item(node.items, spot.item())
            if self._build:
                self._lines.add(f"{found}.append({item})")
        return found

    def _map(self, node: MapType, spot: Spot) -> str:
        found, key = self._lines.fresh(), self._lines.fresh("k")
        self._lines.add(f"{found} = {{}}")
        with self._block_of(1 + self._plan.least_bytes(node.values), spot):
            # Two entries of one key: the last would win without a word.
            self._lines.add(f"{key} = {self._slice(None)}.decode()")
            self._refuse_if(f"{key} in {found}", "a map has a key twice", spot)
            item = self._item(node.values, spot.item())
            self._lines.add(f"{found}[{key}] = {item if self._build else 'None'}")
        return found

    def _item(self, node: AvroType, spot: Spot) -> str:
        if spot.loops < OUTLINE_AFTER or isinstance(node, LEAVES):
            return self._emit(node, spot)
        function = self._lines.fresh("part")
        self._outlined.append((function, node, Spot(spot.path)))
        return self._call(function, spot)

    @contextmanager
    def _block_of(self, least: int, spot: Spot) -> Iterator[None]:
        """Loop over blocks until an empty one, and over the items of each."""
        n, stop, lines = self._lines.fresh("n"), self._lines.fresh("m"), self._lines
        with lines.block("while True:"):
            lines.add(f"{n} = d[i]")
            with lines.block(f"if {n} & 129:"):
                self._long_block(n, stop)
            with lines.block("else:"):
                lines.add(f"{n} >>= 1", "i += 1", f"{stop} = -1")
            with lines.block(f"if not {n}:"):
                lines.add("break")
            self._refuse_if(f"{n} * {least} > end - i", "a block claims more items than there are bytes", spot)
            with lines.block(f"for _ in repeat(None, {n}):"):
                yield
            self._refuse_if(f"{stop} >= 0 and i != {stop}", "a block is not as long as it says", spot)

    def _long_block(self, n: str, stop: str) -> None:
        self._lines.add(f"{n}, i, {stop} = block_at(d, i)")

    def _union(self, node: UnionType, spot: Spot) -> str:
        index, found = self._byte(), self._lines.fresh()
        for turn, (number, branch) in enumerate(likely_first(node)):
            with self._lines.block(f"{'elif' if turn else 'if'} {index} == {number << 1}:"):
                made = self._emit(branch, spot)
                if node.named and self._build and isinstance(branch, RecordType | RecordRef):
                    made = f"({branch.name!r}, {made})"
                self._lines.add(f"{found} = {made}")
        with self._lines.block("else:"):
            self._refuse("a union's index names no branch", spot)
        return found

    # -- leaves --------------------------------------------------------------------------------------------

    def _scalar(self, node: Scalar, spot: Spot) -> str:
        match node.kind:
            case "null":
                return "None"
            case "boolean":
                truth = self._byte()
                self._refuse_if(f"{truth} > 1", "a boolean is neither 0 nor 1", spot)
                return f"{truth} == 1"
            case "float" | "double":
                return self._float(node.kind)
            case "bytes":
                return self._made(self._slice(None))
            case "string":
                return self._made(f"{self._slice(None)}.decode()")
            case "uuid":
                return self._kept(f"uuid_of({self._slice(None)})")
            case "timestamp-millis":
                return self._timestamp()
        number = self._number(node.kind)
        made = _MADE_OF.get(node.kind)
        if made is None:
            return number
        # fastavro reads a negative time of day as some time; dates out of range it refuses by itself.
        return self._kept(made.format(number)) if node.kind.startswith("time-") else self._made(made.format(number))

    def _number(self, kind: str) -> str:
        n = self._lines.fresh("n")
        self._lines.add(f"{n} = d[i]")
        with self._lines.block(f"if {n} < 128:"):
            self._lines.add("i += 1")
        with self._lines.block("else:"):
            self._lines.add(f"{n}, i = {'int_at' if kind in _INTS else 'raw_at'}(d, i)")
        return f"{n} >> 1 ^ -({n} & 1)"

    def _timestamp(self) -> str:
        found, a, b, c = (self._lines.fresh(letter) for letter in "vabc")
        self._lines.add(f"{a}, {b}, {c} = read_pairs(d, i) if i + 6 <= end else NO_PAIRS")
        # What a time of 2004 to 2039 takes: six bytes, not negative. A float holds such milliseconds exactly enough.
        with self._lines.block(f"if {a} & 32897 == 32896 and {b} & 32896 == 32896 and {c} & 32896 == 128:"):
            number = f"PAIRS[{a}] | PAIRS[{b}] << 14 | PAIRS[{c}] << 28"
            self._lines.add("i += 6", f"{found} = fromtimestamp(({number}) / 2000, UTC)" if self._build else "pass")
        with self._lines.block("else:"):
            made = _MADE_OF["timestamp-millis"].format(self._number("timestamp-millis"))
            self._lines.add(f"{found} = {self._made(made)}")
        return found if self._build else "None"

    def _float(self, kind: str) -> str:
        found = self._lines.fresh()
        self._lines.add(f"{found} = read_{kind}(d, i)[0]", f"i += {4 if kind == 'float' else 8}")
        return found

    def _enum(self, node: EnumType, spot: Spot) -> str:
        found, n = self._lines.fresh(), self._lines.fresh("n")
        symbols = self._lines.keep({number << 1: symbol for number, symbol in enumerate(node.symbols)})
        self._lines.add(f"{n}, i = int_at(d, i)" if len(node.symbols) > 64 else f"{n} = d[i]; i += 1")
        self._lines.add(f"{found} = {symbols}.get({n})")
        self._refuse_if(f"{found} is None", f"an index names no symbol of {node.name}", spot)
        return found

    # -- phrases -------------------------------------------------------------------------------------------

    def _slice(self, size: int | None) -> str:
        """Move over ``size`` bytes, or as many as the bytes say; the expression for them holds until the next move."""
        start = self._lines.fresh("s")
        if size is not None:
            self._lines.add(f"{start} = i", f"i += {size}")
            return f"d[{start}:i]"
        n = self._lines.fresh("n")
        self._lines.add(f"{n} = d[i]")
        # An odd first byte is a negative length.
        with self._lines.block(f"if {n} & 129:"):
            self._lines.add(f"{n}, {start} = length_at(d, i)", f"i = {start} + {n}")
        with self._lines.block("else:"):
            self._lines.add(f"{start} = i + 1", f"i = {start} + ({n} >> 1)")
        return f"d[{start}:i]"

    def _byte(self) -> str:
        name = self._lines.fresh("b")
        self._lines.add(f"{name} = d[i]", "i += 1")
        return name

    def _made(self, code: str) -> str:
        return self._kept(code) if self._build else "None"

    def _kept(self, code: str) -> str:
        name = self._lines.fresh()
        self._lines.add(f"{name} = {code}")
        return name

    def _refuse_if(self, wrong: str, words: str, spot: Spot) -> None:
        with self._lines.block(f"if {wrong}:"):
            self._refuse(words, spot)

    def _refuse(self, words: str, spot: Spot) -> None:
        self._lines.add(f"raise DecodeError({f'{spot.path}: {words}' if spot.path else words!r})")


def likely_first(union: UnionType) -> list[tuple[int, AvroType]]:
    """Return the branches with their indexes, null last."""
    return sorted(enumerate(union.branches), key=lambda pair: pair[1] == Scalar("null"))
