"""Closing: under the lock, once, and whatever other threads are doing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from bus.errors import LienthongError
from bus.transport import Engine
from bus.transports import open_engine
from tests.contracts.making import DOSSIERS, FIRST, a_topic, publish, values


@pytest.fixture
def url(ram_disk: Path) -> str:
    """Return the URL of a log."""
    return f"sqlite:///{ram_disk}/bus.db"


@pytest.fixture
def engine(url: str) -> Engine:
    """Return an open log with records."""
    engine = open_engine(url)
    a_topic(engine)
    publish(engine, b"1", b"2")
    return engine


def test_threads_that_all_close_at_once_close_it_once(engine: Engine, url: str) -> None:
    together = Barrier(4)

    def close() -> None:
        together.wait(10)
        engine.close()

    threads = [Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    with closing(open_engine(url)) as again:
        assert values(again) == [b"1", b"2"]


def test_a_connection_in_use_is_closed_as_it_comes_back_and_waits_for_the_lock(
    engine: Engine, url: str, ram_disk: Path
) -> None:
    store = engine.log._store  # type: ignore[attr-defined]
    with closing(open_engine(url)) as other:
        lent = store.reader()
        connection = lent.__enter__()
        engine.close()
        ended = Event()
        thread = Thread(target=lambda: (lent.__exit__(None, None, None), ended.set()))
        with other.log._store.exclusive():  # type: ignore[attr-defined]
            thread.start()
            assert not ended.wait(0.05)
        thread.join(10)
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
        assert (ram_disk / "bus.db-wal").exists()
    assert not (ram_disk / "bus.db-wal").exists()


def test_threads_at_work_are_told_that_it_is_closed(engine: Engine) -> None:
    errors: list[LienthongError] = []

    def work() -> None:
        try:
            while True:
                publish(engine, b"3")
                engine.log.read(FIRST, 0, 10)
                engine.log.ends(DOSSIERS)
        except LienthongError as error:
            errors.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    engine.close()
    for thread in threads:
        thread.join(10)
    assert [str(error) for error in errors] == ["this engine is closed"] * 4


def test_a_closed_engine_refuses_everything(engine: Engine) -> None:
    engine.close()
    for use in (
        lambda: engine.log.ends(DOSSIERS), lambda: engine.log.wait(0, 1), lambda: engine.claim("c"),
        lambda: engine.join("g", [DOSSIERS]), engine.admin.topics, engine.admin.clean,
    ):  # fmt: skip
        with pytest.raises(LienthongError, match="closed"):
            use()


def test_a_link_to_a_log_is_the_log_itself(engine: Engine, url: str, ram_disk: Path) -> None:
    (ram_disk / "elsewhere").mkdir()
    (ram_disk / "elsewhere" / "link.db").symlink_to(ram_disk / "bus.db")
    with closing(engine), closing(open_engine(f"sqlite:///{ram_disk}/elsewhere/link.db")) as linked:
        assert engine.claim("c").epoch == 1
        with pytest.raises(LienthongError, match="held"):
            linked.claim("c")
        publish(linked, b"3")
        assert values(engine) == [b"1", b"2", b"3"]
    assert [path.name for path in (ram_disk / "elsewhere").iterdir()] == ["link.db"]
