"""Finding events by their id: from the newest record back, and one after another without reading all again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from bus.cli.finding import Rereader, find_event
from bus.envelope import Envelope, event_id, to_headers
from bus.records import NewRecord, Record, TopicPartition
from bus.transport import Commit, Engine, Span
from bus.transports import open_engine
from tests.bus.doubles import TOPIC, an_event, make_topics


class CountingLog:
    """A log that counts the records that were read from it."""

    def __init__(self, engine: Engine) -> None:
        self._log = engine.log
        self.read_records = 0

    def ends(self, topic: str) -> Mapping[TopicPartition, Span]:
        return self._log.ends(topic)

    def read(self, partition: TopicPartition, start: int, limit: int) -> Sequence[Record]:
        found = self._log.read(partition, start, limit)
        self.read_records += len(found)
        return found


def silent(_done: int, _total: int | None) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def events(engine: Engine) -> list[Envelope]:
    """Publish 1,500 events in one commit and return them."""
    told = [an_event(number) for number in range(1500)]
    records = [NewRecord(topic=TOPIC, key=event.key.encode(), value=b"{}", headers=to_headers(event)) for event in told]
    engine.log.commit(Commit(appends=records))
    return told


def test_a_new_event_is_found_without_reading_the_log(engine: Engine, events: list[Envelope]) -> None:
    search = find_event(engine.log, [TOPIC], events[-1].id, silent)
    assert (search.record and search.record.offset, search.searched, search.offsets) == (1499, 200, 1500)
    assert not search.is_whole


def test_an_old_event_is_found_too_and_an_absent_one_needs_all(engine: Engine, events: list[Envelope]) -> None:
    assert find_event(engine.log, [TOPIC], events[0].id, silent).record is not None
    search = find_event(engine.log, [TOPIC], event_id("x", "y"), silent)
    assert (search.record, search.searched, search.is_whole) == (None, 1500, True)


def test_an_id_of_another_source_is_another_event(engine: Engine, events: list[Envelope]) -> None:
    assert find_event(engine.log, [TOPIC], events[0].id, silent, source="other").record is None


def test_events_in_the_order_of_the_log_are_read_once(engine: Engine, events: list[Envelope]) -> None:
    log = CountingLog(engine)
    reread = Rereader(log, TOPIC)  # type: ignore[arg-type]
    found = [reread.find(event, silent) for event in events]
    assert [record.offset for record in found if record] == list(range(1500))
    assert log.read_records <= 2 * len(events)


def test_events_in_another_order_are_found_all_the_same(engine: Engine, events: list[Envelope]) -> None:
    reread = Rereader(engine.log, TOPIC)
    found = [reread.find(event, silent) for event in reversed(events[::100])]
    assert [record.offset for record in found if record] == list(range(1400, -1, -100))


def test_one_that_is_gone_is_none() -> None:
    engine = open_engine("sqlite://")
    make_topics(engine)
    assert Rereader(engine.log, TOPIC).find(an_event(1, time=datetime(2026, 11, 24, tzinfo=UTC)), silent) is None
    engine.close()
