"""The target of Avro object container files: every record as the log has it, in a file that explains itself.

What is hot is written by hand: pieces of bytes, most of them ready, joined once for some hundred records. What is rare
(no key, no value, a null header, what is longer than the tables) takes the plain way of ``layout``.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bus.codec.runtime import LAST, MORE, varint
from bus.records import Record, TopicPartition
from bus.replays import MARKS, ORIGIN, RUN, TIME
from replay.runs.target import Room, RunFacts, Settled
from replay.runs.targets.growing import ROOM, Growing
from replay.runs.targets.layout import head, named, number, place, record_bytes, sign, sync_of, text

BLOCK_BYTES = 256 * 1024
"""A block is written as soon as it has so many bytes before compression."""

_LEVEL = 1
"""Measured on events with Vietnamese names and random numbers: level 1 leaves 21 % of the bytes in 3.8 µs a record,
level 6 leaves 19 % in 8.3 µs. Somebody waits for a run, and what it writes is a copy.
"""

_AT_ONCE = 256
_MARKS = len(MARKS)
_MOST_KNOWN = 100
_FILLED = [b"\x02" + length for length in LAST[::2]]
"""For each length below 8,192: that a value is not null, and its length."""


class Container:
    """Implements :class:`~replay.runs.target.Target` as an Avro container; ``codec`` is ``null`` or ``deflate``."""

    def __init__(self, path: Path, codec: str) -> None:
        self._file = Growing(path)
        self._codec = codec
        self._pack = _CODECS[codec]
        self._encoder = Encoder(b"", b"")
        self._block: list[bytes] = []
        self._records = self._bytes = 0
        self._sync = b""

    @property
    def room(self) -> Room:
        """As the port says."""
        return ROOM

    def begin(self, facts: RunFacts, mark: bytes | None) -> None:
        """As the port says; the file's head tells the run, its plan, and the schemas of the values."""
        self._sync = sync_of(facts.run)
        self._encoder = Encoder(facts.run.encode(), facts.began.encode())
        self._file.begin(sign(facts.run), mark)
        if not self._file.length:
            self._file.write(head(facts, self._codec))

    def take(self, records: Sequence[Record]) -> None:
        """As the port says."""
        for first in range(0, len(records), _AT_ONCE):
            part = records[first : first + _AT_ONCE]
            data = self._encoder.encode(part)
            self._block.append(data)
            self._records += len(part)
            self._bytes += len(data)
            if self._bytes >= BLOCK_BYTES:
                self._end_block()

    def settle(self) -> Settled:
        """As the port says; a block ends here, since whoever goes on begins with a new one."""
        if self._records:
            self._end_block()
        return Settled(mark=self._file.settle())

    def finish(self) -> None:
        """As the port says."""
        self._file.finish()

    def close(self) -> None:
        """As the port says."""
        self._file.close()

    def _end_block(self) -> None:
        data = self._pack(b"".join(self._block))
        self._file.write(b"".join((number(self._records), number(len(data)), data, self._sync)))
        self._block, self._records, self._bytes = [], 0, 0


class Encoder:
    """Writes records of one run as Avro, each with its marks behind its headers. Belongs to one thread."""

    def __init__(self, run: bytes, began: bytes) -> None:
        self._run, self._began = run, began
        self._names: dict[str, bytes] = {}
        self._places: dict[tuple[str, int], tuple[bytes, bytes, int]] = {}
        self._before_origin = named(RUN) + text(run) + named(ORIGIN)
        self._behind_origin = named(TIME) + text(began) + b"\x00"

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return records one after the other, as a block holds them."""
        pieces: list[bytes] = []
        last, more, filled, names, places = LAST, MORE, _FILLED, self._names, self._places
        before_origin, behind_origin = self._before_origin, self._behind_origin
        recent: int | None = None
        recent_bytes = b""
        for record in records:
            start = len(pieces)
            # Any: what is None has no length, and goes the plain way, as what is longer than the tables does.
            key: Any = record.key
            value: Any = record.value
            headers: Any = record.headers
            try:
                where, origin, origin_size = places[record.topic, record.partition]
                digits = b"%d" % record.offset
                offset, moment = record.offset << 1, record.timestamp << 1
                above = offset >> 14
                if moment >> 14 != recent:
                    recent, recent_bytes = moment >> 14, _upper(moment >> 14)
                upper = last[above] if above < 1 << 14 else varint(above)
                pieces += (
                    where, more[offset & 16383] + upper if above else last[offset],
                    more[moment & 16383], recent_bytes, filled[len(key)], key, filled[len(value)], value,
                    last[len(headers) + _MARKS << 1],
                )  # fmt: skip
                for name, content in headers:
                    pieces += names[name], last[len(content) << 1], content
                size = last[origin_size + len(digits) << 1]
                pieces += before_origin, size, origin, digits, behind_origin
            except (IndexError, KeyError, TypeError):
                pieces[start:] = [record_bytes(record, self._run, self._began)]
                self._learn(record)
        return b"".join(pieces)

    def _learn(self, record: Record) -> None:
        """Keep ready what records like this begin with; few names, so that nobody's strange ones fill the memory."""
        at = record.topic, record.partition
        if at not in self._places:
            origin = f"{TopicPartition(*at)}/".encode()
            self._places[at] = place(*at), origin, len(origin)
        if len(self._names) > _MOST_KNOWN:
            self._names.clear()
        self._names.update((name, named(name)) for name, _ in record.headers if name not in self._names)


def _upper(bits: int) -> bytes:
    """Return what of a number stands behind its last fourteen bits. Raises IndexError where nothing does."""
    if bits <= 0:
        raise IndexError
    return LAST[bits] if bits < 1 << 14 else varint(bits)


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


_CODECS: Mapping[str, Callable[[bytes], bytes]] = {"null": bytes, "deflate": _deflated}
