"""What every engine promises administrators: topics that keep their shape, retention, compaction, check-ups."""

from __future__ import annotations

import time
from typing import final

import pytest

from bus.errors import ConfigError, TransportError
from bus.records import TopicPartition
from bus.transport import Commit, Engine, Seen, Span, TopicSpec
from tests.contracts.making import DOSSIERS, FIRST, a_record, a_topic, publish, values

HOUR = 3_600_000
DAY = 24 * HOUR


def now_ms() -> int:
    """Return the wall clock's milliseconds."""
    return time.time_ns() // 1_000_000


class AdminContract:
    """The face of administrators."""

    @final
    def test_a_topic_is_created_once_and_told_by_name(self, engine: Engine) -> None:
        specs = [TopicSpec(name=name, partitions=2, retention_ms=HOUR) for name in ("b", "a")]
        created = [engine.admin.create_topic(spec) for spec in (*specs, *specs)]
        assert created == [True, True, False, False]
        assert engine.admin.topics() == [specs[1], specs[0]]

    @final
    def test_retention_is_adjusted_in_place(self, engine: Engine) -> None:
        engine.admin.create_topic(TopicSpec(name="a", partitions=1))
        changed = TopicSpec(name="a", partitions=1, retention_ms=5)
        assert not engine.admin.create_topic(changed)
        assert engine.admin.topics() == [changed]

    @final
    @pytest.mark.parametrize("other", [{"partitions": 3}, {"partitions": 2, "compacted": True}])
    def test_partitions_and_cleanup_never_change(self, engine: Engine, other: dict[str, int]) -> None:
        spec = TopicSpec(name="a", partitions=2)
        engine.admin.create_topic(spec)
        with pytest.raises(TransportError):
            engine.admin.create_topic(TopicSpec(name="a", **other))
        assert engine.admin.topics() == [spec]

    @final
    @pytest.mark.parametrize("name", ["", "a b", "a;DROP TABLE part", "x" * 250, "thành", "a\n"])
    def test_a_name_that_kafka_would_refuse_is_refused(self, engine: Engine, name: str) -> None:
        with pytest.raises(ConfigError):
            engine.admin.create_topic(TopicSpec(name=name, partitions=1))

    @final
    @pytest.mark.parametrize(("partitions", "kept"), [(0, None), (5000, None), (1, -1)])
    def test_a_shape_that_cannot_be_is_refused(self, engine: Engine, partitions: int, kept: int | None) -> None:
        with pytest.raises(ConfigError):
            engine.admin.create_topic(TopicSpec(name="a", partitions=partitions, retention_ms=kept))

    @final
    def test_what_is_older_than_its_retention_goes_and_offsets_stay(self, engine: Engine) -> None:
        engine.admin.create_topic(TopicSpec(name=DOSSIERS, partitions=2, retention_ms=HOUR))
        publish(engine, *(b"%d" % number for number in range(1203)))
        cleaned = engine.admin.clean(now_ms() + 2 * HOUR)
        publish(engine, b"next")
        assert (cleaned.records, engine.log.ends(DOSSIERS)[FIRST]) == (1203, Span(1203, 1204))
        assert [record.offset for record in engine.log.read(FIRST, 0, 10)] == [1203]

    @final
    def test_what_is_young_enough_stays_and_cleaning_may_be_repeated(self, engine: Engine) -> None:
        engine.admin.create_topic(TopicSpec(name=DOSSIERS, partitions=1, retention_ms=HOUR))
        publish(engine, b"1")
        assert [engine.admin.clean().records, engine.admin.clean().records] == [0, 0]
        assert values(engine) == [b"1"]

    @final
    def test_a_topic_without_retention_keeps_for_ever(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1")
        engine.admin.clean(now_ms() + 50_000 * DAY)
        assert values(engine) == [b"1"]

    @final
    def test_a_compacted_topic_keeps_the_last_record_of_each_key(self, engine: Engine) -> None:
        a_topic(engine, compacted=True)
        records = [a_record(b"%d" % number, b"key %d" % (number % 3)) for number in range(1100)]
        engine.log.commit(Commit(appends=[*records, a_record(b"no key", None)]))
        cleaned = engine.admin.clean()
        assert cleaned.records == 1097
        assert values(engine) == [b"1097", b"1098", b"1099", b"no key"]
        assert engine.log.ends(DOSSIERS)[FIRST] == Span(1097, 1101)

    @final
    def test_a_tombstone_outlives_its_key_for_a_day(self, engine: Engine) -> None:
        a_topic(engine, compacted=True)
        engine.log.commit(Commit(appends=[a_record(b"1"), a_record(None)]))
        engine.admin.clean()
        soon = values(engine)
        engine.admin.clean(now_ms() + 2 * DAY)
        assert (soon, values(engine)) == ([None], [])

    @final
    def test_a_start_in_a_hole_goes_on_behind_it(self, engine: Engine) -> None:
        a_topic(engine, compacted=True)
        engine.log.commit(Commit(appends=[a_record(b"a", b"1"), a_record(b"b", b"2"), a_record(b"c", b"2")]))
        engine.admin.clean()
        assert [record.offset for record in engine.log.read(FIRST, 1, 5)] == [2]
        assert engine.log.offset_at(FIRST, 0) == 0

    @final
    def test_an_id_is_remembered_for_the_window_and_then_forgotten(self, engine: Engine) -> None:
        engine.log.commit(Commit(seen=[Seen(scope="s", id=number.to_bytes(16, "big")) for number in range(1200)]))
        young = engine.admin.clean(now_ms() + 399 * DAY).ids
        ids = [number.to_bytes(16, "big") for number in range(1200)]
        assert (young, len(engine.log.seen("s", ids))) == (0, 1200)

    @final
    def test_a_whole_log_has_no_faults(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1", b"2")
        engine.join("g", [DOSSIERS]).assignment()
        assert {finding.level for finding in engine.admin.check()} == {"ok"}

    @final
    def test_closing_may_be_repeated_and_ends_everything(self, engine: Engine) -> None:
        a_topic(engine)
        member = engine.join("g", [DOSSIERS])
        engine.close()
        engine.close()
        member.leave()
        with pytest.raises(TransportError):
            engine.log.read(TopicPartition(DOSSIERS, 0), 0, 1)
