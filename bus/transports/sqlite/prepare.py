"""From a commit to a ticket: everything that needs no lock is done before anybody waits for one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from threading import Lock

from bus.errors import InvalidEnvelope, RecordTooLarge
from bus.partitioner import partition_of
from bus.records import MAX_EXTRA_BYTES, MAX_VALUE_BYTES, NewRecord, Place, TopicPartition
from bus.transport import Commit, Moved, Saved
from bus.transports.sqlite.directory import Directory, Topic
from bus.transports.sqlite.options import ID_BYTES
from bus.transports.sqlite.pack import pack


class Column:
    """What one commit appends to one partition, as columns; ``indexes`` tells which append each row is."""

    __slots__ = ("first", "headers", "indexes", "keys", "part", "partition", "timestamp", "values")

    def __init__(self, part: int, partition: TopicPartition) -> None:
        self.part = part
        self.partition = partition
        self.indexes: list[int] = []
        self.keys: list[bytes | None] = []
        self.values: list[bytes | None] = []
        self.headers: list[bytes] = []
        self.first = 0
        self.timestamp = 0


class Ticket:
    """One commit on its way through the combining queue, with its outcome when it comes back.

    ``gate`` is locked while its thread waits; ``group`` is what its thread writes if it leads. ``is_doubtful``
    from COMMIT until it is known what came of it.
    """

    __slots__ = ("columns", "cursor", "error", "gate", "group", "is_done", "is_doubtful", "moves", "seen")

    def __init__(self, columns: Sequence[Column], commit: Commit, moves: Sequence[tuple[int, Moved]]) -> None:
        self.columns = columns
        self.moves = moves
        self.cursor: Saved | None = commit.cursor
        self.seen = ids_by_scope(commit)
        self.error: BaseException | None = None
        self.is_done = False
        self.is_doubtful = False
        self.gate: Lock | None = None
        self.group: Sequence[Ticket] = ()

    def places(self) -> list[Place]:
        """Return where the appends went, in their order."""
        placed: list[tuple[int, Place]] = []
        for column in self.columns:
            (topic, partition), timestamp = column.partition, column.timestamp
            offsets = count(column.first)
            placed += [
                (index, Place(topic, partition, offset, timestamp))
                for index, offset in zip(column.indexes, offsets, strict=False)
            ]
        placed.sort()
        return [place for _, place in placed]


class Preparer:
    """Chooses partitions, packs headers, and holds records against the size limits."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._turn = count()

    def ticket(self, commit: Commit) -> Ticket:
        """Return the commit made ready. Raises TopicNotFound, RecordTooLarge and InvalidEnvelope."""
        columns: dict[int, Column] = {}
        for index, new in enumerate(commit.appends):
            key, value = new.key, new.value
            topic = self._directory.topic(new.topic)
            partition = self._partition(new, topic)
            part = topic.parts[partition]
            column = columns.get(part)
            if column is None:
                column = columns[part] = Column(part, TopicPartition(topic.name, partition))
            headers = pack(key, value, new.headers)
            if (value is not None and len(value) > MAX_VALUE_BYTES) or len(headers) + len(key or b"") > MAX_EXTRA_BYTES:
                raise _too_large(new)
            column.indexes.append(index)
            column.keys.append(key)
            column.values.append(value)
            column.headers.append(headers)
        moves = [(self._directory.part(moved.partition), moved) for moved in commit.offsets]
        if moves or commit.seen or commit.cursor:
            _check_names(commit)
        return Ticket(list(columns.values()), commit, moves)

    def _partition(self, new: NewRecord, topic: Topic) -> int:
        if new.partition is not None:
            self._directory.part(TopicPartition(new.topic, new.partition))
            return new.partition
        if new.key is None:
            return next(self._turn) % len(topic.parts)
        return partition_of(new.key, len(topic.parts))


def ids_by_scope(commit: Commit) -> dict[str, list[bytes]]:
    """Return the ids that a commit brings, for each scope."""
    ids: dict[str, list[bytes]] = {}
    for seen in commit.seen:
        if type(seen.id) is not bytes or len(seen.id) != ID_BYTES:
            raise InvalidEnvelope(f"an id to remember is not {ID_BYTES} bytes")
        ids.setdefault(seen.scope, []).append(seen.id)
    return ids


def _check_names(commit: Commit) -> None:
    """Refuse here what the database would refuse in the midst of other callers' commits."""
    saved = commit.cursor
    if saved is not None and len(saved.value) > MAX_VALUE_BYTES:
        raise RecordTooLarge(f"cursor {saved.name} has {len(saved.value)} bytes; the limit is {MAX_VALUE_BYTES}")
    names = {moved.group for moved in commit.offsets} | {seen.scope for seen in commit.seen}
    try:
        "".join(names if saved is None else names | {saved.name}).encode()
    except UnicodeEncodeError as error:
        raise InvalidEnvelope("the name of a group, a cursor or a scope is not text that UTF-8 can hold") from error


def _too_large(new: NewRecord) -> RecordTooLarge:
    return RecordTooLarge(
        f"a record for {new.topic} has a value of {len(new.value or b'')} bytes; the limits are {MAX_VALUE_BYTES}"
        f" for the value and {MAX_EXTRA_BYTES} for key and headers together"
    )
