"""The engine against a model of it in plain dictionaries: whatever is done in whatever order, both say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bus.errors import Claimed, Duplicate, Fenced, LienthongError, OffsetOutOfRange, TransportError
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, ConsumerGroup, CursorClaim, Engine, Held, Moved, Saved, Seen, TopicSpec
from bus.transports import open_engine
from bus.transports.sqlite import members
from bus.transports.sqlite.retention import TOMBSTONE_MS
from tests.bus.transports.model import Kept, Partition

KEPT, COMPACTED = "kept.events", "compacted.events"
RETENTION_MS = 1000
PARTITIONS = [TopicPartition(KEPT, 0), TopicPartition(KEPT, 1), TopicPartition(COMPACTED, 0)]
GROUPS, SCOPES, CURSORS = ["g", "h"], ["s", "t"], ["c", "d"]

partitions = st.sampled_from(PARTITIONS)
numbers = st.integers(0, 12)
records = st.builds(
    lambda partition, key, value: NewRecord(topic=partition.topic, key=key, value=value, partition=partition.partition),
    partitions,
    st.sampled_from([b"a", b"b", b"c", None]),
    st.one_of(st.none(), st.binary(max_size=4)),
)
some_ids = st.lists(st.tuples(st.sampled_from(SCOPES), numbers), max_size=4)


class Machine(RuleBasedStateMachine):
    """Acts on both, and compares."""

    joined = Bundle("joined")
    claimed = Bundle("claimed")

    def __init__(self) -> None:
        super().__init__()
        self.engine = self.opened()
        self.partitions = {partition: Partition() for partition in PARTITIONS}
        self.positions: dict[tuple[str, TopicPartition], int] = {}
        self.owned: dict[tuple[str, TopicPartition], tuple[ConsumerGroup, Held]] = {}
        self.cursors: dict[str, tuple[CursorClaim | None, bytes | None]] = {}
        self.seen: set[tuple[str, int]] = set()
        self.groups: dict[int, str] = {}
        self.living: list[ConsumerGroup] = []

    def opened(self) -> Engine:
        """Return a new engine."""
        return open_engine("sqlite://")

    @initialize()
    def create_topics(self) -> None:
        """Make both topics."""
        self.engine.admin.create_topic(TopicSpec(name=KEPT, partitions=2, retention_ms=RETENTION_MS))
        self.engine.admin.create_topic(TopicSpec(name=COMPACTED, partitions=1, compacted=True))

    @rule(new=st.lists(records, max_size=6), ids=some_ids)
    def publish(self, new: list[NewRecord], ids: list[tuple[str, int]]) -> None:
        """Commit records with ids to remember."""
        self.commit(Commit(appends=new, seen=[seen(*each) for each in ids]), ids)

    @rule(new=st.lists(records, max_size=3), member=joined, ahead=st.integers(-1, 4), stale=st.booleans(), ids=some_ids)
    def consume(
        self, new: list[NewRecord], member: ConsumerGroup, ahead: int, stale: bool, ids: list[tuple[str, int]]
    ) -> None:
        """Commit what a member moved, under its epoch or an older one."""
        group = self.groups[id(member)]
        for (name, partition), (owner, held) in self.owned.items():
            if name == group and owner is member:
                position = self.positions[group, partition] + ahead
                moved = Moved(group=group, partition=partition, next=position, epoch=held.epoch - stale)
                self.commit(Commit(appends=new, offsets=[moved], seen=[seen(*each) for each in ids]), ids)
                return

    @rule(claim=claimed, value=st.binary(max_size=3), new=st.lists(records, max_size=2))
    def save(self, claim: tuple[str, CursorClaim], value: bytes, new: list[NewRecord]) -> None:
        """Commit a source's batch with its cursor."""
        saved = Saved(name=claim[0], value=value, epoch=claim[1].epoch)
        self.commit(Commit(appends=new, cursor=saved), [])

    def commit(self, commit: Commit, ids: list[tuple[str, int]]) -> None:
        """Commit, and hold the answer against what the model expects."""
        expected = self.refusal(commit, ids)
        if expected is not None:
            with pytest.raises(expected):
                self.engine.log.commit(commit)
            return
        places = self.engine.log.commit(commit)
        for place, new in zip(places, commit.appends, strict=True):
            self.partitions[TopicPartition(place.topic, place.partition)].append(place, new)
        for moved in commit.offsets:
            self.positions[moved.group, moved.partition] = moved.next
        if commit.cursor is not None:
            self.cursors[commit.cursor.name] = (self.cursors[commit.cursor.name][0], commit.cursor.value)
        self.seen |= set(ids)

    def refusal(self, commit: Commit, ids: list[tuple[str, int]]) -> type[LienthongError] | None:
        """Return the error that a commit must be refused with, by the conditions' order."""
        for moved in commit.offsets:
            owner = self.owned.get((moved.group, moved.partition))
            if owner is None or owner[1].epoch != moved.epoch:
                return Fenced
            new = sum((record.topic, record.partition) == moved.partition for record in commit.appends)
            if not 0 <= moved.next <= self.partitions[moved.partition].next + new:
                return OffsetOutOfRange
        if commit.cursor is not None:
            claim = self.cursors[commit.cursor.name][0]
            if claim is None or claim.epoch != commit.cursor.epoch:
                return Fenced
        return Duplicate if len(set(ids)) < len(ids) or self.seen & set(ids) else None

    @rule(partition=partitions, start=st.integers(-1, 14), limit=st.integers(0, 5))
    def read(self, partition: TopicPartition, start: int, limit: int) -> None:
        """Read a page."""
        model = self.partitions[partition]
        if start > model.next and limit:
            with pytest.raises(OffsetOutOfRange):
                self.engine.log.read(partition, start, limit)
            return
        found = self.engine.log.read(partition, start, limit)
        expected = [record for record in model.kept if record.offset >= start][:limit]
        assert [Kept(record.offset, record.timestamp, record.key, record.value) for record in found] == expected

    @rule(partition=partitions, data=st.data())
    def look_up(self, partition: TopicPartition, data: st.DataObject) -> None:
        """Ask for the offset of a time, at and around those that there are."""
        model = self.partitions[partition]
        times = [0, *(record.at for record in model.kept)]
        moment = data.draw(st.sampled_from(times)) + data.draw(st.integers(-1, 1))
        expected = next((record.offset for record in model.kept if record.at >= moment), model.next)
        assert self.engine.log.offset_at(partition, moment) == expected

    @rule(scope=st.sampled_from(SCOPES))
    def ask_for_ids(self, scope: str) -> None:
        """Ask which ids are remembered."""
        known = self.engine.log.seen(scope, [seen(scope, number).id for number in range(13)])
        assert known == {seen(*each).id for each in self.seen if each[0] == scope}

    @rule(age=st.integers(-RETENTION_MS, 2 * TOMBSTONE_MS), data=st.data())
    def clean(self, age: int, data: st.DataObject) -> None:
        """Clean as if it were some time after one of the records."""
        times = [record.at for model in self.partitions.values() for record in model.kept] or [RETENTION_MS]
        now = data.draw(st.sampled_from(times)) + age
        gone = sum(
            model.compact(now - TOMBSTONE_MS) if partition.topic == COMPACTED else model.retire(now - RETENTION_MS)
            for partition, model in self.partitions.items()
        )
        assert self.engine.admin.clean(now).records == gone

    @rule(target=joined, group=st.sampled_from(GROUPS))
    def join(self, group: str) -> ConsumerGroup:
        """Become a member."""
        member = self.engine.join(group, [KEPT, COMPACTED])
        self.groups[id(member)] = group
        self.living.append(member)
        return member

    @rule(member=joined)
    def assign(self, member: ConsumerGroup) -> None:
        """Let a member look around: it holds nothing that another holds, from where the group stands."""
        if member not in self.living:
            with pytest.raises(TransportError):
                member.assignment()
            return
        group = self.groups[id(member)]
        held = member.assignment()
        for partition in PARTITIONS:
            owner = self.owned.get((group, partition))
            if owner is not None and owner[0] is member:
                del self.owned[group, partition]
        for partition, claim in held.items():
            assert (group, partition) not in self.owned
            assert claim.next == self.positions.setdefault((group, partition), self.partitions[partition].first)
            self.owned[group, partition] = (member, claim)

    @rule(member=consumes(joined))
    def leave(self, member: ConsumerGroup) -> None:
        """Leave the group."""
        member.leave()
        self.owned = {claim: owner for claim, owner in self.owned.items() if owner[0] is not member}

    @rule(target=claimed, name=st.sampled_from(CURSORS))
    def claim(self, name: str) -> object:
        """Take a cursor, unless it is held."""
        holder, value = self.cursors.get(name, (None, None))
        if holder is not None:
            with pytest.raises(Claimed):
                self.engine.claim(name)
            return multiple()
        claim = self.engine.claim(name)
        assert claim.value == value
        self.cursors[name] = (claim, value)
        return name, claim

    @rule(claim=claimed)
    def release(self, claim: tuple[str, CursorClaim]) -> None:
        """Give a cursor back, perhaps once more."""
        claim[1].release()
        name = claim[0]
        if self.cursors[name][0] is claim[1]:
            self.cursors[name] = (None, self.cursors[name][1])

    @invariant()
    def spans_and_positions_agree(self) -> None:
        """Compare what both know of ends, groups and cursors."""
        for topic in self.engine.admin.topics():
            for partition, span in self.engine.log.ends(topic.name).items():
                assert span == (self.partitions[partition].first, self.partitions[partition].next)
        states = {(state.group, state.partition): state.next for state in self.engine.admin.groups()}
        assert states == self.positions
        cursors = {state.name: (state.held, state.value) for state in self.engine.admin.cursors()}
        assert cursors == {name: (claim is not None, value) for name, (claim, value) in self.cursors.items()}

    def teardown(self) -> None:
        """End, with nothing at fault."""
        assert {finding.level for finding in self.engine.admin.check()} == {"ok"}
        self.engine.close()


def seen(scope: str, number: int) -> Seen:
    """Return an id to remember."""
    return Seen(scope=scope, id=number.to_bytes(16, "big"))


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "_LOOK_EVERY_S", 0.0)


class OnDisk(Machine):
    """The same on a RAM disk, closed and opened again now and then."""

    place: Path
    opened_times = 0

    def opened(self) -> Engine:
        """Open a new file."""
        OnDisk.opened_times += 1
        self.url = f"sqlite:///{self.place}/{OnDisk.opened_times}.db"
        return open_engine(self.url)

    @rule()
    def reopen(self) -> None:
        """Close and open: all that was held is free, and nothing else has changed."""
        self.engine.close()
        self.engine = open_engine(self.url)
        self.owned.clear()
        self.living.clear()
        self.cursors = {name: (None, value) for name, (_, value) in self.cursors.items()}


def run(machine: type[Machine], examples: int) -> None:
    """Run a machine."""
    unhurried = list(HealthCheck)
    some = settings(max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=unhurried)
    run_state_machine_as_test(machine, settings=some)


def test_the_engine_in_memory_does_what_the_model_does() -> None:
    run(Machine, 100)


def test_the_engine_on_disk_does_what_the_model_does(ram_disk: Path) -> None:
    OnDisk.place = ram_disk
    run(OnDisk, 20)
