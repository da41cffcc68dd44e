"""A thread that is interrupted while it writes for others, wherever that may be: the others' commits succeed."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bus.errors import OutcomeUnknown
from bus.transport import Engine, TopicSpec
from bus.transports import open_engine
from tests.faults.making import PLACE, commit_of
from tests.faults.worker import SOURCE

ROOM = str(Path("bus/transports/sqlite/"))
OTHERS = 3


class Interrupter:
    """Raises KeyboardInterrupt once in this thread, at a chosen one of the moments at which Python itself would: where
    a function of the engine begins, and where one of C has ended.
    """

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event in ("call", "c_return") and ROOM in frame.f_code.co_filename:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Watch this thread."""
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)


@pytest.fixture(params=["disk", "memory"])
def engine(request: pytest.FixtureRequest, url: str) -> Iterator[Engine]:
    """Return a log with one partition."""
    with closing(open_engine(url if request.param == "disk" else "sqlite://")) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        yield engine


@pytest.fixture
def neighbour(engine: Engine, folder: Path, url: str) -> Iterator[Engine]:
    """Return the log as another process has it: with locks of its own."""
    with closing(open_engine(url)) if (folder / "bus.db").exists() else nullcontext(engine) as neighbour:
        yield neighbour


@pytest.mark.parametrize("who", [0, 1, 2])
def test_whoever_is_interrupted_anywhere_harms_no_other(engine: Engine, neighbour: Engine, who: int) -> None:
    at, crowd = 0, Crowd(engine, who)
    while crowd.was_interrupted:
        at += 1
        before = end(engine)
        crowd.commit(at)
        assert len(crowd.places) == len(set(crowd.places)) == OTHERS, f"{crowd.unknown} after interruption {at}"
        assert before + OTHERS <= end(engine) <= before + OTHERS + 1
        assert neighbour.log.commit(commit_of(0))[0].offset == end(engine) - 1
    assert at > 5
    assert len(engine.log.read(PLACE, 0, 1_000_000)) == end(engine)


class Crowd:
    """Threads that commit at once: one leads, the others follow, and one of all is interrupted."""

    def __init__(self, engine: Engine, who: int) -> None:
        self._engine = engine
        self._who = who
        self._combiner = engine.log._combiner  # type: ignore[attr-defined]
        self.was_interrupted = True
        self.places: list[int] = []
        self.unknown: list[OutcomeUnknown] = []

    def commit(self, at: int) -> None:
        """Let all commit, and interrupt one at the given moment."""
        self.places.clear()
        jobs = [partial(self._commit, None) for _ in range(OTHERS)]
        interrupter = Interrupter(at)
        jobs.insert(self._who, partial(self._commit, interrupter))
        self._threads = [threading.Thread(target=job) for job in jobs]
        exclusive, self._combiner._exclusive = self._combiner._exclusive, self._when_all_stand_in_line
        self._exclusive = exclusive
        self._threads[0].start()
        for thread in self._threads:
            while thread.ident is None and self._threads[0].is_alive():
                time.sleep(0)
            self._begin(thread)
            thread.join(20)
            assert not thread.is_alive(), f"a thread hangs after interruption {at}"
        self._combiner._exclusive = exclusive
        self.was_interrupted = interrupter.left <= 0

    def _commit(self, interrupter: Interrupter | None) -> None:
        try:
            with interrupter.at_work() if interrupter else nullcontext():
                place = self._engine.log.commit(commit_of(1))[0].offset
            if interrupter is None:
                self.places.append(place)
        except KeyboardInterrupt:
            pass
        except OutcomeUnknown as error:
            self.unknown.append(error)

    @contextmanager
    def _when_all_stand_in_line(self) -> Iterator[Any]:
        self._combiner._exclusive = self._exclusive
        for thread in self._threads:
            self._begin(thread)
        while len(self._combiner._queue) < sum(thread.is_alive() for thread in self._threads):
            time.sleep(0)
        with self._exclusive() as connection:
            yield connection

    def _begin(self, thread: threading.Thread) -> None:
        if thread.ident is None:
            thread.start()


def end(engine: Engine) -> int:
    """Return the next offset."""
    return engine.log.ends(SOURCE)[PLACE].end
