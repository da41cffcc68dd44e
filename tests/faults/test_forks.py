"""A connection never crosses a fork, and neither does a file that was open at it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing

import pytest

from bus.errors import LienthongError
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from tests.faults.conftest import Worker
from tests.faults.worker import SOURCE

PUBLISH = Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=b"v")])


def refused(action: Callable[[], object]) -> bool:
    """Say whether the engine refuses something in this process."""
    try:
        action()
    except LienthongError:
        return True
    return False


def in_a_child(action: Callable[[], bool]) -> bool:
    """Return what ``action`` says in a forked child, which then ends as programs do."""
    child = os.fork()
    if not child:
        os._exit(0 if action() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def with_a_topic(url: str) -> Engine:
    """Open a log that has the topic."""
    engine = open_engine(url)
    engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
    return engine


@pytest.fixture(params=["disk", "memory"])
def engine(request: pytest.FixtureRequest, url: str) -> Engine:
    """Return an engine on disk, and one in memory: a child's copy of it would be lost with the child."""
    return with_a_topic(url if request.param == "disk" else "sqlite://")


@pytest.mark.parametrize("do", ["commit", "read", "wait", "join", "claim", "clean"])
def test_a_child_is_refused_its_parents_engine_and_the_parent_goes_on(engine: Engine, do: str) -> None:
    actions: dict[str, Callable[[], object]] = {
        "commit": lambda: engine.log.commit(PUBLISH),
        "read": lambda: engine.log.ends(SOURCE),
        "wait": lambda: engine.log.wait(0, 1),
        "join": lambda: engine.join("g", [SOURCE]),
        "claim": lambda: engine.claim("c"),
        "clean": lambda: engine.admin.clean(),
    }
    with closing(engine):
        assert in_a_child(lambda: refused(actions[do]))
        assert engine.log.commit(PUBLISH)[0].offset == 0


def test_a_child_forked_in_the_midst_of_another_threads_commit_is_refused_and_does_not_hang(engine: Engine) -> None:
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with engine.log._combiner._exclusive():  # type: ignore[attr-defined]
            inside.set()
            done.wait(30)

    with closing(engine):
        holder = threading.Thread(target=hold)
        holder.start()
        inside.wait(30)
        writer = threading.Thread(target=engine.log.commit, args=(PUBLISH,))
        writer.start()
        answer = in_a_child(lambda: refused(lambda: engine.log.commit(PUBLISH)))
        done.set()
        holder.join()
        writer.join()
        assert answer


def test_a_child_may_not_open_the_file_again_but_another_one(url: str) -> None:
    with closing(with_a_topic(url)):
        assert in_a_child(lambda: refused(lambda: open_engine(url)))
        assert in_a_child(lambda: refused(lambda: open_engine(url)) and not refused(lambda: open_engine(f"{url}2")))


def test_a_file_that_the_parent_has_closed_is_open_to_the_child(url: str) -> None:
    closed = with_a_topic(url)
    closed.close()
    assert in_a_child(lambda: not refused(lambda: open_engine(url).log.commit(PUBLISH)))
    with closing(open_engine(url)) as engine:
        assert engine.log.commit(PUBLISH)[0].offset == 1


def test_children_that_end_as_programs_do_leave_their_parents_log_alone(url: str, start: Callable[..., Worker]) -> None:
    with closing(with_a_topic(url)) as engine:
        parent = start("fork", url, "20")
        written = parent.hear("written")
        assert len(engine.log.read(TopicPartition(SOURCE, 0), 0, written + 1)) == written
        assert {finding.level for finding in engine.admin.check()} == {"ok"}
