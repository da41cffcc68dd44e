"""Files that were lost, replaced, cut or changed: a clear error that names what is missing, never silence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bus.errors import CorruptRecord, DamagedStore, MissingRecords, StoreVersion
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, TopicSpec
from bus.transports import accept_loss, open_engine
from tests.faults.conftest import Worker
from tests.faults.worker import SOURCE

PLACE = TopicPartition(SOURCE, 0)
PAGE = 4096
Start = Callable[..., Worker]


def publish(url: str, number: int) -> None:
    """Publish some numbered records and close the log."""
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        for value in range(number):
            new = NewRecord(topic=SOURCE, key=b"k", value=b"secret %06d" % value)
            engine.log.commit(Commit(appends=[new]))


def flip(file: Path, position: int) -> None:
    """Change one bit."""
    content = bytearray(file.read_bytes())
    content[position] ^= 4
    file.write_bytes(content)


@pytest.fixture
def killed(folder: Path, url: str, start: Start) -> Path:
    """Return a log whose 300 newest commits stand in the write-ahead log only, after a kill."""
    publish(url, 0)
    worker = start("publish", url, "300")
    worker.hear("written")
    worker.kill()
    return folder / "bus.db"


def test_a_kill_alone_loses_nothing(killed: Path, url: str) -> None:
    with closing(open_engine(url)) as engine:
        assert len(engine.log.read(PLACE, 0, 1000)) == 300


def test_a_lost_write_ahead_log_is_named_with_the_number_of_commits(killed: Path, url: str) -> None:
    killed.with_name("bus.db-wal").unlink()
    with pytest.raises(MissingRecords, match="300 acknowledged commits are missing"):
        open_engine(url)


def test_a_bit_flipped_in_the_write_ahead_log_is_named_with_the_number_of_commits(killed: Path, url: str) -> None:
    wal = killed.with_name("bus.db-wal")
    flip(wal, wal.stat().st_size // 2)
    with pytest.raises(MissingRecords) as error:
        open_engine(url)
    missing = int(str(error.value).split(": ")[1].split()[0])
    assert accept_loss(url) == missing
    with closing(open_engine(url)) as engine:
        assert len(engine.log.read(PLACE, 0, 1000)) == 300 - missing


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


def test_a_loss_once_accepted_opens_again_and_writes_on(folder: Path, url: str) -> None:
    publish(url, 3)
    (folder / "bus.db").unlink()
    assert (accept_loss(url), accept_loss(url)) == (4, 0)
    publish(url, 2)
    with closing(open_engine(url)) as engine:
        assert len(engine.log.read(PLACE, 0, 10)) == 2


def test_a_claim_from_before_an_accepted_loss_is_worth_nothing(folder: Path, url: str) -> None:
    with closing(open_engine(url)) as engine:
        before = engine.claim("writer").epoch
    shutil.copy(folder / "bus.db", folder / "older.db")
    publish(url, 5)
    shutil.copy(folder / "older.db", folder / "bus.db")
    accept_loss(url)
    with closing(open_engine(url)) as engine:
        assert engine.claim("writer").epoch > before + 5


def test_a_file_replaced_while_open_takes_no_more_writes(folder: Path, url: str) -> None:
    publish(url, 3)
    shutil.copy(folder / "bus.db", folder / "older.db")
    engine = open_engine(url)
    (folder / "older.db").replace(folder / "bus.db")
    with pytest.raises(DamagedStore, match="replaced"):
        engine.log.commit(Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=b"v")]))
    engine.close()
    with closing(open_engine(url)) as engine:
        assert len(engine.log.read(PLACE, 0, 10)) == 3


def test_a_bit_flipped_in_a_record_is_named_by_its_place_and_good_ones_before_it_pass(folder: Path, url: str) -> None:
    publish(url, 10)
    flip(folder / "bus.db", (folder / "bus.db").read_bytes().index(b"secret 000004"))
    with closing(open_engine(url)) as engine:
        assert [record.offset for record in engine.log.read(PLACE, 0, 10)] == [0, 1, 2, 3]
        with pytest.raises(CorruptRecord, match=r"dossier\.events/0/4 "):
            engine.log.read(PLACE, 4, 10)
        assert len(engine.log.read(PLACE, 5, 10)) == 5
        faults = [finding for finding in engine.admin.check() if finding.level == "fault"]
    assert [(fault.name, "dossier.events/0/4 " in fault.detail) for fault in faults] == [("records", True)]
    assert "secret" not in faults[0].detail


def test_a_damaged_page_is_a_fault_of_the_check_up(folder: Path, url: str) -> None:
    publish(url, 500)
    content = bytearray((folder / "bus.db").read_bytes())
    page = content.index(b"secret 000250") // PAGE * PAGE
    content[page : page + 64] = b"\xa5" * 64
    (folder / "bus.db").write_bytes(content)
    with closing(open_engine(url)) as engine:
        faults = {finding.name for finding in engine.admin.check() if finding.level == "fault"}
        with pytest.raises(DamagedStore):
            engine.log.read(PLACE, 0, 1000)
    assert {"pages", "records"} <= faults


def test_a_file_cut_short_is_damaged(folder: Path, url: str) -> None:
    publish(url, 500)
    with (folder / "bus.db").open("r+b") as file:
        file.truncate(5 * PAGE)
    with pytest.raises(DamagedStore), closing(open_engine(url)) as engine:
        engine.log.read(PLACE, 0, 1000)


def test_a_damaged_mark_is_not_believed(folder: Path, url: str) -> None:
    publish(url, 3)
    flip(folder / "bus.db-mark", 0)
    with pytest.raises(DamagedStore, match="high-water mark"):
        open_engine(url)


@pytest.mark.parametrize(("content", "message"), [(b"not a database at all" * 500, "not a database"), (None, "layout")])
def test_a_file_that_is_not_ours_or_of_another_version_is_refused(
    folder: Path, url: str, content: bytes | None, message: str
) -> None:
    file = folder / "bus.db"
    if content is None:
        publish(url, 0)
        stored = bytearray(file.read_bytes())
        stored[63] = 9  # user_version, in SQLite's header
        file.write_bytes(stored)
    else:
        file.write_bytes(content)
    with pytest.raises(StoreVersion, match=message):
        open_engine(url)
