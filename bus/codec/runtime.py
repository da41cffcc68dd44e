"""What generated code calls: tables of ready bytes, and the few conversions that are not worth writing out.

The tables hold varints fourteen bits at a time, about 2 MB in all, made once: a timestamp is three look-ups.
Readers take ``(data, position)`` and return what they read with the next position.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache
from struct import Struct
from typing import Final
from unicodedata import is_normalized
from uuid import UUID, SafeUUID

from bus.errors import DecodeError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
DAY_MICROS: Final = 86_400_000_000
LENGTHS: Final = 1024
"""Lengths below this are looked up."""

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_QUIET = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_ONE = Decimal(1)
_new, _set = object.__new__, object.__setattr__
_DOUBLE, _FLOAT = Struct("<d"), Struct("<f")
pack_double, read_double = _DOUBLE.pack, _DOUBLE.unpack_from
pack_float, read_float = _FLOAT.pack, _FLOAT.unpack_from
read_pairs = Struct("<HHH").unpack_from


def _short(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])


LAST: Final = [_short(number) for number in range(1 << 14)]
"""A varint's last fourteen bits, or all of them."""

MORE: Final = [bytes([number & 127 | 128, number >> 7 | 128]) for number in range(1 << 14)]
"""Fourteen bits of a varint that goes on."""

PAIRS: Final = [pair & 127 | (pair >> 8 & 127) << 7 for pair in range(1 << 16)]
"""Fourteen bits from two bytes, read as a little-endian number, whatever their high bits."""


@lru_cache(maxsize=64)
def lengths(prefix: bytes) -> list[bytes]:
    """Return, for each short length, its varint behind ``prefix`` (a union's index)."""
    return [prefix + LAST[length << 1] for length in range(LENGTHS)]


# -- writing --------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    """Return an unsigned number of up to 64 bits as a varint."""
    parts = []
    while number >= 1 << 14:
        parts.append(MORE[number & 16383])
        number >>= 14
    parts.append(LAST[number])
    return b"".join(parts)


def is_nfc(text: str) -> bool:
    """Say whether ``text`` may be written: NFC. Almost all text is ASCII or is quickly seen to be."""
    return text.isascii() or is_normalized("NFC", text)


def float_bytes(value: float) -> bytes | None:
    """Return a float's four bytes, or None unless they hold it exactly (NaN is NaN)."""
    try:
        data = pack_float(value)
    except OverflowError:
        return None
    return data if read_float(data)[0] == value or value != value else None


def timestamp_micros(value: datetime) -> int | None:
    """Return microseconds since 1970, or None for a time without a zone."""
    return None if value.utcoffset() is None else _micros(value - EPOCH)


def local_micros(value: datetime) -> int | None:
    """Return microseconds since 1970 by an unnamed clock, or None for a time with a zone."""
    return None if value.tzinfo is not None else _micros(value.replace(tzinfo=UTC) - EPOCH)


def local_millis(value: datetime) -> int | None:
    """Return milliseconds since 1970 by an unnamed clock, or None with a zone or a finer part."""
    return _whole_millis(local_micros(value))


def time_micros(value: time) -> int | None:
    """Return microseconds since midnight, or None for a time with a zone."""
    if value.tzinfo is not None:
        return None
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def time_millis(value: time) -> int | None:
    """Return milliseconds since midnight, or None with a zone or a finer part."""
    return _whole_millis(time_micros(value))


def _micros(delta: timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _whole_millis(micros: int | None) -> int | None:
    return None if micros is None or micros % 1000 else micros // 1000


def unscaled(value: Decimal, precision: int, scale: int) -> int | None:
    """Return the whole number behind a decimal, or None unless it is finite, fits, and has no digit beyond ``scale``.

    >>> unscaled(Decimal("12.5"), 4, 2), unscaled(Decimal("12.500"), 4, 2), unscaled(Decimal("123.5"), 4, 2)
    (1250, None, None)
    """
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent < -scale:
        return None
    if not value:
        return 0
    if len(digits) + exponent + scale > precision:
        return None
    return int(value.scaleb(scale, _EXACT))


@lru_cache(maxsize=1024)
def decimal_writer(precision: int, scale: int, size: int | None) -> Callable[[Decimal], bytes | None]:
    """Return what writes such a decimal with its length, or answers None; on bytes in as few as hold it."""
    most = 10**precision

    def whole(value: Decimal) -> int | None:
        # Almost every value has exactly the digits of its scale; all others take the long way.
        scaled = value.scaleb(scale, _QUIET)
        number = int(scaled) if scaled.same_quantum(_ONE) else unscaled(value, precision, scale)
        return number if number is not None and -most < number < most else None

    def write_bytes(value: Decimal) -> bytes | None:
        number = whole(value)
        if number is None:
            return None
        length = ((number if number >= 0 else ~number).bit_length() >> 3) + 1
        return LAST[length << 1] + number.to_bytes(length, "big", signed=True)

    def write_fixed(value: Decimal) -> bytes | None:
        number = whole(value)
        return None if number is None else number.to_bytes(size or 0, "big", signed=True)

    return write_bytes if size is None else write_fixed


# -- reading --------------------------------------------------------------------------------------------


def raw_at(data: bytes, position: int) -> tuple[int, int]:
    """Read a varint as it stands, before the sign is unfolded."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > 63:
            raise DecodeError("a number goes on after ten bytes")
    if number >> 64:
        raise DecodeError("a number is over 64 bits")
    return number, position


def int_at(data: bytes, position: int) -> tuple[int, int]:
    """Read a number of 32 bits, before the sign is unfolded."""
    number, position = raw_at(data, position)
    if number >> 32:
        raise DecodeError("an int is over 32 bits")
    return number, position


def length_at(data: bytes, position: int) -> tuple[int, int]:
    """Read the length of bytes or text."""
    number, position = raw_at(data, position)
    if number & 1:
        raise DecodeError("a length is negative")
    return number >> 1, position


def block_at(data: bytes, position: int) -> tuple[int, int, int]:
    """Read a block's count, the next position, and where the block must end (-1 where it does not say)."""
    number, position = raw_at(data, position)
    if not number & 1:
        return number >> 1, position, -1
    size, position = length_at(data, position)
    return (number >> 1) + 1, position, position + size


@lru_cache(maxsize=1024)
def decimal_reader(precision: int, scale: int) -> Callable[[bytes], Decimal]:
    """Return what reads the bytes of such a decimal."""
    most = 10**precision

    def read(data: bytes) -> Decimal:
        number = int.from_bytes(data, "big", signed=True)
        if not -most < number < most:
            raise DecodeError("a decimal has more digits than its type")
        return Decimal(number).scaleb(-scale, _EXACT)

    return read


def uuid_of(data: bytes) -> UUID:
    """Return the UUID of its canonical text, the one form that RFC 9562 gives."""
    digits = data.replace(b"-", b"")
    if len(data) != 36 or len(digits) != 32 or not data[8] == data[13] == data[18] == data[23] == 45:
        raise DecodeError("a uuid is not in its canonical form")
    # Not by UUID(…): it takes other forms too, and its tests cost more than all else here. unhexlify takes digits only.
    found: UUID = _new(UUID)
    _set(found, "int", int.from_bytes(unhexlify(digits), "big"))
    _set(found, "is_safe", SafeUUID.unknown)
    return found


def time_of(micros: int) -> time:
    """Return a time of day."""
    if not 0 <= micros < DAY_MICROS:
        raise DecodeError("a time of day is not within a day")
    seconds, micros = divmod(micros, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, micros)
