"""CRC-64-AVRO of the canonical form (Avro 1.12, "Schema Fingerprints")."""

from __future__ import annotations

from registry.avro.canonical import canonical_form
from registry.avro.nodes import Schema

_EMPTY = 0xC15D213AA4D7A795


def _row(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_EMPTY if value & 1 else 0)
    return value


_TABLE = tuple(map(_row, range(256)))


def crc64(data: bytes) -> int:
    """Return the 64-bit Rabin fingerprint of bytes, as a number without sign."""
    found = _EMPTY
    for byte in data:
        found = (found >> 8) ^ _TABLE[(found ^ byte) & 0xFF]
    return found


def fingerprint(schema: Schema) -> str:
    """Return CRC-64-AVRO as a number in 16 hexadecimal digits, as Java counts it.

    Python libraries show the same bytes the other way round, as they are sent (little end first).

    >>> from registry.avro.parse import parse
    >>> fingerprint(parse('"int"'))
    '7275d51a3f395c8f'
    """
    return f"{crc64(canonical_form(schema).encode()):016x}"
