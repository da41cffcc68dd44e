"""No room to write: nothing acknowledged is lost, readers go on, and so do writers when there is room again."""

from __future__ import annotations

import os
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


def _fill(engine: Engine) -> None:
    while True:
        engine.log.commit(Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=b"x" * 50_000)]))
