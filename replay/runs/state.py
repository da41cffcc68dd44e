"""A run's bookmark: how far each partition has come and what the target said of itself. The value of a log's cursor."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import msgspec
from msgspec import Struct

from bus.errors import ContractError, PlanOutdated
from bus.records import Record, TopicPartition
from replay.runs.plan import Plan

FORMAT = 1
_LEFT_PLACES = 20


class Reached(Struct, kw_only=True, array_like=True):
    """One partition: the next offset, what was given of it, and the running checksum, as the plan counts them.

    ``high`` is the latest time of acceptance met, in milliseconds UTC: the order goes by it.
    """

    topic: str
    partition: int
    next: int
    records: int = 0
    checksum: int = 0
    high: int = 0

    @property
    def name(self) -> TopicPartition:
        """The partition."""
        return TopicPartition(self.topic, self.partition)


class State(Struct, kw_only=True):
    """The whole. ``began`` is when the run began (RFC 3339, UTC), ``mark`` the target's, None before it settled first.

    ``given`` records went to the target, with ``size`` bytes of keys and values; ``left_out`` took no mask and did not,
    and ``left`` has the first places of these. ``key_check`` tells whether pseudonyms are made with the same key as
    before. ``outcome`` says how the run has ended; it is empty before.
    """

    format: int = FORMAT
    began: str
    key_check: bytes
    parts: list[Reached]
    mark: bytes | None = None
    given: int = 0
    left_out: int = 0
    left: list[str] = []
    size: int = 0
    outcome: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.outcome != ""


def first_state(plan: Plan, began: str, key_check: bytes) -> State:
    """Return the state of a run that has given nothing yet."""
    parts = [Reached(topic=one.topic, partition=one.partition, next=one.first) for one in plan.stretches]
    return State(began=began, key_check=key_check, parts=parts)


def write(state: State) -> bytes:
    """Return the state as a cursor holds it."""
    return msgspec.msgpack.encode(state)


def read(value: bytes) -> State:
    """Return the state that a cursor holds. Raises :class:`~bus.errors.PlanOutdated` for another version's."""
    try:
        state = msgspec.msgpack.decode(value, type=State)
    except msgspec.DecodeError as error:
        raise PlanOutdated("the run's bookmark is none that this version knows") from error
    if state.format != FORMAT:
        raise PlanOutdated(f"the run's bookmark has format {state.format}, and this version knows {FORMAT}")
    return state


def checksum_of(record: Record, before: int = 0) -> int:
    """Return the CRC-32 that runs over keys and values, behind ``before``."""
    return crc32(record.value or b"", crc32(record.key or b"", before))


class Tally:
    """Keeps a state up with what is given, record by record, in the order of the walk."""

    def __init__(self, kept: State) -> None:
        self.state = kept
        self.parts: dict[tuple[str, int], Reached] = {part.name: part for part in kept.parts}

    def give(self, record: Record, size: int) -> None:
        """Count a record of history that goes to the target, where it has ``size`` bytes."""
        part = self.parts[record.topic, record.partition]
        part.next = record.offset + 1
        part.records += 1
        part.checksum = checksum_of(record, part.checksum)
        if record.timestamp > part.high:
            part.high = record.timestamp
        self.state.given += 1
        self.state.size += size

    def masked(self, mask: Callable[[Record], Record], record: Record) -> Record | None:
        """Return a record with its mask on; None for one that takes none, which is counted and never goes anywhere."""
        try:
            return mask(record)
        except ContractError:
            part = self.parts[record.topic, record.partition]
            part.next, part.high = record.offset + 1, max(part.high, record.timestamp)
            self.state.left_out += 1
            if len(self.state.left) < _LEFT_PLACES:
                self.state.left.append(str(record.place))
            return None
