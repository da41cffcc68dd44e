"""One reading of the whole log, for the books: who had to handle what, what was buried, and what is told nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bus.consumer import Subscription, Wire, concerns, inbox_id, passes_over
from bus.deadletters import DECODE, HANDLE, REDRIVES, dead_letter_topic, read_letter
from bus.errors import ContractError
from bus.pages import pages
from bus.records import Record, TopicPartition
from bus.replays import is_copy
from bus.settlements import read_settlement
from bus.transport import Transport
from connectors.demo.facts import Fact, told_fact

Id = bytes
"""An event's id, 16 bytes; a record without one is named by its place."""

Positions = Mapping[tuple[str, TopicPartition], int]
"""By group and partition, the first offset that is not yet handled."""

_Combination = tuple[str, bytes | None, bytes | None]


class Spot(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class Scan:
    """What the log holds. Records are read once, and not kept.

    Copies that replays made are no part of the books, nor are letters of copies: only who passed them over is counted.
    """

    def __init__(self, wire: Wire, groups: Sequence[Subscription], positions: Positions) -> None:
        self._wire, self._groups, self._positions = wire, groups, positions
        self._concerned: dict[_Combination, Sequence[set[Id]]] = {}
        self.published = 0
        self.letters = 0
        self.subscribed: dict[str, set[Id]] = {one.group: set() for one in groups}
        self.buried: dict[str, set[Id]] = {one.group: set() for one in groups}
        self.items: Counter[tuple[str, str]] = Counter()
        """Letters of what never was a record, by source and key."""

        self.refused: set[tuple[str, str]] = set()
        """Records that groups buried, by group and key."""

        self.redriven: set[Spot] = set()
        self.passed_over: Counter[str] = Counter()
        """Copies that concern a group and stand before its position, by group."""

    def read(self, log: Transport, topics: Sequence[str], facts: set[Fact]) -> None:
        """Read topics and their dead letters, and take from ``facts`` what is told. Raises CorruptRecord."""
        for topic in topics:
            for record in _records(log, topic):
                if is_copy(record):
                    self._pass_over(record)
                else:
                    self._take(record, facts)
            for record in _records(log, dead_letter_topic(topic)):
                if read_settlement(record) is None and not is_copy(record):
                    self._bury(record)

    def _take(self, record: Record, facts: set[Fact]) -> None:
        self.published += 1
        name = id_of(record)
        for subscribed in self._sets(record):
            subscribed.add(name)
        if record.header(REDRIVES) is not None:
            self.redriven.add(Spot(record.topic, record.partition, record.offset))
        try:
            fact = told_fact(self._wire.decode(record))
        except ContractError:
            return  # it tells nobody anything, and who subscribes to it has to bury it
        if fact is not None:
            facts.discard(fact)

    def _pass_over(self, record: Record) -> None:
        partition = TopicPartition(record.topic, record.partition)
        for one in self._groups:
            is_read = record.topic in one.topics and record.offset < self._positions.get((one.group, partition), 0)
            if is_read and concerns(one, record) and passes_over(one, record):
                self.passed_over[one.group] += 1

    def _sets(self, record: Record) -> Sequence[set[Id]]:
        """Return the sets of the groups that a record concerns: the same for all of its topic, type and source."""
        of = record.topic, record.header("ce_type"), record.header("ce_source")
        found = self._concerned.get(of)
        if found is None:
            mine = [one for one in self._groups if record.topic in one.topics and concerns(one, record)]
            found = self._concerned[of] = [self.subscribed[one.group] for one in mine]
        return found

    def _bury(self, record: Record) -> None:
        self.letters += 1
        letter, key = read_letter(record), (record.key or b"").decode("utf-8", "replace")
        if letter.stage in (DECODE, HANDLE):
            self.buried.setdefault(letter.by, set()).add(id_of(record))
            self.refused.add((letter.by, key))
        else:
            self.items[letter.by, key] += 1


def id_of(record: Record) -> Id:
    """Return a record's event id."""
    return inbox_id(record) or record.header("ce_id") or str(record.place).encode()


def _records(log: Transport, topic: str) -> Iterator[Record]:
    for partition, span in log.ends(topic).items():
        for page in pages(log, partition, *span):
            yield from page.sound()
