"""What a partition is, in plain lists: the model that the engine is held against."""

from __future__ import annotations

from typing import NamedTuple

from bus.records import NewRecord, Place


class Kept(NamedTuple):
    """A record as the model keeps it."""

    offset: int
    at: int
    key: bytes | None
    value: bytes | None


class Partition:
    """What the model knows of one partition."""

    def __init__(self) -> None:
        self.first = self.next = 0
        self.kept: list[Kept] = []

    def append(self, place: Place, new: NewRecord) -> None:
        """Take a record in."""
        assert place.offset == self.next
        self.next += 1
        self.kept.append(Kept(place.offset, place.timestamp, new.key, new.value))

    def retire(self, before: int) -> int:
        """Drop what was accepted before a time."""
        kept = [record for record in self.kept if record.at >= before]
        gone, self.kept = len(self.kept) - len(kept), kept
        self.first = kept[0].offset if kept else self.next
        return gone

    def compact(self, tombstones: int) -> int:
        """Drop what a newer record of its key overrules, and old tombstones."""
        last = {record.key: record.offset for record in self.kept}
        kept = [
            record
            for record in self.kept
            if record.key is None
            or (last[record.key] == record.offset and not (record.value is None and record.at < tombstones))
        ]
        gone, self.kept = len(self.kept) - len(kept), kept
        self.first = kept[0].offset if kept else self.next
        return gone
