"""Between an event and a record: the value's wire format, with the schema that the catalogue names.

A value is byte 0, the schema's id (4 bytes, big endian), and Avro binary: Confluent's wire format, which any
Kafka client with a Confluent-compatible registry reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bus.codec import Codec, compile_codec
from bus.envelope import Envelope, from_headers, to_headers
from bus.errors import ContractError, DecodeError, LienthongError, NotApplied, SubjectNotFound
from bus.records import NewRecord, Record
from bus.registry import SchemaRegistry
from schemas.catalogue import Catalogue, EventEntry

_MAGIC = 0
HEAD_BYTES = 5
"""Of a value: what stands before its Avro."""


class Wire:
    """Encodes and decodes events under one registry and one catalogue. May be shared by threads.

    Schemas and codecs are looked up once and kept: what an id means never changes. ``generated=False``
    takes the fallback codec.
    """

    def __init__(self, registry: SchemaRegistry, catalogue: Catalogue, *, generated: bool | None = None) -> None:
        self.registry = registry
        self.catalogue = catalogue
        self._generated = generated
        self._writers: dict[str, tuple[str, Callable[[Any, bytes], bytes], bytes]] = {}
        self._codecs: dict[int, Codec] = {}
        self._readers: dict[str, tuple[int, str]] = {}
        self._known = {entry.type for entry in catalogue.events}

    def encode(self, event: Envelope) -> NewRecord:
        """Return the record that tells ``event``; its key decides its partition.

        Raises :class:`~bus.errors.Misfit` (a payload's field, by path), :class:`~bus.errors.ContractError` for
        an unknown type, and :class:`~bus.errors.NotApplied` before ``topic apply``.
        """
        topic, encode, head = self._writers.get(event.type) or self._writer(event.type)
        return NewRecord(
            topic=topic, key=event.key.encode(), value=encode(event.payload, head), headers=to_headers(event)
        )

    def decode(self, record: Record) -> Envelope:
        """Return the event as today's contract reads it: fields added since have their defaults.

        Raises :class:`~bus.errors.DecodeError`, :class:`~bus.errors.InvalidEnvelope` and, where this program's own
        contract is not registered, :class:`~bus.errors.NotApplied`.
        """
        return self._event(record, self._as_read)

    def decode_as_written(self, record: Record) -> Envelope:
        """Return the event with exactly the fields that its writer knew; raises as :meth:`decode` does."""
        return self._event(record, _as_written)

    def codec(self, schema_id: int) -> Codec:
        """Return the codec of a registered schema. Raises :class:`~bus.errors.SubjectNotFound`."""
        codec = self._codecs.get(schema_id)
        if codec is None:
            codec = compile_codec(self.registry.schema(schema_id), generated=self._generated)
            self._codecs[schema_id] = codec
        return codec

    def _writer(self, event_type: str) -> tuple[str, Callable[[Any, bytes], bytes], bytes]:
        entry = self.catalogue.event(event_type)
        schema_id = self._own_id(entry)
        head = bytes([_MAGIC]) + schema_id.to_bytes(4, "big")
        writer = (entry.topic, self.codec(schema_id).encode, head)
        self._writers[event_type] = writer
        return writer

    def _event(self, record: Record, read: Callable[[int, Codec, bytes], dict[str, Any]]) -> Envelope:
        try:
            schema_id = schema_id_of(record.value)
            codec = self.codec(schema_id)
            event = from_headers(record.headers, read(schema_id, codec, record.value or b""))
        except NotApplied:
            raise
        except ContractError as error:
            raise _placed(error, record) from error
        if codec.full_name.rpartition(".")[2] != event.type:
            raise DecodeError(f"{record.place}: ce_type names another type than the value's schema {schema_id}")
        return event

    def _as_read(self, schema_id: int, codec: Codec, value: bytes) -> dict[str, Any]:
        event_type = codec.full_name.rpartition(".")[2]
        reader = self._readers.get(event_type) or self._reader(event_type, schema_id)
        if reader[0] == schema_id:
            return codec.decode(value, HEAD_BYTES)
        return codec.decode_as(value, reader[1], HEAD_BYTES)

    def _reader(self, event_type: str, schema_id: int) -> tuple[int, str]:
        if event_type not in self._known:
            return schema_id, ""  # another installation's type is read as it was written
        entry = self.catalogue.event(event_type)
        reader = (self._own_id(entry), entry.schema)
        self._readers[event_type] = reader
        return reader

    def _own_id(self, entry: EventEntry) -> int:
        try:
            return self.registry.look_up(entry.subject, entry.schema).schema_id
        except SubjectNotFound as error:
            raise NotApplied(f"the contract of {entry.type} that this program knows is not registered") from error


def schema_id_of(value: bytes | None) -> int:
    """Return the id of the schema that a value was written with. Raises :class:`~bus.errors.DecodeError`."""
    if value is None:
        raise DecodeError("the record is a tombstone: it deletes its key and tells no event")
    if len(value) < HEAD_BYTES or value[0] != _MAGIC:
        raise DecodeError("the value does not begin with byte 0 and a schema id")
    return int.from_bytes(value[1:HEAD_BYTES], "big")


def _as_written(_schema_id: int, codec: Codec, value: bytes) -> dict[str, Any]:
    return codec.decode(value, HEAD_BYTES)


def _placed(error: LienthongError, record: Record) -> DecodeError:
    placed = DecodeError(f"{record.place}: {error}", hint=error.hint)
    placed.code = error.code
    return placed
