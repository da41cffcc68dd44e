"""The index beside a log that forgets, compacts, or was damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from replay.index.identifiers import identifier
from replay.index.store import Move, Posting, Spot, Unread, open_store
from tests.replay.doubles import DOSSIER, an_event, make_topics, publish

THE_DOSSIER = identifier("dossier", DOSSIER)
FIRST = TopicPartition("dossier.events", 0)
FAR_AHEAD = 4_000_000_000_000


def test_what_retention_took_is_not_found_and_the_answer_says_so(engine: Engine, open_it: Any) -> None:
    engine.admin.create_topic(TopicSpec(name="dossier.events", partitions=2, retention_ms=1000))
    publish(engine, *(an_event(str(number)) for number in range(4)))
    index = open_it()
    assert len(index.find(THE_DOSSIER).told) == 4
    engine.admin.clean(FAR_AHEAD)
    publish(engine, an_event("new"))
    found = index.find(THE_DOSSIER)
    assert (len(found.told), found.coverage.retained, found.coverage.unreadable) == (1, 1, [])


def test_an_index_that_begins_after_retention_reads_what_is_left(engine: Engine, open_it: Any) -> None:
    engine.admin.create_topic(TopicSpec(name="dossier.events", partitions=2, retention_ms=1000))
    publish(engine, an_event())
    engine.admin.clean(FAR_AHEAD)
    publish(engine, an_event("new"))
    found = open_it().find(THE_DOSSIER)
    assert (len(found.told), found.coverage.gaps) == (1, [])


def test_whole_periods_go_with_the_records_they_point_to(index_file: Path) -> None:
    store = open_store(f"sqlite:///{index_file}", period_postings=2)
    number = store.enter([FIRST])[FIRST].number
    for start in range(0, 6, 2):
        rows = [Posting(1, number, start), Posting(1, number, start + 1)]
        lost = [Unread(Spot(*FIRST, start), 0, None, "LT-E2102")]
        store.write([Move(number=number, old=start, next=start + 2, tail=b"", postings=rows, unread=lost)])
    assert store.drop_before({FIRST: 3}) == 1
    assert [spot.offset for spot in store.find(1).spots] == [2, 3, 4, 5]
    assert [one.spot.offset for one in store.unread()] == [4]
    store.close()


def test_a_tombstone_is_no_unreadable_record(engine: Engine, index: Any) -> None:
    engine.log.commit(Commit(appends=[NewRecord(topic="dossier.events", key=b"k", value=None)]))
    assert index.find(THE_DOSSIER).coverage.unreadable == []


@pytest.mark.parametrize("is_indexed", [True, False], ids=["after it was indexed", "before it was indexed"])
def test_a_damaged_record_is_named_and_those_around_it_are_told(tmp_path: Path, open_it: Any, is_indexed: bool) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    make_topics(engine)
    places = publish(engine, *(an_event(str(number)) for number in range(5)))
    if is_indexed:
        open_it(of=engine).find(THE_DOSSIER)
    engine.close()
    damage(tmp_path / "bus.db", places[2].offset)
    engine = open_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    found = open_it(of=engine).find(THE_DOSSIER)
    engine.close()
    assert sorted(one.place for one in found.told) == [str(place) for place in (*places[:2], *places[3:])]
    assert [(one.place, one.code) for one in found.coverage.unreadable] == [(str(places[2]), "LT-E6002")]


def damage(log: Path, offset: int) -> None:
    """Change a stored value behind the engine's back."""
    with sqlite3.connect(log) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'log_[0-9]*'")]
        for table in [name for name in tables if name.removeprefix("log_").isdigit()]:
            connection.execute(f"UPDATE {table} SET value = x'00' WHERE off = ? AND value IS NOT NULL", (offset,))
    connection.close()
