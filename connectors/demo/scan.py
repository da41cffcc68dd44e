"""One reading of the whole log, for the books: who had to handle what, what was buried, and what is told nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bus.consumer import REPLAY_RUN, Subscription, Wire, concerns, inbox_id
from bus.deadletters import DECODE, HANDLE, REDRIVES, dead_letter_topic, read_letter
from bus.errors import ContractError
from bus.pages import pages
from bus.records import Record
from bus.settlements import read_settlement
from bus.transport import Transport
from connectors.demo.facts import Fact, told_fact

Id = bytes
"""An event's id, 16 bytes; a record without one is named by its place."""

_Combination = tuple[str, bytes | None, bytes | None]


class Spot(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class Scan:
    """What the log holds. Records are read once, and not kept."""

    def __init__(self, wire: Wire, groups: Sequence[Subscription]) -> None:
        self._wire, self._groups = wire, groups
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

    def read(self, log: Transport, topics: Sequence[str], facts: set[Fact]) -> None:
        """Read topics and their dead letters, and take from ``facts`` what is told. Raises CorruptRecord."""
        for topic in topics:
            for record in _records(log, topic):
                if record.header(REPLAY_RUN) is None:
                    self._take(record, facts)
            for record in _records(log, dead_letter_topic(topic)):
                if read_settlement(record) is None:
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
