"""Combining: who leads for others settles each ticket by itself, whatever happens to its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from sqlite3 import Connection, connect

import pytest

from bus.errors import Duplicate, OutcomeUnknown, TransportUnavailable
from bus.transport import Commit
from bus.transports.sqlite.combine import MOST, Combiner
from bus.transports.sqlite.prepare import Ticket


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
