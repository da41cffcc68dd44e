"""What stands in the records that a plan means: counted while they are read, kept as numbers."""

from __future__ import annotations

import secrets
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bus.errors import ContractError, SubjectNotFound
from bus.pages import Damaged
from bus.records import Record, TopicPartition
from bus.transport import Engine
from bus.wire import schema_id_of
from replay.reading import occurred_header
from replay.runs.masking import Masking
from replay.runs.offsets import Runs
from replay.runs.pace import Pacer
from replay.runs.plan import Contract, Mask, Missing, Pace, Stretch, Touched
from replay.runs.state import checksum_of
from replay.runs.tags import touched
from replay.runs.walk import Part

if TYPE_CHECKING:
    from bus.wire import Wire

_NO_SCHEMA = -1
_MOST_SCHEMAS = 1000


class _Part:
    """One partition's numbers."""

    __slots__ = ("checksum", "last", "missing", "offsets", "records", "size")

    def __init__(self) -> None:
        self.records = self.size = self.checksum = 0
        self.last: Record | None = None
        self.offsets = array("q")
        self.missing: list[Missing] = []


class Survey:
    """Counts records as they come, in the order in which they would be replayed.

    What the mask cannot be put on counts as missing, and not as a record: it would not be given. ``picks`` keeps the
    offsets, too.
    """

    def __init__(self, wire: Wire, engine: Engine, mask: Mask, pace: Pace, *, picks: bool) -> None:
        self._wire, self._picks = wire, picks
        self._masking = None if mask == "none" else Masking(wire, mask, secrets.token_bytes(32))
        self._pacer = Pacer(pace)
        self._compacted = {spec.name for spec in engine.admin.topics() if spec.compacted}
        self._parts: dict[TopicPartition, _Part] = {}
        self._schemas: Counter[int] = Counter()
        self.records = self.bytes = self.undated = 0
        self.waits_s = 0.0
        self.occurred: tuple[int, int] | None = None
        self.accepted: tuple[int, int] | None = None

    @property
    def missing(self) -> Sequence[Missing]:
        """What is missing, partition by partition."""
        return [one for name in sorted(self._parts) for one in self._parts[name].missing]

    def take(self, records: Sequence[Record]) -> None:
        """Count some."""
        for record in records:
            if self._masking is not None:
                try:
                    self._masking(record)
                except ContractError as error:
                    self._lack(_partition_of(record), record.offset, record.offset + 1, "unreadable", error.code)
                    continue
            self._count(record)

    def gap(self, name: TopicPartition, first: int, end: int, damaged: Damaged | None) -> None:
        """Take note of what is not there; that compaction takes records is as it should be."""
        if damaged is not None:
            self._lack(name, first, end, "damaged", damaged.error.code)
        elif name.topic not in self._compacted:
            self._lack(name, first, end, "hole")

    def stretches(self, parts: Sequence[Part]) -> tuple[Stretch, ...]:
        """Return what was counted of each partition that was looked at, those without any record too."""
        return tuple(self._stretch(part, self._parts.get(part.name) or _Part()) for part in parts if part.runs)

    def types(self) -> dict[str, int]:
        """Return how many records are of each event type, by the contract and not by a header, which may say anything.

        Those of no contract that is known stand under an empty name.
        """
        found: Counter[str] = Counter()
        for schema_id, count in self._schemas.items():
            found[self._name(schema_id).rpartition(".")[2]] += count
        return dict(found.most_common())

    def contracts(self) -> tuple[Contract, ...]:
        """Return the schemas that records were written with, those of most records first."""
        return tuple(
            Contract(schema_id=schema_id, name=self._name(schema_id), records=count)
            for schema_id, count in self._schemas.most_common()
            if schema_id != _NO_SCHEMA
        )

    def classes(self) -> dict[str, Touched]:
        """Return the classes of data that are touched, by name."""
        records: Counter[str] = Counter()
        fields: dict[str, set[str]] = {}
        for schema_id, count in self._schemas.items():
            text = self._schema(schema_id)
            if text is None:
                continue
            name = self._name(schema_id).rpartition(".")[2]
            for tag, paths in touched(text).items():
                records[tag] += count
                fields.setdefault(tag, set()).update(f"{name}.{path}" for path in paths)
        return {tag: Touched(records=records[tag], fields=tuple(sorted(fields[tag]))) for tag in sorted(records)}

    def _stretch(self, part: Part, found: _Part) -> Stretch:
        return Stretch(
            topic=part.name.topic, partition=part.name.partition, first=part.runs[0][0], end=part.runs[-1][1],
            records=found.records, bytes=found.size, checksum=found.checksum,
            tail=None if found.last is None else (found.last.offset, checksum_of(found.last)),
            picks=Runs.of(found.offsets).packed() if self._picks else None,
        )  # fmt: skip

    def _count(self, record: Record) -> None:
        part, size = self._part(_partition_of(record)), len(record.key or b"") + len(record.value or b"")
        part.records += 1
        part.size += size
        part.checksum = checksum_of(record, part.checksum)
        part.last = record
        if self._picks:
            part.offsets.append(record.offset)
        self.records += 1
        self.bytes += size
        schema_id = _schema_id(record)
        is_known = schema_id in self._schemas or len(self._schemas) < _MOST_SCHEMAS
        self._schemas[schema_id if is_known else _NO_SCHEMA] += 1
        self._date(record)

    def _date(self, record: Record) -> None:
        happened = occurred_header(record)
        if happened is None:
            self.undated += 1
        else:
            self.occurred = _widened(self.occurred, happened)
        self.accepted = _widened(self.accepted, record.timestamp)
        self.waits_s = self._pacer.due_s(record)

    def _lack(self, name: TopicPartition, first: int, end: int, reason: str, code: str = "") -> None:
        """Take note of offsets, as one stretch with those before them that are missing for the same reason."""
        missing = self._part(name).missing
        one = Missing(topic=name.topic, partition=name.partition, first=first, end=end, reason=reason, code=code)
        if missing and replace(missing[-1], first=first, end=end) == one and missing[-1].end == first:
            one = replace(one, first=missing.pop().first)
        missing.append(one)

    def _part(self, name: TopicPartition) -> _Part:
        return self._parts.get(name) or self._parts.setdefault(name, _Part())

    def _schema(self, schema_id: int) -> str | None:
        try:
            return self._wire.registry.schema(schema_id)
        except SubjectNotFound:
            return None

    def _name(self, schema_id: int) -> str:
        text = self._schema(schema_id)
        return "" if text is None else self._wire.codec(schema_id).full_name


def _partition_of(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _schema_id(record: Record) -> int:
    try:
        return schema_id_of(record.value)
    except ContractError:
        return _NO_SCHEMA


def _widened(range_: tuple[int, int] | None, moment: int) -> tuple[int, int]:
    return (moment, moment) if range_ is None else (min(range_[0], moment), max(range_[1], moment))
