"""Which partition a key belongs to: murmur2, as Java's client and kafka-python choose it.

Both engines and every other client must agree, or the records of one key would lose their order.
"""

from __future__ import annotations

from struct import unpack_from

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_WORDS = tuple(f"<{words}I" for words in range(64))


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of ``key`` among ``partitions``.

    >>> partition_of(b"H56.14-261124-0001", 4)
    2
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the 32-bit murmur2 hash with Kafka's seed.

    >>> murmur2(b"21") == -973932308 & 0xFFFFFFFF
    True
    """
    length = len(data)
    words = length >> 2
    mixed = _SEED ^ length
    for word in unpack_from(_WORDS[words] if words < 64 else f"<{words}I", data):
        word = word * _MIX & _MASK
        mixed = (mixed * _MIX ^ (word ^ word >> 24) * _MIX) & _MASK
    tail = length & 3
    if tail:
        mixed = (mixed ^ int.from_bytes(data[-tail:], "little")) * _MIX & _MASK
    mixed = (mixed ^ mixed >> 13) * _MIX & _MASK
    return mixed ^ mixed >> 15
