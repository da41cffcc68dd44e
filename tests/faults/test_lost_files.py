"""Files lost, older, or taken away while in use: nothing goes in silence, and what is refused stays as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.errors import DamagedStore, LienthongError, MissingRecords
from bus.transport import Engine
from bus.transports import accept_loss, open_engine
from tests.faults.conftest import Worker
from tests.faults.making import commit_of, count_in, count_records, flip, publish
from tests.faults.worker import SOURCE

Start = Callable[..., Worker]


@pytest.fixture
def killed(folder: Path, url: str, start: Start) -> Path:
    """Return a log whose 300 newest commits stand in the write-ahead log only, after a kill."""
    publish(url, 0)
    worker = start("publish", url, "300")
    worker.hear("written")
    worker.kill()
    return folder / "bus.db"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return an open log of three records."""
    publish(url, 3)
    with closing(open_engine(url)) as engine:
        yield engine


def beside(file: Path, ending: str) -> Path:
    """Return the file that stands beside a database."""
    return file.with_name(f"{file.name}-{ending}")


def test_a_kill_alone_loses_nothing(killed: Path, url: str) -> None:
    assert count_records(url) == 300


def test_a_lost_write_ahead_log_is_named_with_the_number_of_commits(killed: Path, url: str) -> None:
    beside(killed, "wal").unlink()
    with pytest.raises(MissingRecords, match="300 acknowledged commits are missing"):
        open_engine(url)


@pytest.mark.parametrize("content", [None, b"", b"\xa5" * 32768, b"\0" * 100])
def test_a_lost_or_garbled_index_of_the_write_ahead_log_is_made_anew(
    killed: Path, url: str, content: bytes | None
) -> None:
    index = beside(killed, "shm")
    index.unlink() if content is None else index.write_bytes(content)
    assert count_records(url) == 300


def test_a_lost_mark_is_made_anew_and_guards_again(killed: Path, url: str) -> None:
    beside(killed, "mark").unlink()
    assert count_records(url) == 300
    killed.unlink()
    with pytest.raises(MissingRecords, match="301 acknowledged commits are missing"):
        open_engine(url)


def test_a_refused_log_stays_as_it_is_so_that_mending_it_brings_everything_back(killed: Path, url: str) -> None:
    wal = beside(killed, "wal")
    before = wal.read_bytes()
    flip(wal, len(before) // 2)
    for _ in range(2):
        with pytest.raises(MissingRecords):
            open_engine(url)
    flip(wal, len(before) // 2)
    assert (wal.read_bytes() == before, count_records(url)) == (True, 300)


def test_a_file_that_was_moved_away_may_come_back_with_all_of_its_write_ahead_log(killed: Path, url: str) -> None:
    killed.rename(killed.with_name("away"))
    with pytest.raises(MissingRecords, match="301 acknowledged commits are missing"):
        open_engine(url)
    killed.with_name("away").rename(killed)
    assert count_records(url) == 300


def test_a_write_ahead_log_without_its_file_is_not_thrown_away(killed: Path, url: str) -> None:
    killed.unlink()
    beside(killed, "mark").unlink()
    with pytest.raises(MissingRecords, match="write-ahead log is still there"):
        open_engine(url)


@pytest.mark.parametrize("newer", [1, 3, 250])
def test_an_older_file_under_a_newer_write_ahead_log_is_refused_and_the_right_one_welcome(
    folder: Path, url: str, start: Start, newer: int
) -> None:
    file = folder / "bus.db"
    publish(url, 50)
    shutil.copy(file, folder / "older")
    with closing(open_engine(url)) as engine:
        for number in range(50, 400):
            engine.log.commit(commit_of(number))
    worker = start("publish", url, str(newer))
    worker.hear("written")
    worker.kill()
    shutil.copy(file, folder / "right")
    shutil.copy(folder / "older", file)
    with pytest.raises(DamagedStore, match="older file than its write-ahead log: 51 commits are in it, not 401"):
        open_engine(url)
    shutil.copy(folder / "right", file)
    assert count_records(url) == 400 + newer


def test_an_older_file_whose_newer_write_ahead_log_is_given_up_opens_once_the_loss_is_accepted(
    folder: Path, url: str, killed: Path
) -> None:
    shutil.copy(killed, folder / "older")
    assert count_records(url) == 300
    shutil.copy(folder / "older", killed)
    with pytest.raises(MissingRecords, match="300 acknowledged"):
        open_engine(url)
    assert accept_loss(url) == 300
    assert count_records(url) == 0


def test_an_older_copy_put_in_place_is_named(folder: Path, url: str) -> None:
    publish(url, 3)
    shutil.copy(folder / "bus.db", folder / "older.db")
    publish(url, 7)
    shutil.copy(folder / "older.db", folder / "bus.db")
    with pytest.raises(MissingRecords, match="7 acknowledged commits are missing"):
        open_engine(url)


def test_a_file_that_vanished_is_not_silently_made_anew(folder: Path, url: str) -> None:
    publish(url, 3)
    (folder / "bus.db").unlink()
    with pytest.raises(MissingRecords, match="4 acknowledged commits are missing; 4 were acknowledged, 0 are there"):
        open_engine(url)
    assert not (folder / "bus.db").exists()


def test_a_file_replaced_while_open_takes_no_more_writes_and_tells_readers(folder: Path, url: str) -> None:
    publish(url, 3)
    shutil.copy(folder / "bus.db", folder / "older.db")
    engine = open_engine(url)
    (folder / "older.db").replace(folder / "bus.db")
    for use in (lambda: engine.log.commit(commit_of(3)), lambda: engine.log.wait(0, 1), engine.admin.clean):
        with pytest.raises(DamagedStore, match="replaced"):
            use()
    engine.close()
    assert count_records(url) == 3


def test_of_two_processes_without_a_common_index_only_one_goes_on_writing(
    folder: Path, url: str, engine: Engine, start: Start
) -> None:
    engine.log.commit(commit_of(3))
    beside(folder / "bus.db", "shm").unlink()
    other = start("publish", url, "5")
    other.hear("written")
    with pytest.raises(MissingRecords, match="5 acknowledged commits are missing"):
        engine.log.commit(commit_of(4))
    engine.admin.check()
    engine.close()
    other.kill()
    assert count_records(url) == 9


def test_a_write_ahead_log_deleted_while_open_is_noticed_and_saved_by_closing(
    folder: Path, url: str, engine: Engine, start: Start
) -> None:
    engine.log.commit(commit_of(3))
    beside(folder / "bus.db", "wal").unlink()
    with pytest.raises(LienthongError):
        open_engine_elsewhere(url, start)
    for _ in range(2):
        with pytest.raises(DamagedStore, match="write-ahead log was deleted"):
            commit_many(engine)
    written = count_in(engine)
    engine.close()
    assert (count_records(url), written > 4) == (written, True)


def commit_many(engine: Engine) -> None:
    """Commit more than it takes to look around once."""
    for number in range(400):
        engine.log.commit(commit_of(number))


def open_engine_elsewhere(url: str, start: Start) -> None:
    """Open a log in another process, and raise its error here."""
    error = start("open", url).hear_text("opened")
    if error != "-":
        raise LienthongError(error)


def test_lock_files_and_a_mark_deleted_while_open_are_made_anew(folder: Path, url: str, engine: Engine) -> None:
    for ending in ("lock", "queue", "door", "mark"):
        beside(folder / "bus.db", ending).unlink()
    for number in range(3, 600):
        engine.log.commit(commit_of(number))
    assert all(beside(folder / "bus.db", ending).exists() for ending in ("lock", "queue", "door", "mark"))
    engine.close()
    (folder / "bus.db").unlink()
    with pytest.raises(MissingRecords, match="601 acknowledged"):
        open_engine(url)


def test_groups_and_cursors_go_on_after_the_folder_of_the_living_was_deleted(folder: Path, engine: Engine) -> None:
    member = engine.join("g", [SOURCE])
    member.assignment()
    shutil.rmtree(beside(folder / "bus.db", "members"))
    other = engine.join("g", [SOURCE])
    assert (len(member.assignment()), len(other.assignment()), engine.claim("c").epoch) == (1, 0, 1)
