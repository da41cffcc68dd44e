"""Retention and compaction: short bites that let writers through, space given back, and readers in the middle of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.records import NewRecord
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from bus.transports.sqlite.disk import WAL_TIDY_BYTES
from bus.transports.sqlite.retention import BITE
from tests.contracts.making import DOSSIERS, FIRST, a_record, a_topic, publish, values

FAR = 4_000_000_000_000
MEBIBYTE = 1024 * 1024


@pytest.fixture
def file(ram_disk: Path) -> Path:
    """Return where the log lies."""
    return ram_disk / "bus.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """Return a log on a RAM disk, whose topic keeps records for a second."""
    with closing(open_engine(f"sqlite:///{file}")) as engine:
        engine.admin.create_topic(TopicSpec(name=DOSSIERS, partitions=1, retention_ms=1000))
        yield engine


@pytest.mark.parametrize("compacted", [False, True])
def test_no_bite_is_larger_than_its_limit(compacted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_engine("sqlite://")) as engine:
        engine.admin.create_topic(
            TopicSpec(name=DOSSIERS, partitions=1, compacted=compacted, retention_ms=None if compacted else 1)
        )
        publish(engine, *(b"%d" % number for number in range(5000)))
        bites: list[int] = []
        watch(engine, bites, monkeypatch)
        removed = engine.admin.clean(FAR).records
    assert (removed, max(bites) <= BITE + 2, len(bites) > 5000 // BITE) == (5000 - compacted, True, True)


def watch(engine: Engine, bites: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note how many rows change each time that somebody has the lock."""
    store = engine.admin._store  # type: ignore[attr-defined]
    exclusive = store.exclusive

    @contextmanager
    def watched() -> Iterator[sqlite3.Connection]:
        with exclusive() as connection:
            before = connection.total_changes
            yield connection
            bites.append(connection.total_changes - before)

    monkeypatch.setattr(store, "exclusive", watched)


def test_writers_and_readers_go_on_while_old_records_are_removed(engine: Engine) -> None:
    publish(engine, *(b"%d" % number for number in range(20_000)))
    ended = Event()
    cleaner = Thread(target=lambda: (engine.admin.clean(FAR - 1), ended.set()))
    cleaner.start()
    places = []
    while not ended.is_set():
        places.append(engine.log.commit(Commit(appends=[a_record()]))[0].offset)
        page = engine.log.read(FIRST, 0, 3)
        assert [record.offset - page[0].offset for record in page] == list(range(len(page)))
    cleaner.join()
    assert places == list(range(20_000, 20_000 + len(places)))


def test_the_file_shrinks_after_most_of_it_is_gone(engine: Engine, file: Path) -> None:
    for _ in range(40):
        publish(engine, *([b"x" * 10_000] * 20))
    engine.close()
    full = file.stat().st_size
    with closing(open_engine(f"sqlite:///{file}")) as again:
        again.admin.clean(FAR)
    assert (full > 6 * MEBIBYTE, file.stat().st_size < full // 4) == (True, True)


def test_a_log_that_a_reader_held_is_cut_back_when_nobody_holds_it_any_more(engine: Engine, file: Path) -> None:
    wal = file.with_name("bus.db-wal")
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM log_1").fetchall()
        while wal.stat().st_size < WAL_TIDY_BYTES * 2:
            publish(engine, *([b"x" * 10_000] * 20))
        engine.log.wait(engine.log.wait(0, 1), 0.01)
        held = wal.stat().st_size
    engine.log.wait(engine.log.wait(0, 1), 0.01)
    assert (held >= WAL_TIDY_BYTES * 2, wal.stat().st_size) == (True, 0)


def test_readers_that_never_rest_do_not_let_the_write_ahead_log_grow(engine: Engine, file: Path) -> None:
    publish(engine, *([b"x" * 1000] * 100))
    done = Event()

    def read() -> None:
        while not done.is_set():
            engine.log.read(FIRST, 0, 50)
            engine.log.ends(DOSSIERS)

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(400):
        publish(engine, *([b"x" * 1000] * 100))
    done.set()
    for reader in readers:
        reader.join()
    assert file.with_name("bus.db-wal").stat().st_size < 3 * WAL_TIDY_BYTES


KEYS = st.sampled_from([b"a", b"b", b"c", None])
WRITTEN = st.lists(st.tuples(KEYS, st.one_of(st.none(), st.integers(0, 99).map(lambda number: b"%d" % number))))


@settings(deadline=None, max_examples=60)
@given(WRITTEN, st.lists(st.integers(1, 6), min_size=1))
def test_a_reader_in_the_middle_of_compaction_learns_the_last_of_every_key(
    written: list[tuple[bytes | None, bytes | None]], pages: list[int]
) -> None:
    with closing(open_engine("sqlite://")) as engine:
        a_topic(engine, partitions=1, compacted=True)
        engine.log.commit(Commit(appends=[a_record(value, key) for key, value in written]))
        learnt: dict[bytes, bytes | None] = {}
        start = 0
        while page := engine.log.read(FIRST, start, pages[start % len(pages)]):
            learnt |= {record.key: record.value for record in page if record.key is not None}
            start = page[-1].offset + 1
            engine.admin.clean(0)
        final = {key: value for key, value in written if key is not None}
        expected = {key: value for key, value in final.items() if value is not None}
        assert {key: value for key, value in learnt.items() if value is not None} == expected
        engine.admin.clean(FAR)
        unkeyed = [value for key, value in written if key is None]
        assert sorted(map(str, values(engine))) == sorted(map(str, [*expected.values(), *unkeyed]))


def test_offsets_keep_their_holes_and_go_on_behind_them(engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="reference", partitions=1, compacted=True))
    new = [NewRecord(topic="reference", key=key, value=key) for key in (b"a", b"b", b"a", b"b", b"c")]
    engine.log.commit(Commit(appends=new))
    engine.admin.clean()
    place = FIRST._replace(topic="reference")
    offsets = [record.offset for record in engine.log.read(place, 0, 10)]
    assert (offsets, engine.log.commit(Commit(appends=new[:1]))[0].offset) == ([2, 3, 4], 5)
    assert [engine.log.read(place, start, 1)[0].offset for start in range(6)] == [2, 2, 2, 3, 4, 5]
