"""From a cell's text to a single value of the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from bus.codec.plan import AvroType, DecimalType, EnumType, Scalar, expected
from connectors.file_drop.numbers import decimal_reader, number_reader, whole_reader
from connectors.file_drop.times import instant_reader, time_reader
from connectors.file_drop.unfit import Unfit, WrongFormat
from connectors.file_drop.writing import Writing

Read = Callable[[str], Any]
INSTANT = Scalar("instant")
"""Not a type of Avro: a time with its own text beside it, where that says more."""

_PLAIN_WORDS = {"string": "a text", "instant": "a time", "timestamp-millis": "a time"}
_BITS = {"int": 32, "long": 64}
_TIMES = ("timestamp-millis", "date", "instant")
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_NUMBER_WORDS = frozenset({"decimal", "thousands"})
_TIME_WORDS = frozenset({"format", "zone"})


def words_of(kind: AvroType) -> frozenset[str]:
    """Return the words of the grammar that say how texts of ``kind`` are written."""
    if isinstance(kind, DecimalType) or (isinstance(kind, Scalar) and kind.kind in (*_BITS, "double")):
        return _NUMBER_WORDS
    return _TIME_WORDS if isinstance(kind, Scalar) and kind.kind in _TIMES else frozenset()


def described(kind: AvroType) -> str:
    """Return what a value of ``kind`` is, in an integrator's words."""
    if isinstance(kind, Scalar) and kind.kind in _PLAIN_WORDS:
        return _PLAIN_WORDS[kind.kind]
    return expected(kind)


def reader(kind: AvroType, writing: Writing) -> Read:
    """Return the function that reads a text as ``kind``; it raises :class:`~.unfit.Unfit` for any other text.

    Raises :class:`~.unfit.WrongFormat` where no text can ever be one.
    """
    match kind:
        case DecimalType():
            numbers = number_reader(writing.decimal, writing.thousands)
            return decimal_reader(numbers, kind.precision, kind.scale)
        case EnumType():
            return _symbol_reader(kind)
        case Scalar():
            return _scalar_reader(kind, writing)
    raise _cannot(kind)


def _scalar_reader(kind: Scalar, writing: Writing) -> Read:
    match kind.kind:
        case "string":
            return str
        case "boolean":
            return _read_truth
        case "int" | "long":
            return whole_reader(number_reader(writing.decimal, writing.thousands), _BITS[kind.kind])
        case "double":
            numbers = number_reader(writing.decimal, writing.thousands)
            return lambda text: float(numbers(text))
        case "uuid":
            return _read_uuid
        case "date":
            return _date_reader(writing)
        case "instant":
            return instant_reader(writing.formats, writing.zone)
        case "timestamp-millis":
            instants = instant_reader(writing.formats, writing.zone)
            return lambda text: instants(text).at
    raise _cannot(kind)


def _cannot(kind: AvroType) -> WrongFormat:
    return WrongFormat(f"no cell of a file can fill {expected(kind)}", "Leave the field out, or tell another event.")


def _date_reader(writing: Writing) -> Callable[[str], date]:
    times = time_reader(writing.formats)
    return lambda text: times(text).date()


def _symbol_reader(kind: EnumType) -> Callable[[str], str]:
    symbols = frozenset(kind.symbols)
    hint = f"Give the field a `map:` to one of {', '.join(kind.symbols)}."

    def read(text: str) -> str:
        if text not in symbols:
            raise Unfit("is none of the contract's symbols", hint)
        return text

    return read


def _read_truth(text: str) -> bool:
    found = _TRUTHS.get(text.lower())
    if found is None:
        hint = "It reads `true`, `false`, `1` and `0`; for others: `map: {yes: true, no: false}`."
        raise Unfit("is neither true nor false", hint)
    return found


def _read_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Unfit("is not a UUID", "A UUID has 32 hexadecimal digits.") from error
