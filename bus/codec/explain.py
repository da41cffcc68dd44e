"""The slow walk: why a value was refused, by name and place. Only a refusal pays for it.

Never the value itself: it may be personal data. A map's keys may be too, so an entry is named by its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from bus.codec import runtime
from bus.codec.limits import MAX_DEPTH
from bus.codec.plan import (
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
from bus.errors import Misfit
from bus.nearest import did_you_mean

_CLASSES: dict[str, type] = {
    "NoneType": type(None), "bool": bool, "int": int, "float": float, "bytes": bytes, "str": str, "UUID": UUID,
    "date": date, "time": time, "datetime": datetime, "Decimal": Decimal, "list": list, "dict": dict,
}  # fmt: skip
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def explain(plan: Plan, value: Any) -> Misfit | None:
    """Return the first misfit of ``value`` in the schema's order, or None if it fits."""
    return next(_Walk(plan).misfits(plan.root, value, "", 0), None)


class _Walk:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def misfits(self, node: AvroType, value: Any, path: str, level: int) -> Iterator[Misfit]:
        match node:
            case RecordType() | RecordRef():
                yield from self._record(node, value, path, level)
            case UnionType():
                yield from self._union(node, value, path, level)
            case _ if not _is_of(node, value):
                yield _of_another_type(node, value, path)
            case ArrayType():
                for index, item in enumerate(value):
                    yield from self.misfits(node.items, item, f"{path}[{index}]", level + 1)
            case MapType():
                yield from self._map(node, value, path, level)
            case _ if not _fits(node, value):
                yield Misfit(path, expected(node), hint=_HINTS.get(getattr(node, "kind", "")))

    def _record(self, node: RecordType | RecordRef, value: Any, path: str, level: int) -> Iterator[Misfit]:
        if self._plan.is_shared(node) and level > MAX_DEPTH:
            yield Misfit(path, f"nested at most {MAX_DEPTH} deep")
        elif type(value) is not dict:
            yield _of_another_type(node, value, path)
        else:
            yield from self._fields(self._plan.records[node.name], value, path, level)

    def _fields(self, node: RecordType, value: dict[Any, Any], path: str, level: int) -> Iterator[Misfit]:
        names = [name for name, _ in node.fields]
        yield from (_unknown(name, node, path) for name in value if name not in names)
        for name, part in node.fields:
            inner = f"{path}.{name}" if path else name
            if name not in value:
                yield Misfit(inner, "present", hint=f"Give every field of {node.name}; an absent one is null.")
            else:
                yield from self.misfits(part, value[name], inner, level + 1)

    def _map(self, node: MapType, value: dict[Any, Any], path: str, level: int) -> Iterator[Misfit]:
        for index, (key, item) in enumerate(value.items()):
            place = f"{path}[{index}]"
            if type(key) is not str or not _fits(Scalar("string"), key):
                yield Misfit(place, "under a key that is text in NFC")
            yield from self.misfits(node.values, item, place, level + 1)

    def _union(self, node: UnionType, value: Any, path: str, level: int) -> Iterator[Misfit]:
        if value is None and NULL in node.branches:
            return
        if node.optional is not None:
            yield from self.misfits(node.optional, value, path, level)
            return
        branch, inner = choose(node, value)
        if branch is None:
            yield Misfit(path, expected(node))
        else:
            yield from self.misfits(branch, inner, path, level)


def _is_of(node: AvroType, value: Any) -> bool:
    return type(value) is _CLASSES[python_name(node)]


def choose(union: UnionType, value: Any) -> tuple[AvroType | None, Any]:
    """Return the branch that a value is for (None where there is none) and the value without its branch's name."""
    if union.named and type(value) is tuple:
        for branch in union.branches:
            if isinstance(branch, RecordType | RecordRef) and len(value) == 2 and value[0] == branch.name:
                return branch, value[1]
        return None, value
    for branch in union.branches:
        by_name = union.named and isinstance(branch, RecordType | RecordRef)
        if not by_name and _is_of(branch, value):
            return branch, value
    return None, value


def _unknown(name: Any, node: RecordType, path: str) -> Misfit:
    if type(name) is not str or not _FIELD.fullmatch(name):
        return Misfit(path, f"a record of {node.name}: a key is no field's name")
    hint = did_you_mean(name, [field for field, _ in node.fields]) or None
    return Misfit(f"{path}.{name}" if path else name, f"a field of {node.name}", hint=hint)


def _of_another_type(node: AvroType, value: Any, path: str) -> Misfit:
    name, kind = python_name(node), getattr(node, "kind", "")
    is_kin = isinstance(value, _CLASSES[name]) and name not in ("int", "date")
    hint = f"Give a plain {name}: a subclass may hold more than is written." if is_kin else None
    # A form of the right type, such as NFC, is nothing to speak of where the type is another.
    words = "text" if kind == "string" else expected(node)
    given = "it is null" if value is None else f"its type is {type(value).__name__}"
    return Misfit(path, f"{words}: {given}", hint=hint or _TYPE_HINTS.get(kind))


_TYPE_HINTS = {
    "float": "Use double: most numbers with a fraction need its 64 bits.",
    "timestamp-millis": "Give an aware datetime cut to whole milliseconds.",
    "timestamp-micros": "Give an aware datetime.",
    "uuid": "uuid.UUID(text) makes one.",
}
_HINTS = _TYPE_HINTS | {
    "string": "unicodedata.normalize('NFC', text) gives the one form that compares and sorts alike.",
}


def _fits(node: AvroType, value: Any) -> bool:
    """Say whether a leaf's value, already of the right Python type, may be written."""
    match node:
        case DecimalType():
            return runtime.unscaled(value, node.precision, node.scale) is not None
        case FixedType():
            return len(value) == node.size
        case EnumType():
            return value in node.symbols
        case Scalar():
            return _SCALARS.get(node.kind, _always)(value)
    return True


def _always(_value: Any) -> bool:
    return True


def _is_text(value: str) -> bool:
    # A lone surrogate is NFC, yet has no UTF-8.
    return runtime.is_nfc(value) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_millis(value: datetime) -> bool:
    return value.utcoffset() is not None and runtime.timestamp_micros(value) % 1000 == 0  # type: ignore[operator]


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "int": lambda value: -(2**31) <= value < 2**31,
    "long": lambda value: -(2**63) <= value < 2**63,
    "float": lambda value: runtime.float_bytes(value) is not None,
    "string": _is_text,
    "timestamp-millis": _is_millis,
    "timestamp-micros": lambda value: runtime.timestamp_micros(value) is not None,
    "local-timestamp-millis": lambda value: runtime.local_millis(value) is not None,
    "local-timestamp-micros": lambda value: runtime.local_micros(value) is not None,
    "time-millis": lambda value: runtime.time_millis(value) is not None,
    "time-micros": lambda value: runtime.time_micros(value) is not None,
}
