"""How far the demo is: partners' stores and the log, looked at now and then while all run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bus.consumer import Subscription
from bus.records import Record, TopicPartition
from bus.replays import is_copy
from bus.transport import Engine
from connectors.demo.stores import Stores


class Look(Struct, frozen=True, kw_only=True):
    """One look. ``published`` are events, without the copies that replays made. ``untold`` are partners' facts that are
    not in the log, ``owed`` what partners will still do by themselves: notices, parcels' next statuses, links that
    nobody has opened. ``lags`` are records, by group.
    """

    dossiers: int
    final: int
    published: int
    untold: int
    owed: int
    lags: Mapping[str, int]

    @property
    def lag(self) -> int:
        """All groups' lags together."""
        return sum(self.lags.values())

    def is_over(self, dossiers: int) -> bool:
        """Tell whether so many dossiers are final, and nobody has anything left to do."""
        return self.final == self.dossiers == dossiers and not (self.untold or self.owed or self.lag)


class Looker:
    """Looks; each record's headers are read once."""

    def __init__(self, engine: Engine, topics: Sequence[str], groups: Sequence[Subscription], stores: Stores) -> None:
        self._engine, self._topics, self._groups, self._stores = engine, topics, groups, stores
        self._next: dict[TopicPartition, int] = {}
        self._published = 0
        self._told: Counter[tuple[str, str]] = Counter()

    def look(self) -> Look:
        """Look at the stores first and at the lags last: what is over in all of them was over before."""
        dossiers, final = self._stores.dossiers()
        known = self._stores.facts_known()
        owed = self._stores.notices_owed() + self._stores.parcels_moving() + self._stores.unopened_links()
        self._read_on()
        untold = sum(max(number - self._told[name], 0) for name, number in known.items())
        return Look(
            dossiers=dossiers, final=final, published=self._published, untold=untold, owed=owed, lags=self._lags()
        )  # fmt: skip

    def _read_on(self) -> None:
        """Count what was published since the last look, by source and type."""
        log = self._engine.log
        for topic in self._topics:
            for partition, span in log.ends(topic).items():
                at = self._next.get(partition, 0)
                while at < span.end:
                    records = log.read(partition, at, 500)
                    for record in records:
                        self._count(record)
                    at = records[-1].offset + 1 if records else span.end
                self._next[partition] = at

    def _count(self, record: Record) -> None:
        if is_copy(record):
            return
        self._published += 1
        source = record.text("ce_source")
        self._told[source, "" if source == "one-stop" else record.text("ce_type")] += 1

    def _lags(self) -> Mapping[str, int]:
        reached = {(state.group, state.partition): state.next for state in self._engine.admin.groups()}
        ends = {topic: self._engine.log.ends(topic) for topic in self._topics}
        return {
            one.group: sum(
                span.end - reached.get((one.group, partition), 0)
                for topic in one.topics
                for partition, span in ends[topic].items()
            )
            for one in self._groups
        }
