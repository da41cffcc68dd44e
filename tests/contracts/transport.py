"""What every engine's log promises: subclass it and provide ``engine``, freshly opened and empty."""

from __future__ import annotations

import threading
import time
from typing import final

import pytest

from bus.errors import OffsetOutOfRange, RecordTooLarge, TopicNotFound
from bus.partitioner import partition_of
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, Span
from tests.contracts.making import DOSSIERS, FIRST, a_record, a_topic, publish, values

HEADERS = (("a", b"1"), ("b", None), ("a", b"\xff\x00"), ("tên", b""))
MEBIBYTE = 1024 * 1024


class TransportContract:
    """The face of producers, readers and sources."""

    @final
    def test_it_reads_back_what_was_appended_in_order(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1", b"2")
        publish(engine, b"3")
        assert values(engine) == [b"1", b"2", b"3"]

    @final
    def test_it_answers_with_the_places_of_the_appends_in_their_order(self, engine: Engine) -> None:
        a_topic(engine)
        places = engine.log.commit(Commit(appends=[a_record(partition=part) for part in (2, 0, 2, 1)]))
        assert [(place.partition, place.offset) for place in places] == [(2, 0), (0, 0), (2, 1), (1, 0)]

    @final
    def test_a_record_comes_back_whole_with_headers_in_order_repeated_and_null(self, engine: Engine) -> None:
        a_topic(engine)
        new = NewRecord(topic=DOSSIERS, key="hồ sơ".encode(), value=b"\x00\xff", headers=HEADERS, partition=0)
        place = engine.log.commit(Commit(appends=[new]))[0]
        record = engine.log.read(FIRST, 0, 1)[0]
        assert (record.key, record.value, record.headers, record.place) == (new.key, new.value, HEADERS, place)

    @final
    @pytest.mark.parametrize(("key", "value"), [(None, None), (b"", None), (None, b""), (b"", b"")])
    def test_absent_and_empty_are_not_confused(self, engine: Engine, key: bytes | None, value: bytes | None) -> None:
        a_topic(engine)
        engine.log.commit(Commit(appends=[a_record(value, key)]))
        record = engine.log.read(FIRST, 0, 1)[0]
        assert (record.key, record.value) == (key, value)

    @final
    def test_a_key_goes_to_the_partition_that_murmur2_names(self, engine: Engine) -> None:
        a_topic(engine)
        keys = [b"H56.14-%d" % number for number in range(20)]
        places = engine.log.commit(Commit(appends=[a_record(key=key, partition=None) for key in keys]))
        assert [place.partition for place in places] == [partition_of(key, 4) for key in keys]

    @final
    def test_records_without_a_key_are_spread(self, engine: Engine) -> None:
        a_topic(engine)
        places = engine.log.commit(Commit(appends=[a_record(key=None, partition=None)] * 40))
        assert {place.partition for place in places} == {0, 1, 2, 3}

    @final
    def test_a_page_begins_at_its_start_and_ends_at_its_limit(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, *(b"%d" % number for number in range(10)))
        assert [record.offset for record in engine.log.read(FIRST, 4, 3)] == [4, 5, 6]

    @final
    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_page_of_no_records_has_none(self, engine: Engine, limit: int) -> None:
        a_topic(engine)
        publish(engine, b"1")
        assert engine.log.read(FIRST, 0, limit) == []

    @final
    @pytest.mark.parametrize("start", [2, 1 << 62, 1 << 63, 1 << 70])
    def test_what_lies_far_past_the_end_is_out_of_range(self, engine: Engine, start: int) -> None:
        a_topic(engine)
        publish(engine, b"1")
        with pytest.raises(OffsetOutOfRange):
            engine.log.read(FIRST, start, 1)

    @final
    def test_a_start_below_the_first_begins_at_the_first(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1", b"2")
        assert [record.offset for record in engine.log.read(FIRST, -5, 10)] == [0, 1]

    @final
    def test_the_end_has_no_records_and_what_lies_past_it_is_out_of_range(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1")
        assert engine.log.read(FIRST, 1, 10) == []
        with pytest.raises(OffsetOutOfRange, match="holds offsets 0 to 0, not 2"):
            engine.log.read(FIRST, 2, 10)

    @final
    def test_the_ends_of_a_topic_are_told_for_every_partition(self, engine: Engine) -> None:
        a_topic(engine, partitions=2)
        publish(engine, b"1", b"2", partition=1)
        assert engine.log.ends(DOSSIERS) == {FIRST: Span(0, 0), TopicPartition(DOSSIERS, 1): Span(0, 2)}

    @final
    @pytest.mark.parametrize("partition", [-1, 4])
    def test_an_unknown_partition_is_not_found(self, engine: Engine, partition: int) -> None:
        a_topic(engine)
        with pytest.raises(TopicNotFound):
            engine.log.read(TopicPartition(DOSSIERS, partition), 0, 1)
        with pytest.raises(TopicNotFound):
            engine.log.commit(Commit(appends=[a_record(partition=partition)]))

    @final
    def test_an_unknown_topic_is_not_found(self, engine: Engine) -> None:
        with pytest.raises(TopicNotFound, match="citizen"):
            engine.log.ends("citizen.events")
        with pytest.raises(TopicNotFound):
            engine.log.commit(Commit(appends=[a_record()]))

    @final
    def test_a_value_at_the_limit_passes_and_one_byte_more_is_refused(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"x" * MEBIBYTE)
        with pytest.raises(RecordTooLarge, match="1048577 bytes"):
            engine.log.commit(Commit(appends=[a_record(b"small"), a_record(b"x" * (MEBIBYTE + 1))]))
        assert engine.log.ends(DOSSIERS)[FIRST] == Span(0, 1)

    @final
    def test_headers_have_a_limit_too(self, engine: Engine) -> None:
        a_topic(engine)
        with pytest.raises(RecordTooLarge):
            engine.log.commit(Commit(appends=[NewRecord(topic=DOSSIERS, key=b"", value=b"", headers=LARGE_HEADERS)]))

    @final
    def test_time_never_goes_back_within_a_partition(self, engine: Engine) -> None:
        a_topic(engine)
        for number in range(20):
            publish(engine, b"%d" % number)
        times = [record.timestamp for record in engine.log.read(FIRST, 0, 100)]
        assert times == sorted(times)
        assert abs(times[0] - time.time() * 1000) < 600_000

    @final
    def test_a_time_finds_the_first_offset_accepted_then_or_later(self, engine: Engine) -> None:
        a_topic(engine)
        for number in range(5):
            publish(engine, b"%d" % number)
            time.sleep(0.002)
        times = [record.timestamp for record in engine.log.read(FIRST, 0, 5)]
        found = [engine.log.offset_at(FIRST, moment) for moment in times]
        assert found == [times.index(moment) for moment in times]
        assert (engine.log.offset_at(FIRST, 0), engine.log.offset_at(FIRST, times[-1] + 1)) == (0, 5)

    @final
    def test_many_threads_lose_nothing_and_each_keeps_its_own_order(self, engine: Engine) -> None:
        a_topic(engine)
        threads = [threading.Thread(target=_publish_some, args=(engine, name)) for name in b"abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [value or b"" for value in values(engine)]
        kept = {name: [value[1:] for value in found if value[0] == name] for name in b"abcdefgh"}
        assert list(kept.values()) == [[b"%02d" % number for number in range(25)]] * 8

    @final
    def test_a_version_of_nought_is_answered_at_once(self, engine: Engine) -> None:
        assert engine.log.wait(0, 60) > 0

    @final
    def test_without_news_the_wait_ends_and_the_version_stays(self, engine: Engine) -> None:
        version = engine.log.wait(0, 1)
        assert engine.log.wait(version, 0.02) == version

    @final
    def test_a_commit_wakes_who_waits(self, engine: Engine) -> None:
        a_topic(engine)
        version = engine.log.wait(0, 1)
        writer = threading.Timer(0.05, publish, (engine, b"news"))
        writer.start()
        found = engine.log.wait(version, 60)
        writer.join()
        assert found != version

    @final
    def test_news_between_the_version_and_the_wait_is_not_missed(self, engine: Engine) -> None:
        a_topic(engine)
        version = engine.log.wait(0, 1)
        publish(engine, b"news")
        assert engine.log.wait(version, 60) != version


LARGE_HEADERS = (("big", b"x" * 70_000),)


def _publish_some(engine: Engine, name: int) -> None:
    for number in range(25):
        publish(engine, bytes([name]) + b"%02d" % number)
