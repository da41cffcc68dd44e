"""From JSON to an event's payload, led by its contract: the way back of :func:`bus.cli.plain.plain`. Pure.

JSON has no times, decimals or bytes, so each has one way to be written. Whatever JSON cannot hold exactly is refused:
a field that the contract lacks, a decimal as a number with a fraction, a time without its offset. Absent fields have
the contract's default. What a value must be besides (NFC, range, precision) the codec judges.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from bus.codec.defaults import defaults_of
from bus.codec.limits import MAX_DEPTH
from bus.codec.plan import (
    NULL,
    ArrayType,
    AvroType,
    DecimalType,
    FixedType,
    MapType,
    Plan,
    RecordRef,
    RecordType,
    Scalar,
    UnionType,
    expected,
)  # fmt: skip
from bus.codec.planning import make_plan
from bus.errors import Misfit
from bus.nearest import did_you_mean

_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}:\d{2}(\.\d{1,6})?"
_ZONED = re.compile(rf"{_DATE}[Tt]{_CLOCK}([Zz]|[+-]\d{{2}}:\d{{2}})")
_LOCAL = re.compile(rf"{_DATE}T{_CLOCK}")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_MOST_DIGITS = 100
_HINTS = {
    "timestamp": "Write it as 2026-11-24T09:15:00+07:00, with its offset.",
    "local": "Write it as 2026-11-24T09:15:00, without an offset.",
    "date": "Write it as 2026-11-24.",
    "time": "Write it as 09:15:00.",
    "bytes": "Write bytes as base64.",
    "uuid": "Write it as 6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57.",
    "decimal": 'Write a decimal as text, "50000.50": a JSON number with a fraction is not exact everywhere.',
}


def payload_from(schema: str, value: Any) -> dict[str, Any]:
    """Return the payload that a JSON value means under a contract's text.

    Raises :class:`~bus.errors.Misfit` with the field's path, never with its value.
    """
    plan = make_plan(schema)
    payload: dict[str, Any] = _Conversion(plan).value(plan.root, value, "", 0)
    return payload


class _Conversion:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._defaults = defaults_of(plan)

    def value(self, node: AvroType, value: Any, path: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Misfit(path, f"nested at most {MAX_DEPTH} deep")
        match node:
            case RecordType() | RecordRef():
                return self._record(self._plan.records[node.name], value, path, depth)
            case UnionType():
                return self._union(node, value, path, depth)
            case ArrayType():
                items = _of(list, node, value, path)
                return [self.value(node.items, one, f"{path}[{index}]", depth + 1) for index, one in enumerate(items)]
            case MapType():
                entries = enumerate(_of(dict, node, value, path).items())
                return {key: self.value(node.values, one, f"{path}[{n}]", depth + 1) for n, (key, one) in entries}
        return _leaf(node, value, path)

    def _record(self, node: RecordType, value: Any, path: str, depth: int) -> dict[str, Any]:
        given = _of(dict, node, value, path)
        known = dict(node.fields)
        for name in given:
            if name not in known:
                raise _unknown(name, node, path)
        return {name: self._field(node, name, given, _joined(path, name), depth) for name in known}

    def _field(self, node: RecordType, name: str, given: Mapping[str, Any], path: str, depth: int) -> Any:
        place = (node.name, name)
        if name not in given and place not in self._defaults:
            raise Misfit(path, "present", hint=f"Every {node.name.rpartition('.')[2]} has it.")
        value = given[name] if name in given else self._defaults[place]
        return self.value(dict(node.fields)[name], value, path, depth + 1)

    def _union(self, node: UnionType, value: Any, path: str, depth: int) -> Any:
        if value is None and NULL in node.branches:
            return None
        if node.optional is not None:
            return self.value(node.optional, value, path, depth)
        if node.named and isinstance(value, dict) and len(value) == 1:
            ((name, inner),) = value.items()
            for branch in node.branches:
                if isinstance(branch, RecordType | RecordRef) and branch.name == name:
                    return name, self.value(branch, inner, path, depth + 1)
        for branch in node.branches:
            if branch != NULL and not isinstance(branch, RecordType | RecordRef):
                try:
                    return self.value(branch, value, path, depth)
                except Misfit:
                    continue
        raise Misfit(path, expected(node), hint='Name a record\'s branch: {"full.Name": {…}}.' if node.named else None)


def _leaf(node: AvroType, value: Any, path: str) -> Any:
    if isinstance(node, DecimalType):
        return _decimal(node, value, path)
    if isinstance(node, FixedType):
        return _from_text(Scalar("bytes"), value, path)
    if not isinstance(node, Scalar):
        return _of(str, node, value, path)  # an enum's symbol
    if node.kind in _TEXTS:
        return _from_text(node, value, path)
    if node.kind in ("float", "double"):
        return _float(node, value, path)
    return _of(_PLAIN[node.kind], node, value, path)


_PLAIN: Mapping[str, type] = {"null": type(None), "boolean": bool, "int": int, "long": int, "string": str}


def _of(kind: type | tuple[type, ...], node: AvroType, value: Any, path: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise Misfit(path, expected(node))
    return value


def _float(node: Scalar, value: Any, path: str) -> float:
    number = _of((int, float), node, value, path)
    try:
        if float(number) == number:
            return float(number)
    except OverflowError:
        pass  # said below: no float holds it
    raise Misfit(path, expected(node), hint="A whole number of that size loses digits in a float.")


def _decimal(node: DecimalType, value: Any, path: str) -> Decimal:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if is_whole else value
    if not isinstance(text, str) or len(text) > _MOST_DIGITS or not _DECIMAL.fullmatch(text):
        raise Misfit(path, expected(node), hint=_HINTS["decimal"])
    return Decimal(text)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _matched(form: re.Pattern[str], read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Python reads more forms than one; a contract has one."""

    def read_matched(text: str) -> Any:
        if not form.fullmatch(text):
            raise ValueError
        return read(text)

    return read_matched


_zoned = _matched(_ZONED, lambda text: datetime.fromisoformat(text.upper()))
_local = _matched(_LOCAL, datetime.fromisoformat)
_time = _matched(re.compile(_CLOCK), time.fromisoformat)
_TEXTS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "timestamp-millis": ("timestamp", _zoned), "timestamp-micros": ("timestamp", _zoned),
    "local-timestamp-millis": ("local", _local), "local-timestamp-micros": ("local", _local),
    "time-millis": ("time", _time), "time-micros": ("time", _time),
    "date": ("date", _matched(re.compile(_DATE), date.fromisoformat)),
    "uuid": ("uuid", _matched(re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), UUID)),
    "bytes": ("bytes", _bytes),
}  # fmt: skip


def _from_text(node: Scalar, value: Any, path: str) -> Any:
    name, read = _TEXTS[node.kind]
    try:
        return read(_of(str, node, value, path))
    except (ValueError, OverflowError, InvalidOperation, binascii.Error, Misfit):
        raise Misfit(path, expected(node), hint=_HINTS[name]) from None


def _unknown(name: str, node: RecordType, path: str) -> Misfit:
    known = [field for field, _ in node.fields]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        return Misfit(path, f"a {node.name}: a key is no field's name")
    hint = did_you_mean(name, known, otherwise=f"Its fields are {', '.join(known)}.")
    return Misfit(_joined(path, name), f"a field of {node.name}", hint=hint)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
