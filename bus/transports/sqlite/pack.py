"""A record's headers as bytes, with the checksum that guards key, value and headers: SQLite has none for pages.

Layout: format (1 byte), CRC-32 (4 bytes, little endian), headers as a msgpack array of pairs. Order, repeated
names and nulls survive. Another format byte can bring another layout later.
"""

from __future__ import annotations

from zlib import crc32

from msgspec import DecodeError, ValidationError
from msgspec.msgpack import Decoder, Encoder

from bus.errors import InvalidEnvelope
from bus.records import Header

_FORMAT = 1
_PREFIX = bytes([_FORMAT])
_BODY = 5
_NO_KEY, _NO_VALUE = 1, 2  # seeds of the checksum: absent and empty differ
_encode = Encoder().encode
_decode = Decoder(tuple[Header, ...]).decode


def pack(key: bytes | None, value: bytes | None, headers: tuple[Header, ...]) -> bytes:
    """Return what is stored beside ``key`` and ``value``. Raises :class:`~bus.errors.InvalidEnvelope`."""
    try:
        body = _encode(headers)
    except (UnicodeEncodeError, TypeError) as error:
        raise InvalidEnvelope("a header's name is not text that UTF-8 can hold") from error
    return _PREFIX + _checksum(key, value, body).to_bytes(4, "little") + body


def unpack(key: bytes | None, value: bytes | None, stored: bytes) -> tuple[Header, ...] | None:
    """Return the headers, or None if anything of the record is not what was written."""
    try:
        body = stored[_BODY:]
        if stored[0] != _FORMAT or int.from_bytes(stored[1:_BODY], "little") != _checksum(key, value, body):
            return None
        return _decode(body)
    except (DecodeError, ValidationError, IndexError, TypeError):
        return None


def _checksum(key: bytes | None, value: bytes | None, body: bytes) -> int:
    if key is None or value is None:
        seed = (_NO_KEY if key is None else 0) | (_NO_VALUE if value is None else 0)
        return crc32(body, crc32(value or b"", crc32(key or b"", seed)))
    return crc32(body, crc32(value, crc32(key)))
