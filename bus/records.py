"""Records: what a log keeps. ``NewRecord`` before it has a place, ``Record`` after; plain frozen data."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from msgspec import Struct

Header: TypeAlias = tuple[str, bytes | None]
"""A name and its bytes. Order and repeated names are kept."""


MAX_VALUE_BYTES = 1024 * 1024
MAX_EXTRA_BYTES = 64 * 1024
"""What every engine takes: of a value, and of key and headers together as it stores them."""


class TopicPartition(NamedTuple):
    """One ordered shard of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Place(NamedTuple):
    """Where a record stands, and when the bus accepted it (milliseconds since 1970, UTC)."""

    topic: str
    partition: int
    offset: int
    timestamp: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class NewRecord(Struct, frozen=True, kw_only=True):
    """What a producer hands over: it has no place yet, so none to get wrong.

    The key decides the partition (murmur2, as Java's client does); a record without a key goes to a
    partition of the engine's choice. ``partition`` overrides both: for dead letters and for moving house.
    ``value`` is None for a tombstone on a compacted topic.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    partition: int | None = None


class Record(Struct, frozen=True, kw_only=True):
    """What the log gives back: the same bytes, now with a place.

    ``timestamp`` is when the bus accepted it, milliseconds since 1970 in UTC, never going back within a
    partition of the embedded engine.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.topic, self.partition, self.offset, self.timestamp)

    def header(self, name: str) -> bytes | None:
        """Return the last header of that name, or None: later ones overrule, as in Kafka."""
        for known, value in reversed(self.headers):
            if known == name:
                return value
        return None

    def text(self, name: str) -> str:
        """Return the last header of that name as text, empty where there is none; what is no UTF-8 is replaced."""
        return (self.header(name) or b"").decode("utf-8", "replace")
