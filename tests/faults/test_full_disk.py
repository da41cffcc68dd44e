"""No room to write: nothing acknowledged is lost, readers go on, and so do writers when there is room again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.errors import StorageFull
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from tests.contracts.groups import settle
from tests.faults.conftest import Worker
from tests.faults.worker import SOURCE

PLACE = TopicPartition(SOURCE, 0)


@pytest.fixture
def tiny_disk(folder: Path) -> Iterator[Path]:
    """Return a disk of 1 MiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of a fixed size can be made by root on Linux only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_files_that_may_not_grow_stop_writers_only(url: str, start: Callable[..., Worker]) -> None:
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
    worker = start("fill", url, "2000000")
    worker.hear("full")
    readable, written, after = worker.hear("readable"), worker.hear("written"), worker.hear("after")
    assert (readable, after) == (written, written + 1)
    with closing(open_engine(url)) as engine:
        values = [int(record.value or b"") for record in engine.log.read(PLACE, 0, 100_000)]
        assert values == list(range(after))
        assert {finding.level for finding in engine.admin.check()} == {"ok"}


def test_a_full_disk_is_told_with_its_free_bytes_and_loses_nothing(tiny_disk: Path) -> None:
    engine = open_engine(f"sqlite:///{tiny_disk}/bus.db")
    engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
    with pytest.raises(StorageFull, match="bytes are free"):
        _fill(engine)
    written = engine.log.ends(SOURCE)[PLACE].end
    assert len(engine.log.read(PLACE, 0, 1000)) == written > 0
    engine.close()
    with closing(open_engine(f"sqlite:///{tiny_disk}/bus.db")) as engine:
        assert len(engine.log.read(PLACE, 0, 1000)) == written


def test_on_a_full_disk_who_leaves_is_gone_at_once_and_who_comes_is_told(tiny_disk: Path) -> None:
    url = f"sqlite:///{tiny_disk}/bus.db"
    with closing(open_engine(url)) as engine, closing(open_engine(url)) as other:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        member, claim = engine.join("g", [SOURCE]), engine.claim("c")
        member.assignment()
        _fill_up(engine, tiny_disk)
        for act in (member.leave, claim.release, lambda: other.join("h", [SOURCE]), lambda: other.claim("d")):
            with pytest.raises(StorageFull, match="bytes are free"):
                act()
        (tiny_disk / "ballast").unlink()
        settle([other.join("g", [SOURCE])], [1])
        assert other.claim("c").epoch == 2


def test_a_full_disk_is_told_to_who_opens_a_new_log(tiny_disk: Path) -> None:
    (tiny_disk / "ballast").write_bytes(b"x" * (1 << 20))
    with pytest.raises(StorageFull, match="bytes are free"):
        open_engine(f"sqlite:///{tiny_disk}/bus.db")
    (tiny_disk / "ballast").unlink()
    open_engine(f"sqlite:///{tiny_disk}/bus.db").close()


@pytest.mark.parametrize(("failing", "said"), [("1", "refused"), ("2", "unknown")])
def test_a_commit_whose_flush_failed_is_not_there_after_a_crash(
    url: str, folder: Path, start: Callable[..., Worker], failing: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_PRELOAD", str(_shim(folder)))
    monkeypatch.setenv("LIENTHONG_TEST_NOSYNC", str(folder / "fail"))
    worker = start("flush", url, failing)
    assert worker.hear(said) == 1
    monkeypatch.undo()
    worker.kill()
    with closing(open_engine(url)) as engine:
        assert [int(record.value or b"") for record in engine.log.read(PLACE, 0, 10)] == [0]


def _shim(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("failing flushes need a C compiler and Linux")
    library = folder / "nosync.so"
    source = Path(__file__).with_name("nosync.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def _fill(engine: Engine, size: int = 50_000) -> None:
    while True:
        engine.log.commit(Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=b"x" * size)]))


def _fill_up(engine: Engine, disk: Path) -> None:
    """Fill the disk around some ballast, until not even a small commit finds room."""
    (disk / "ballast").write_bytes(b"x" * (1 << 18))
    for size in (50_000, 1):
        with pytest.raises(StorageFull):
            _fill(engine, size)
