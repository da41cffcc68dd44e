"""The topic as a target keeps every promise of the port; what is settled is written by the bookmark's own commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from bus.errors import TargetRefused, TopicNotFound
from bus.records import Record
from bus.replays import MARKS, is_marked
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from replay.runs.target import Settled
from replay.runs.targets.topic import Topic
from tests.contracts.history import a_header, a_record
from tests.contracts.target import Arrived, OpenTarget, TargetContract, in_order_per_key

NAME = "replay.test"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_engine("sqlite://")
    engine.admin.create_topic(TopicSpec(name=NAME, partitions=4))
    yield engine
    engine.close()


def written(engine: Engine) -> list[Record]:
    """Return what stands in the topic, by partition."""
    return [
        record for name, span in engine.log.ends(NAME).items() for record in engine.log.read(name, span.first, 100_000)
    ]


class TestTopic(TargetContract):
    """A topic tells no time of its origin, keeps the order per key, and is whole when the run's own event says so."""

    @pytest.fixture(autouse=True)
    def _engine(self, engine: Engine) -> None:
        self.engine = engine
        self.over = False

    @pytest.fixture
    def open_target(self) -> OpenTarget:
        return lambda: _Announced(self)

    @pytest.fixture
    def arrived(self) -> Callable[[], list[Arrived]]:
        return lambda: [self._read(record) for record in written(self.engine)]

    @pytest.fixture
    def is_whole(self) -> Callable[[], bool]:
        return lambda: self.over

    def keep(self, settled: Settled) -> bytes:
        self.engine.log.commit(Commit(appends=settled.appends))
        return settled.mark

    def told(self, record: Record) -> Arrived:
        told = super().told(record)
        return Arrived(**{name: getattr(told, name) for name in told.__struct_fields__} | {"timestamp": None})

    def in_order(self, found: Sequence[Arrived], records: Sequence[Record]) -> bool:
        return in_order_per_key(found, [self.told(record) for record in records])

    def _read(self, record: Record) -> Arrived:
        topic, partition, offset = record.text("lt_replay_origin").rsplit("/", 2)
        return Arrived(
            topic=topic, partition=int(partition), offset=int(offset), timestamp=None, key=record.key,
            value=record.value,
            headers=tuple(one for one in record.headers if one[0] not in MARKS),
            marks=tuple(one for one in record.headers if one[0] in MARKS),
        )  # fmt: skip


class _Announced(Topic):
    """The target, with the runner's word that the run is over: the topic itself has none."""

    def __init__(self, test: TestTopic) -> None:
        super().__init__(test.engine.log, NAME)
        self._test = test

    def finish(self) -> None:
        super().finish()
        self._test.over = True


def test_records_without_a_key_that_stood_in_one_partition_stay_together(engine: Engine) -> None:
    target = Topic(engine.log, NAME)
    target.begin(a_header(3), None)
    target.take([a_record(offset, key=None, partition=2) for offset in range(1, 4)])
    engine.log.commit(Commit(appends=target.settle().appends))
    assert {record.partition for record in written(engine)} == {2}


def test_marks_of_an_earlier_replay_give_way(engine: Engine) -> None:
    target = Topic(engine.log, NAME)
    target.begin(a_header(1), None)
    target.take([a_record(1, headers=(("lt_replay_run", b"another"), ("ce_id", b"x")))])
    engine.log.commit(Commit(appends=target.settle().appends))
    [record] = written(engine)
    assert is_marked(record)
    assert [value for name, value in record.headers if name == "lt_replay_run"] == [a_header(1).run.encode()]


def test_a_topic_that_is_not_there_is_named_with_the_command_that_makes_it(engine: Engine) -> None:
    with pytest.raises(TopicNotFound) as caught:
        Topic(engine.log, "replay.other").begin(a_header(1), None)
    assert "topic apply --replay replay.other" in caught.value.hint


def test_no_topic_of_history_is_ever_written_to_whatever_a_plan_says(engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="dossier.events", partitions=1))
    with pytest.raises(TargetRefused, match=r"never writes to `dossier\.events`"):
        Topic(engine.log, "dossier.events").begin(a_header(1), None)
