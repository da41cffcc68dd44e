"""A record's headers as bytes, with the checksum that guards key, value and headers: SQLite has none for pages.

Layout: format (1 byte), CRC-32 (4 bytes, little endian), body. Order, repeated names and nulls survive.

* ``PAIRS``: a msgpack array of pairs, for any headers;
* ``EVENT``: a byte that says which optional headers an event has, then a msgpack array of the values alone, with
  null where a value is the record's key. Names and constants of events would be a quarter of the log.
"""

from __future__ import annotations

from itertools import compress
from zlib import crc32

from msgspec import DecodeError, ValidationError
from msgspec.msgpack import Decoder, Encoder

from bus.errors import InvalidEnvelope
from bus.records import Header

PAIRS, EVENT = b"\x01", b"\x02"
_BODY = 5
_NO_KEY, _NO_VALUE = 1, 2  # seeds of the checksum: absent and empty differ

# What EVENT stands for can never change: a log keeps it for ever.
_ALWAYS = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type")
_SOMETIMES = ("ce_dataschema", "ce_correlationid", "ce_causationid", "ce_agency", "traceparent")
_VERSION, _CONTENT = b"1.0", b"application/avro"
_NAMES = tuple(
    _ALWAYS + tuple(compress(_SOMETIMES, (shape >> place & 1 for place in range(len(_SOMETIMES)))))
    for shape in range(1 << len(_SOMETIMES))
)
_SHAPES = {names: shape.to_bytes(1, "little") for shape, names in enumerate(_NAMES)}

_encode = Encoder().encode
_decode_pairs = Decoder(tuple[Header, ...]).decode
_decode_values = Decoder(list[bytes | None]).decode


def pack(key: bytes | None, value: bytes | None, headers: tuple[Header, ...]) -> bytes:
    """Return what is stored beside ``key`` and ``value``. Raises :class:`~bus.errors.InvalidEnvelope`."""
    layout, body = PAIRS, _event_body(key, headers)
    if body is not None:
        layout = EVENT
    else:
        try:
            body = _encode(headers)
        except (UnicodeEncodeError, TypeError) as error:
            raise InvalidEnvelope("a header's name is not text that UTF-8 can hold") from error
    return layout + _checksum(key, value, body).to_bytes(4, "little") + body


def unpack(key: bytes | None, value: bytes | None, stored: bytes) -> tuple[Header, ...] | None:
    """Return the headers, or None if anything of the record is not what was written."""
    try:
        layout, body = stored[:1], stored[_BODY:]
        if int.from_bytes(stored[1:_BODY], "little") != _checksum(key, value, body):
            return None
        if layout == EVENT:
            return _event_headers(key, body)
        return _decode_pairs(body) if layout == PAIRS else None
    except (DecodeError, ValidationError, IndexError, TypeError, ValueError):
        return None


def _event_body(key: bytes | None, headers: tuple[Header, ...]) -> bytes | None:
    """Return the body of an event's headers; None if they are another's."""
    shape = _SHAPES.get(tuple([name for name, _ in headers]))
    if shape is None:
        return None
    values = [value for _, value in headers]
    if values[0] != _VERSION or values[6] != _CONTENT or None in values:
        return None
    del values[6], values[0]
    return shape + _encode([None if value == key else value for value in values])


def _event_headers(key: bytes | None, body: bytes) -> tuple[Header, ...]:
    values = [key if value is None else value for value in _decode_values(body[1:])]
    values.insert(0, _VERSION)
    values.insert(6, _CONTENT)
    return tuple(zip(_NAMES[body[0]], values, strict=True))


def _checksum(key: bytes | None, value: bytes | None, body: bytes) -> int:
    if key is None or value is None:
        seed = (_NO_KEY if key is None else 0) | (_NO_VALUE if value is None else 0)
        return crc32(body, crc32(value or b"", crc32(key or b"", seed)))
    return crc32(body, crc32(value, crc32(key)))
