"""The port to a log, in three small faces, and the transaction as a value.

No one caller needs all three: producers and sources hand over a :class:`Commit`, consumers also belong to a
:class:`ConsumerGroup`, and only ``topic apply``, ``doctor`` and the console administrate.
``tests/contracts/transport.py`` checks every promise made here, for every engine.

Left out on purpose: schemas (the codec's), retries (``bus.retry``), and what a record means (the envelope's).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from bus.records import NewRecord, Place, Record, TopicPartition


class Moved(Struct, frozen=True, kw_only=True):
    """A group's committed offset moves: ``next`` is the first offset that is not yet handled.

    ``epoch`` is the one that came with the assignment; another epoch in the log means another owner.
    """

    group: str
    partition: TopicPartition
    next: int
    epoch: int


class Saved(Struct, frozen=True, kw_only=True):
    """A source's bookmark moves. ``value`` is opaque to the bus; ``epoch`` is the claim's."""

    name: str
    value: bytes
    epoch: int


class Seen(Struct, frozen=True, kw_only=True):
    """An event id (16 bytes) that ``scope`` has taken in, remembered for the inbox's window."""

    scope: str
    id: bytes


class Commit(Struct, frozen=True, kw_only=True):
    """One transaction, finished before it is handed over: all of it happens, or nothing.

    A publish is ``Commit(appends=[…])``, a dead letter ``Commit(appends=[letter], offsets=[…])``, a source's
    batch ``Commit(appends=[…], cursor=…, seen=[…])``. Nobody thinks while a lock is held.
    """

    appends: Sequence[NewRecord] = ()
    offsets: Sequence[Moved] = ()
    cursor: Saved | None = None
    seen: Sequence[Seen] = ()


class Span(NamedTuple):
    """Half open: ``first`` is the oldest offset that can be read, ``end`` the next to be written."""

    first: int
    end: int


class Transport(Protocol):
    """An ordered, durable log that several threads and processes share.

    * ``commit`` answers once everything would survive a crash, and not before; a refused commit has written nothing;
    * a partition's records have rising offsets, in the order in which commits were answered;
    * records of one key share a partition, so they keep the order of their commits;
    * ``read`` gives the same records as often as asked; a gap between offsets means nothing;
    * after a ``commit`` anywhere, every ``wait`` on the same log returns soon; correctness never depends on it.
    """

    def commit(self, commit: Commit) -> Sequence[Place]:
        """Do all of it or nothing, and answer with the places of ``appends``, in their order.

        Raises :class:`~bus.errors.TopicNotFound`, :class:`~bus.errors.RecordTooLarge`,
        :class:`~bus.errors.Fenced` (an epoch is not the current one), :class:`~bus.errors.Duplicate` (an id of
        ``seen`` is known), :class:`~bus.errors.StorageFull`, and :class:`~bus.errors.OutcomeUnknown`.
        Conditions are checked first: every one of these but the last has written nothing.
        """
        ...

    def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` records at or after ``start``, by rising offset; none at the end.

        A start below the span's first offset begins at the first. A page ends before a damaged record. May be repeated.
        Raises :class:`~bus.errors.OffsetOutOfRange` past the end, and :class:`~bus.errors.CorruptRecord` where the
        first is damaged.
        """
        ...

    def ends(self, topic: str) -> Mapping[TopicPartition, Span]:
        """Return every partition's readable span. Raises :class:`~bus.errors.TopicNotFound`."""
        ...

    def offset_at(self, partition: TopicPartition, timestamp: int) -> int:
        """Return the first offset accepted at or after ``timestamp`` (milliseconds UTC); the end if none."""
        ...

    def seen(self, scope: str, ids: Sequence[bytes]) -> frozenset[bytes]:
        """Return those of ``ids`` that ``scope`` remembers. A look before work; ``commit`` decides."""
        ...

    def wait(self, version: int, timeout_s: float) -> int:
        """Wait until the log has news since ``version``, or for ``timeout_s``; return the version now.

        Start with 0, which answers at once. Take the version *before* reading, so that nothing slips between:
        ``version = wait(version, 1.0)``, then read to the end, then wait again with it.
        """
        ...


class Held(NamedTuple):
    """A partition that a group member may handle: from ``next`` on, under ``epoch``."""

    next: int
    epoch: int


class ConsumerGroup(Protocol):
    """One member of a consumer group; leases and rebalances stay behind it.

    * a partition has at most one owner whose commits succeed: an older epoch is refused with ``Fenced``;
    * a member that dies is known at once and its partitions are free; one that hangs, after its lease;
    * a member gives partitions back only inside ``assignment``, so never in the middle of a batch.
    """

    def assignment(self) -> Mapping[TopicPartition, Held]:
        """Renew the lease, take free partitions, give up surplus ones, and return those held now.

        Called between batches, and per record by a slow handler. A new or regained partition has the
        committed offset as ``next``; without one, the partition's first offset.
        """
        ...

    def renew(self) -> None:
        """Renew the lease only, from within a long batch. Raises :class:`~bus.errors.Fenced` if it was lost."""
        ...

    def leave(self) -> None:
        """Give everything back at once. May be repeated."""
        ...


class CursorClaim(Protocol):
    """The right to move one source's cursor, fenced by its epoch and freed when its process ends."""

    @property
    def value(self) -> bytes | None:
        """The bookmark as it stood when the claim was taken; None at the very first."""
        ...

    @property
    def epoch(self) -> int:
        """What :class:`Saved` must carry."""
        ...

    def release(self) -> None:
        """Give the claim back. May be repeated."""
        ...


class TopicSpec(Struct, frozen=True, kw_only=True):
    """What ``topic apply`` asks for. ``retention_ms`` None keeps for ever; a compacted topic keeps the last per key."""

    name: str
    partitions: int
    compacted: bool = False
    retention_ms: int | None = None


class GroupState(Struct, frozen=True, kw_only=True):
    """A group's committed offset in one partition, the end it has to reach, and the owner's member id, if any."""

    group: str
    partition: TopicPartition
    next: int
    end: int
    owner: str | None


class CursorState(Struct, frozen=True, kw_only=True):
    """A source's bookmark, with the epoch of its last claim, and whether a living process holds it.

    ``moved_at`` is when a commit last saved it, in milliseconds UTC; None before the first.
    """

    name: str
    value: bytes | None
    epoch: int
    moved_at: int | None
    held: bool


class Retained(Struct, frozen=True, kw_only=True):
    """What one round of retention and compaction removed."""

    records: int
    ids: int


class Finding(Struct, frozen=True, kw_only=True):
    """One line of a check-up: ``level`` is ``ok``, ``warning`` or ``fault``; ``hint`` says what to do."""

    name: str
    level: str
    detail: str
    hint: str = ""


class TransportAdmin(Protocol):
    """What an administrator may do to a log. Only ``lienthong topic apply`` creates topics."""

    def create_topic(self, spec: TopicSpec) -> bool:
        """Create the topic, or return False where it stands as asked; retention is adjusted in place.

        Raises :class:`~bus.errors.TransportError` where partitions or cleanup differ: those never change.
        """
        ...

    def topics(self) -> Sequence[TopicSpec]:
        """Return all topics, by name."""
        ...

    def groups(self) -> Sequence[GroupState]:
        """Return all groups' positions, by group and partition."""
        ...

    def cursors(self) -> Sequence[CursorState]:
        """Return all sources' bookmarks, by name."""
        ...

    def clean(self, now: int | None = None) -> Retained:
        """Apply retention, compaction and the inbox's window once, in small bites that let writers through.

        ``now`` is in milliseconds UTC, the clock's if None. May be repeated.
        """
        ...

    def check(self) -> Sequence[Finding]:
        """Examine the whole store, reading every record; changes nothing."""
        ...


class Engine(Protocol):
    """What ``bus.transports.open_engine`` gives: one log with its three faces."""

    @property
    def log(self) -> Transport:
        """The face of producers, readers and sources."""
        ...

    @property
    def admin(self) -> TransportAdmin:
        """The face of administrators."""
        ...

    def join(self, group: str, topics: Sequence[str]) -> ConsumerGroup:
        """Become a member of ``group``. Raises :class:`~bus.errors.TopicNotFound`."""
        ...

    def claim(self, cursor: str) -> CursorClaim:
        """Take a source's cursor. Raises :class:`~bus.errors.Claimed` while a living process holds it."""
        ...

    def close(self) -> None:
        """Leave all groups, give all claims back, and close. May be repeated."""
        ...
