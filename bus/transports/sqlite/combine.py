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
    """``exclusive`` gives the lock, ``write`` settles a group of tickets, ``ring`` tells the readers."""

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
        self._queue: list[Ticket] = []
        self._settled: deque[Ticket] = deque()
        self._is_led = False

    def submit(self, ticket: Ticket) -> None:
        """Return when the ticket is done. Raises what became of it if it was not written."""
        with self._mutex:
            self._queue.append(ticket)
            if self._is_led:
                ticket.gate = Lock()
                ticket.gate.acquire()
            self._is_led = True
        if ticket.gate is not None:
            self._wait(ticket)
        if not ticket.is_done:
            self._lead(ticket)
        if ticket.error is not None:
            raise ticket.error

    def _wait(self, ticket: Ticket) -> None:
        gate = ticket.gate
        try:
            assert gate is not None  # noqa: S101 - for the type checker: only who has one waits
            gate.acquire()
        except BaseException:
            self._abandon(ticket)
            raise
        finally:
            self._wake_next()

    def _abandon(self, ticket: Ticket) -> None:
        """An interrupted thread must neither leave its ticket behind nor keep the lead."""
        with self._mutex:
            if ticket in self._queue:
                self._queue.remove(ticket)
            leads, ticket.gate = ticket.leads, None
        if leads:
            self._hand_over()

    def _lead(self, ticket: Ticket) -> None:
        batch: list[Ticket] = []
        try:
            with self._exclusive() as connection:
                batch = self._take()
                self._write(connection, batch)
        except BaseException as error:
            self._fail(batch or [ticket], error)
            if not isinstance(error, LienthongError):
                raise
        finally:
            if not batch:
                self._withdraw(ticket)
            self._hand_over()
            self._release(batch, ticket)
        if any(done.error is None for done in batch):
            self._ring()

    def _take(self) -> list[Ticket]:
        with self._mutex:
            batch = self._queue[:MOST]
            del self._queue[:MOST]
        return batch

    def _withdraw(self, ticket: Ticket) -> None:
        with self._mutex:
            if ticket in self._queue:
                self._queue.remove(ticket)

    def _hand_over(self) -> None:
        with self._mutex:
            if not self._queue:
                self._is_led = False
                return
            heir = self._queue[0]
            heir.leads, gate = True, heir.gate
        if gate is not None:
            gate.release()

    def _release(self, batch: Sequence[Ticket], leader: Ticket) -> None:
        self._settled.extend(ticket for ticket in batch if ticket is not leader)
        self._wake_next()

    def _wake_next(self) -> None:
        """Wake one whose ticket is settled; who has gone meanwhile has no gate, and has called this itself."""
        gate = None
        with self._mutex:
            while gate is None and self._settled:
                gate = self._settled.popleft().gate
        if gate is not None:
            gate.release()

    def _fail(self, batch: Sequence[Ticket], error: BaseException) -> None:
        """Settle what was left open: who led knows the error itself, the others only that it happened."""
        for ticket in batch:
            if not ticket.is_done:
                ticket.is_done = True
                ticket.error = error if isinstance(error, LienthongError) else _unknown()


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown("the thread that wrote for others was interrupted; this commit may have been written")
