"""How a container file of a replay is laid out: its schema, its head, and one record written the plain way. Pure.

Source: Avro specification 1.11, «Object Container Files» and «Binary Encoding».
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bus.codec.runtime import varint
from bus.records import Header, Record
from bus.replays import marks
from replay.runs.target import RunFacts

_BYTES = ["null", "bytes"]
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Replayed",
    "namespace": "vn.lienthong.replay",
    "doc": "Một bản ghi được phát lại từ lịch sử. / A record that was replayed from history.",
    "fields": [
        {"name": "topic", "type": "string", "doc": "Chủ đề gốc. / The topic where it stands."},
        {"name": "partition", "type": "int", "doc": "Phân vùng gốc. / The partition where it stands."},
        {"name": "offset", "type": "long", "doc": "Vị trí trong phân vùng. / Its place in that partition."},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"},
         "doc": "Thời điểm trục nhận bản ghi gốc. / When the bus accepted the original."},
        {"name": "key", "type": _BYTES, "doc": "Khóa, quyết định thứ tự. / The key, which decides the order."},
        {"name": "value", "type": _BYTES,
         "doc": "Giá trị theo khuôn Confluent: byte 0, mã lược đồ 4 byte, rồi Avro; để trống là xóa khóa. / The value"
                " in Confluent's frame: byte 0, the schema's id in 4 bytes, then Avro; null deletes the key."},
        {"name": "headers", "type": {"type": "array", "items": {
            "type": "record", "name": "Header",
            "doc": "Một tiêu đề. / A header.",
            "fields": [
                {"name": "name", "type": "string", "doc": "Tên. / Its name."},
                {"name": "value", "type": _BYTES, "doc": "Giá trị. / Its value."},
            ]}},
         "doc": "Tiêu đề gốc theo thứ tự, cuối cùng là dấu phát lại lt_replay_…. / The original headers in their order,"
                " and behind them the marks lt_replay_…."},
    ],
}  # fmt: skip
"""What every record of such a file is. It never changes: a file is told by it for ever."""

_MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_ENTRIES = 6
"""How many facts a head tells: the run, and those of :func:`head`."""


def number(value: int) -> bytes:
    """Return an ``int`` or ``long``, of up to 64 bits.

    >>> number(-1), number(64)
    (b'\\x01', b'\\x80\\x01')
    """
    return varint(value << 1 if value >= 0 else (~value << 1) | 1)


def text(data: bytes) -> bytes:
    """Return ``bytes``, or a ``string``'s UTF-8."""
    return number(len(data)) + data


def optional(data: bytes | None) -> bytes:
    """Return what may be null."""
    return b"\x00" if data is None else b"\x02" + text(data)


def named(name: str) -> bytes:
    """Return a header's name, and that its value is not null."""
    return text(name.encode()) + b"\x02"


def place(topic: str, partition: int) -> bytes:
    """Return the first two fields of a record."""
    return text(topic.encode()) + number(partition)


def record_bytes(record: Record, run: bytes, began: bytes) -> bytes:
    """Return a record with its marks, whatever it holds: what :class:`.container.Encoder` does fast for most."""
    headers = (*record.headers, *marks(run, began, record))
    return b"".join((
        place(record.topic, record.partition), number(record.offset), number(record.timestamp),
        optional(record.key), optional(record.value), number(len(headers)), *map(_header, headers), b"\x00",
    ))  # fmt: skip


def sync_of(run: str) -> bytes:
    """Return what ends every block of a run's file: no number is drawn, so whoever goes on knows it."""
    return hashlib.sha256(run.encode()).digest()[:_SYNC_BYTES]


def sign(run: str) -> bytes:
    """Return how every file of a run begins: the magic, how many entries the head has, and first of them the run."""
    return _MAGIC + number(_ENTRIES) + _entry("lienthong.run", run.encode())


def head(facts: RunFacts, codec: str) -> bytes:
    """Return a file's head; ``lienthong.schemas`` has the values' schemas by id, for who has no registry."""
    entries = {
        "lienthong.plan": facts.digest.encode(),
        "lienthong.began": facts.began.encode(),
        "lienthong.schemas": _json({str(known): schema for known, schema in sorted(facts.schemas.items())}),
        "avro.codec": codec.encode(),
        "avro.schema": _json(SCHEMA),
    }
    return b"".join((sign(facts.run), *map(_entry, entries, entries.values()), b"\x00", sync_of(facts.run)))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(name: str, value: bytes) -> bytes:
    return text(name.encode()) + text(value)


def _header(header: Header) -> bytes:
    return text(header[0].encode()) + optional(header[1])
