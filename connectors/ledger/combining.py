"""Many threads, one flush: who is first in line leads, and writes with its own change those that wait behind it.

There is no writer thread: nothing to start or to stop, and a lone caller pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Condition
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from bus.errors import LienthongError

T = TypeVar("T")


class _Asked(Generic[T]):
    """One caller's change, and what became of it: known once ``is_done``."""

    def __init__(self, change: Callable[[Connection], T]) -> None:
        self.change = change
        self.results: Sequence[T] = ()
        self.error: LienthongError | None = None
        self.is_done = False


class Combining:
    """``transaction`` lends a connection and commits at its end; ``most`` is how many changes one may hold.

    A thread may be interrupted anywhere: those for whom it was writing still stand in line, and the next of them leads.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]], most: int) -> None:
        self._transaction, self._most = transaction, most
        self._moved = Condition()
        self._queue: list[_Asked[Any]] = []

    def write(self, change: Callable[[Connection], T]) -> T:
        """Return what ``change`` returned, once it is durable.

        It may be made more than once, each time in a transaction that begins anew. A change's own refusal is a result
        like any other: what is raised undoes the changes of all who share its transaction, and each hears of it.
        """
        asked = _Asked(change)
        try:
            if self._is_to_lead(asked):
                self._lead()
        finally:
            self._leave(asked)
        if asked.error is not None:
            raise asked.error
        return asked.results[0]

    def _is_to_lead(self, asked: _Asked[Any]) -> bool:
        """Stand in line until the change is written, or is the first one. Who leads stays the first meanwhile."""
        with self._moved:
            self._queue.append(asked)
            self._moved.wait_for(lambda: asked.is_done or self._queue[0] is asked)
            return not asked.is_done

    def _lead(self) -> None:
        with self._moved:
            group = self._queue[: self._most]
        try:
            with self._transaction() as connection:
                results = [asked.change(connection) for asked in group]
        except LienthongError as error:
            for asked in group:
                asked.error, asked.is_done = error, True
        else:
            for asked, result in zip(group, results, strict=True):
                asked.results, asked.is_done = (result,), True

    def _leave(self, asked: _Asked[Any]) -> None:
        """Leave the line, with all whose changes are done: then another is first."""
        with self._moved:
            if asked in self._queue:
                self._queue = [other for other in self._queue if other is not asked and not other.is_done]
                self._moved.notify_all()
