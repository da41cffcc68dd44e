"""Files that were changed or cut: what is damaged is named by its place, and nothing is left out in silence."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest

from bus.errors import CorruptRecord, DamagedStore, LienthongError, MissingRecords, StoreVersion, VerificationError
from bus.records import NewRecord, Record, TopicPartition
from bus.transport import Commit, Engine, Seen, TopicSpec
from bus.transports import accept_loss, open_engine
from tests.faults.conftest import Worker
from tests.faults.making import PLACE, commit_of, count_records, faults_in, flip, publish
from tests.faults.worker import COPIES, SOURCE

PAGE = 4096
Start = Callable[..., Worker]


def test_any_bit_flipped_in_the_write_ahead_log_is_named_with_the_number_of_commits(
    folder: Path, url: str, start: Start, rounds: int
) -> None:
    publish(url, 0)
    worker = start("publish", url, "100")
    worker.hear("written")
    worker.kill()
    whole = {name: (folder / name).read_bytes() for name in ("bus.db", "bus.db-wal", "bus.db-mark")}
    for _ in range(rounds * 20):
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        (folder / "bus.db-shm").unlink(missing_ok=True)
        flip(folder / "bus.db-wal", random.randrange(len(whole["bus.db-wal"])), random.randrange(8))
        found = found_or_missing(url)
        assert (sum(found), accept_loss(url), count_records(url)) == (100, found[1], found[0])


def found_or_missing(url: str) -> tuple[int, int]:
    """Return how many records are there, and how many commits are said to be missing."""
    try:
        return count_records(url), 0
    except MissingRecords as error:
        missing = int(str(error).split(": ")[1].split()[0])
        return 100 - missing, missing


def test_no_bit_flipped_in_the_file_changes_or_hides_a_record_in_silence(folder: Path, url: str, rounds: int) -> None:
    a_busy_log(url)
    file, whole = folder / "bus.db", (folder / "bus.db").read_bytes()
    with closing(open_engine(url)) as engine:
        written = {partition: content(engine, partition) for partition in PARTITIONS}
    for _ in range(rounds * 60):
        file.write_bytes(whole)
        flip(file, random.randrange(len(whole)), random.randrange(8))
        try:
            with closing(open_engine(url)) as engine:
                use_everything(engine)
                for partition in PARTITIONS:
                    found = content(engine, partition)
                    assert found == written[partition][: len(found)]
                    assert len(found) == len(written[partition]) or is_named(engine, partition, found)
        except LienthongError:
            continue


Content: TypeAlias = list[tuple[int, bytes | None, bytes | None, object]]
PARTITIONS = [TopicPartition(SOURCE, 0), TopicPartition(SOURCE, 1), TopicPartition(COPIES, 0)]


def a_busy_log(url: str) -> None:
    """Make a log of two topics, one of them compacted, with an inbox, a group and a cursor."""
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=2))
        engine.admin.create_topic(TopicSpec(name=COPIES, partitions=1, compacted=True))
        for number in range(150):
            appends = [
                NewRecord(topic=partition.topic, key=b"%d" % (number % 7), value=b"v%d" % number * 20,
                          headers=(("n", b"%d" % number),), partition=partition.partition)
                for partition in PARTITIONS
            ]  # fmt: skip
            engine.log.commit(Commit(appends=appends, seen=[Seen(scope="s", id=b"%016d" % number)]))
        engine.admin.clean()
        engine.join("g", [SOURCE]).assignment()
        engine.claim("c")


def content(engine: Engine, partition: TopicPartition) -> Content:
    """Read a partition from its beginning as far as it can be read."""
    found: list[Record] = []
    start = engine.log.ends(partition.topic)[partition].first
    try:
        while page := engine.log.read(partition, start, 7):
            found += page
            start = page[-1].offset + 1
    except LienthongError:
        pass
    return [(record.offset, record.key, record.value, record.headers) for record in found]


def is_named(engine: Engine, partition: TopicPartition, found: Content) -> bool:
    """Say whether reading on from where it ended is an error."""
    start = found[-1][0] + 1 if found else engine.log.ends(partition.topic)[partition].first
    with pytest.raises(LienthongError):
        engine.log.read(partition, start, 7)
    return True


def use_everything(engine: Engine) -> None:
    """Use every face: whatever is damaged, no error of a library comes out."""
    for use in (
        lambda: engine.admin.topics(), lambda: engine.admin.groups(), lambda: engine.admin.cursors(),
        lambda: engine.admin.check(), lambda: engine.join("g", [SOURCE]).assignment(), lambda: engine.claim("c"),
        lambda: engine.log.seen("s", [b"%016d" % 9]), lambda: engine.log.offset_at(PARTITIONS[0], 5),
        lambda: engine.log.wait(0, 0), lambda: engine.log.ends(SOURCE),
    ):  # fmt: skip
        try:
            use()
        except LienthongError:
            continue


def test_a_bit_flipped_in_a_record_is_named_by_its_place_and_those_around_it_pass(folder: Path, url: str) -> None:
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


def test_a_damaged_record_whose_loss_is_accepted_becomes_a_hole(folder: Path, url: str) -> None:
    publish(url, 10)
    flip(folder / "bus.db", (folder / "bus.db").read_bytes().index(b"secret 000004"))
    assert accept_loss(url) == 0
    with closing(open_engine(url)) as engine:
        offsets = [record.offset for record in engine.log.read(PLACE, 0, 20)]
        assert engine.log.commit(commit_of(10))[0].offset == 10
        assert ([record.offset for record in engine.log.read(PLACE, 4, 2)], faults_in(engine)) == ([5, 6], [])
    assert offsets == [0, 1, 2, 3, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("lost", ["off<3", "off>=7", "off IN (2,4,5,9)", "off>=0", "off=5"])
def test_rows_that_are_gone_are_missed_by_readers_until_their_loss_is_accepted(
    folder: Path, url: str, lost: str
) -> None:
    publish(url, 10)
    delete_rows(folder / "bus.db", lost)
    with pytest.raises(MissingRecords):
        read_to_the_end(url)
    assert accept_loss(url) == 0
    with closing(open_engine(url)) as engine:
        kept = [record.offset for record in engine.log.read(PLACE, 0, 20)]
        assert (engine.log.commit(commit_of(10))[0].offset, faults_in(engine)) == (10, [])
        assert [record.offset for record in engine.log.read(PLACE, 0, 20)] == [*kept, 10]


def read_to_the_end(url: str) -> None:
    """Read all that can be read."""
    with closing(open_engine(url)) as engine:
        start = 0
        while page := engine.log.read(PLACE, start, 3):
            start = page[-1].offset + 1


def delete_rows(file: Path, which: str) -> None:
    """Delete rows behind the engine's back."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"DELETE FROM log_1 WHERE {which}")


def test_a_damaged_page_is_a_fault_of_the_check_up(folder: Path, url: str) -> None:
    publish(url, 500)
    content = bytearray((folder / "bus.db").read_bytes())
    page = content.index(b"secret 000250") // PAGE * PAGE
    content[page : page + 64] = b"\xa5" * 64
    (folder / "bus.db").write_bytes(content)
    with closing(open_engine(url)) as engine:
        assert {"pages", "records"} <= set(faults_in(engine))
        with pytest.raises(DamagedStore):
            engine.log.read(PLACE, 0, 1000)


@pytest.mark.parametrize("cut", [1, 100, 2000, PAGE, 5 * PAGE, 20 * PAGE])
def test_a_file_cut_short_is_damaged_or_told_to_lack_records(folder: Path, url: str, cut: int) -> None:
    publish(url, 500, 100)
    with (folder / "bus.db").open("r+b") as file:
        file.truncate((folder / "bus.db").stat().st_size - cut)
    with pytest.raises(VerificationError):
        read_to_the_end(url)


@pytest.mark.parametrize("cut", [0, 4, 27])
def test_a_damaged_mark_is_not_believed_until_a_person_says_so(folder: Path, url: str, cut: int) -> None:
    publish(url, 3)
    mark = folder / "bus.db-mark"
    mark.write_bytes(b"\x01" + mark.read_bytes()[1:cut] if cut else b"\xff" * 28)
    with pytest.raises(DamagedStore, match="high-water mark"):
        open_engine(url)
    assert (accept_loss(url), count_records(url)) == (0, 3)


def test_a_loss_once_accepted_opens_again_and_writes_on(folder: Path, url: str) -> None:
    publish(url, 3)
    (folder / "bus.db").unlink()
    assert (accept_loss(url), accept_loss(url)) == (4, 0)
    publish(url, 2)
    assert count_records(url) == 2


def test_a_claim_from_before_an_accepted_loss_is_worth_nothing(folder: Path, url: str) -> None:
    with closing(open_engine(url)) as engine:
        before = engine.claim("writer").epoch
    shutil.copy(folder / "bus.db", folder / "older.db")
    publish(url, 5)
    shutil.copy(folder / "older.db", folder / "bus.db")
    accept_loss(url)
    with closing(open_engine(url)) as engine:
        assert engine.claim("writer").epoch > before + 5


@pytest.mark.parametrize(("place", "value", "message"), [(63, 9, "newer"), (63, 0, "older"), (68, 1, "not a log")])
def test_a_file_of_another_version_or_program_is_refused(
    folder: Path, url: str, place: int, value: int, message: str
) -> None:
    publish(url, 1)
    stored = bytearray((folder / "bus.db").read_bytes())
    stored[place] = value  # in SQLite's header: user_version and application_id
    (folder / "bus.db").write_bytes(stored)
    with pytest.raises(StoreVersion) as refused:
        open_engine(url)
    assert message in f"{refused.value} {refused.value.hint}"
    assert (folder / "bus.db").read_bytes() == stored


def test_a_file_that_is_no_database_is_refused(folder: Path, url: str) -> None:
    (folder / "bus.db").write_bytes(b"not a database at all" * 500)
    with pytest.raises(StoreVersion, match="not a database"):
        open_engine(url)
