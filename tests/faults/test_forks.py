"""A connection never crosses a fork."""

from __future__ import annotations

import os
from contextlib import closing

from bus.errors import LienthongError
from bus.records import NewRecord
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from tests.faults.worker import SOURCE


def refused(engine: Engine) -> bool:
    """Say whether the engine refuses to work in this process."""
    try:
        engine.log.commit(Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=b"child")]))
    except LienthongError:
        return True
    return False


def test_a_child_is_refused_its_parents_engine_and_the_parent_goes_on(url: str) -> None:
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        child = os.fork()
        if not child:
            os._exit(0 if refused(engine) else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        places = engine.log.commit(Commit(appends=[NewRecord(topic=SOURCE, key=b"k", value=b"parent")]))
    assert (status, places[0].offset) == (0, 0)


def test_a_child_may_open_an_engine_of_its_own(url: str) -> None:
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        child = os.fork()
        if not child:
            with closing(open_engine(url)) as own:
                os._exit(1 if refused(own) else 0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end = next(iter(engine.log.ends(SOURCE).values())).end
    assert (status, end) == (0, 1)
