"""Combining: who leads for others settles each ticket by itself, whatever happens to its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Connection, connect

import pytest

from bus.errors import Duplicate, LienthongError, OutcomeUnknown, TransportUnavailable
from bus.transport import Commit, Engine, Moved
from bus.transports import open_engine
from bus.transports.sqlite.combine import MOST, Combiner
from bus.transports.sqlite.prepare import Ticket
from tests.contracts.making import DOSSIERS, FIRST, a_record, a_topic, publish


class Desk:
    """A lock that opens when a test says so, and a clerk who settles tickets as a test wants."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.groups: list[int] = []
        self.failure: BaseException | None = None
        self.leaves_doubt = False
        self.combiner = Combiner(self.exclusive, self.write, lambda: None)

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """Wait for the test."""
        self.opened.wait(30)
        yield connect(":memory:")

    def write(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Settle all, or fail."""
        connection.close()
        self.groups.append(len(tickets))
        if self.failure is not None:
            failure, self.failure = self.failure, None
            for ticket in tickets:
                ticket.is_doubtful = self.leaves_doubt
            raise failure
        for ticket in tickets:
            ticket.is_done = True

    def submit(self, outcomes: list[object]) -> None:
        """Submit a ticket and note what became of it."""
        try:
            self.combiner.submit(Ticket([], Commit(), []))
            outcomes.append("done")
        except (TransportUnavailable, Duplicate, OutcomeUnknown, RuntimeError) as error:
            outcomes.append(type(error).__name__)


class InterruptingDesk(Desk):
    """Interrupts the main thread, which waits in the middle, while the group is being written."""

    def write(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Settle all once the main thread has gone."""
        if len(tickets) == 7:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            while tickets[3].gate is not None:
                pass
        super().write(connection, tickets)


def queue(desk: Desk, number: int) -> tuple[list[threading.Thread], list[object]]:
    """Let threads queue up behind a closed lock."""
    outcomes: list[object] = []
    threads = [threading.Thread(target=desk.submit, args=(outcomes,)) for _ in range(number)]
    for thread in threads:
        thread.start()
    wait_for(desk, number)
    return threads, outcomes


def wait_for(desk: Desk, number: int) -> None:
    """Wait until so many are in the queue."""
    while len(desk.combiner._queue) < number:
        pass


def finish(desk: Desk, threads: Sequence[threading.Thread]) -> None:
    """Open the lock and wait for all."""
    desk.opened.set()
    for thread in threads:
        thread.join(30)


def test_what_queues_while_the_lock_is_awaited_is_written_at_once() -> None:
    desk = Desk()
    threads, outcomes = queue(desk, 20)
    finish(desk, threads)
    assert (outcomes, desk.groups) == (["done"] * 20, [20])


def test_a_leader_that_fails_fails_alone_and_the_queue_goes_on() -> None:
    desk = Desk()
    desk.failure = TransportUnavailable("busy")
    threads, outcomes = queue(desk, 5)
    finish(desk, threads)
    desk.submit(outcomes)
    assert sorted(map(str, outcomes)) == ["TransportUnavailable", *["done"] * 5]


def test_what_an_interrupted_leader_had_not_written_is_written_by_the_next() -> None:
    desk = Desk()
    desk.failure = RuntimeError("interrupted")
    threads, outcomes = queue(desk, 4)
    finish(desk, threads)
    desk.submit(outcomes)
    assert sorted(map(str, outcomes)) == ["RuntimeError", *["done"] * 4]
    assert desk.groups == [4, 3, 1]


def test_what_an_interrupted_leader_may_have_written_is_told_to_be_unknown() -> None:
    desk = Desk()
    desk.failure, desk.leaves_doubt = RuntimeError("interrupted"), True
    threads, outcomes = queue(desk, 4)
    finish(desk, threads)
    desk.submit(outcomes)
    assert sorted(map(str, outcomes)) == [*["OutcomeUnknown"] * 3, "RuntimeError", "done"]


def test_a_group_has_its_limit_and_the_rest_has_a_leader_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bus.transports.sqlite.combine.MOST", 3)
    desk = Desk()
    threads, outcomes = queue(desk, 8)
    finish(desk, threads)
    assert (outcomes, desk.groups) == (["done"] * 8, [3, 3, 2])
    assert MOST == 1000


def test_who_was_interrupted_while_waiting_does_not_leave_those_behind_asleep() -> None:
    desk = InterruptingDesk()
    threads, outcomes = queue(desk, 3)

    def queue_behind_the_main_thread() -> None:
        wait_for(desk, 4)
        behind = [threading.Thread(target=desk.submit, args=(outcomes,)) for _ in range(3)]
        threads.extend(behind)
        for thread in behind:
            thread.start()
        wait_for(desk, 7)
        desk.opened.set()

    threading.Thread(target=queue_behind_the_main_thread).start()
    with pytest.raises(KeyboardInterrupt):
        desk.combiner.submit(Ticket([], Commit(), []))
    finish(desk, threads)
    assert (outcomes, desk.groups) == (["done"] * 6, [7])


def test_a_commit_that_no_caller_should_bring_fails_alone() -> None:
    with closing(open_engine("sqlite://")) as engine:
        a_topic(engine)
        held = engine.join("g", [DOSSIERS]).assignment()[FIRST]
        good = [Commit(appends=[a_record(partition=part)]) for part in (0, 1, 0, 2)]
        bad = Commit(appends=[a_record()], offsets=[Moved(group="g", partition=FIRST, next="x", epoch=held.epoch)])  # type: ignore[arg-type]
        outcomes = together(engine, [*good[:2], bad, *good[2:]])
        assert sorted(map(str, outcomes)) == ["TypeError", *["written"] * 4]
        assert [span.end for span in engine.log.ends(DOSSIERS).values()] == [2, 1, 1, 0]


def test_damage_in_one_partition_fails_the_commits_to_it_alone(ram_disk: Path) -> None:
    with closing(open_engine(f"sqlite:///{ram_disk}/bus.db")) as engine:
        a_topic(engine)
        publish(engine, b"1", b"2")
        with closing(connect(ram_disk / "bus.db")) as other, other:
            other.execute("UPDATE part SET next=1 WHERE id=1")
        outcomes = together(engine, [Commit(appends=[a_record(partition=part)]) for part in (1, 0, 2, 3)])
        assert sorted(map(str, outcomes)) == ["DamagedStore", *["written"] * 3]


def together(engine: Engine, commits: Sequence[Commit]) -> list[str]:
    """Commit all in one group, each from a thread of its own, and return what became of them."""
    outcomes: list[str] = []

    def commit(one: Commit) -> None:
        try:
            engine.log.commit(one)
            outcomes.append("written")
        except (LienthongError, TypeError) as error:
            outcomes.append(type(error).__name__)

    combiner = engine.log._combiner  # type: ignore[attr-defined]
    threads = [threading.Thread(target=commit, args=(one,)) for one in commits]
    with engine.log._store.exclusive():  # type: ignore[attr-defined]
        for thread in threads:
            thread.start()
        while len(combiner._queue) < len(commits):
            pass
    for thread in threads:
        thread.join(30)
    return outcomes
