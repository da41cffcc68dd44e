"""A log that many open at once, or whose making is cut off: one whole log comes of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bus.transport import TopicSpec
from bus.transports import open_engine
from tests.faults.conftest import Worker
from tests.faults.making import commit_of, count_records, publish
from tests.faults.worker import SOURCE

Start = Callable[..., Worker]


def test_processes_that_all_open_a_new_log_at_once_share_it(url: str, start: Start) -> None:
    workers = [start("make", url, "5") for _ in range(5)]
    assert [worker.hear("written") for worker in workers] == [5] * 5
    assert count_records(url) == 25


def test_processes_that_open_and_close_all_the_time_lose_nothing(url: str, start: Start) -> None:
    publish(url, 0)
    workers = [start("reopen", url, "25") for _ in range(3)]
    assert [worker.hear("written") for worker in workers] == [25] * 3
    assert count_records(url) == 75


def test_a_making_that_is_killed_at_a_random_point_is_begun_again(folder: Path, start: Start, rounds: int) -> None:
    for number in range(rounds * 3):
        url = f"sqlite:///{folder}/{number}.db"
        worker = start("make", url, "1000")
        worker.hear("begins")
        time.sleep(random.uniform(0, 0.02))
        worker.kill()
        with closing(open_engine(url)) as engine:
            engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
            engine.log.commit(commit_of(0))
            assert {finding.level for finding in engine.admin.check()} == {"ok"}
