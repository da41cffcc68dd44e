"""Many threads, one flush: the first caller leads, takes what has queued while it waited, and hands over.

There is no writer thread: nothing to start, to stop or to lose in a fork, and a lone caller pays nothing.

Whose commit is done wakes the next whose is. If the leader woke them all, each would want the interpreter's lock
before the next leader had it again, and the disk would wait: with 64 threads that was a third of the rate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from sqlite3 import Connection
from threading import Lock

from bus.errors import LienthongError, OutcomeUnknown
from bus.transports.sqlite.prepare import Ticket

MOST = 1000


class Combiner:
    """``exclusive`` gives the lock, ``write`` settles a group of tickets, ``ring`` tells the readers.

    A thread may be interrupted anywhere. Then its last act, which may be repeated, leaves the others as they would
    be without it: who waited in the queue still does, and whoever was being written is written, or told.
    """

    def __init__(
        self,
        exclusive: Callable[[], AbstractContextManager[Connection]],
        write: Callable[[Connection, Sequence[Ticket]], None],
        ring: Callable[[], None],
    ) -> None:
        self._exclusive = exclusive
        self._write = write
        self._ring = ring
        self._mutex = Lock()
        self._queue: deque[Ticket] = deque()
        self._settled: deque[Ticket] = deque()
        self._leader: Ticket | None = None

    def submit(self, ticket: Ticket) -> None:
        """Return when the ticket is done. Raises what became of it if it was not written."""
        has_news = False
        try:
            gate = self._queued(ticket)
            if gate is not None:
                gate.acquire()
            if not ticket.is_done:
                has_news = self._lead(ticket)
        finally:
            try:
                self._pass_on(ticket)
            except BaseException:
                self._pass_on(ticket)
                raise
        if has_news:
            self._ring()
        if ticket.error is not None:
            raise ticket.error
        if not ticket.is_done:
            raise _unknown()

    def _queued(self, ticket: Ticket) -> Lock | None:
        """Stand in line; return what to wait at, unless nobody leads."""
        with self._mutex:
            self._queue.append(ticket)
            if self._leader is None:
                self._leader = ticket
                return None
            ticket.gate = Lock()
            ticket.gate.acquire()
            return ticket.gate

    def _lead(self, ticket: Ticket) -> bool:
        """Write all that stand in line, and say whether there is news."""
        try:
            with self._exclusive() as connection:
                self._write(connection, self._group(ticket))
        except LienthongError as error:
            ticket.error = error
        return None in [written.error for written in ticket.group]

    def _group(self, leader: Ticket) -> Sequence[Ticket]:
        with self._mutex:
            self._leader = leader
            leader.group = [self._queue[place] for place in range(min(MOST, len(self._queue)))]
            for _ in leader.group:
                self._queue.popleft()
        return leader.group

    def _pass_on(self, ticket: Ticket) -> None:
        """Settle what was led, let the next lead, and wake the next who is done."""
        with self._mutex:
            ticket.gate = None
            self._dismiss(ticket)
            if not ticket.is_done and ticket in self._queue:
                self._queue.remove(ticket)
            if self._leader is ticket:
                if self._queue:
                    _open(self._queue[0])
                self._leader = self._queue[0] if self._queue else None
            while self._settled and not _open(self._settled[0]):
                self._settled.popleft()

    def _dismiss(self, leader: Ticket) -> None:
        """Let the leader's group go; those that an interruption left unwritten stand in line again, in their order."""
        others = [ticket for ticket in leader.group if ticket is not leader]
        for ticket in others:
            if ticket.is_doubtful and not ticket.is_done:
                ticket.error, ticket.is_done = _unknown(), True
        self._settled.extend([ticket for ticket in others if ticket.is_done])
        again = [ticket for ticket in others if not ticket.is_done and ticket not in self._queue]
        self._queue.extendleft(reversed(again))
        leader.group = ()


def _open(ticket: Ticket) -> bool:
    """Open a gate once, and say whether it was to be opened."""
    if ticket.gate is None:
        return False
    if ticket.gate.locked():
        ticket.gate.release()
    ticket.gate = None
    return True


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown("the thread that wrote for others was interrupted; this commit may have been written")
