"""How the parts of a running process stand: running, trying again since when and why, or stopped with a sentence.

A process that lives is no sign of progress: where cursors and offsets stand is asked of the log, by
``connectors.status``. Texts are those of our errors, which hold no personal data; of any other exception only the
class is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from bus.errors import LienthongError

RUNNING, RETRYING, STOPPED = "running", "retrying", "stopped"


class Standing(Struct, frozen=True, kw_only=True):
    """One part. ``kind`` is ``source``, ``sink``, ``exchange`` or ``webhook``; ``configuration`` for one that is wrong.

    ``since`` is when it came into this ``state`` for a reason of this ``code``, in milliseconds UTC, with the message
    of that time; ``failures`` counts how often it ended and was not asked to. ``passed_over`` are the replayed records
    that it has not taken, since its process started.
    """

    connector: str
    kind: str
    name: str
    state: str = RUNNING
    since: int = 0
    code: str = ""
    message: str = ""
    hint: str = ""
    failures: int = 0
    passed_over: int = 0


class Board:
    """All parts of one process. Threads share it; ``keep`` hears the whole of it after each change.

    What is passed over is no change: that may be thousands in a second, and is told by :meth:`tell_counts`.
    """

    def __init__(self, keep: Callable[[Sequence[Standing]], None] | None = None,
                 clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:  # fmt: skip
        self._keep, self._clock = keep, clock
        self._standings: list[Standing] = []
        self._lock = Lock()
        self._has_counted = False

    def standings(self) -> Sequence[Standing]:
        """Return how all stand now, in the order in which they were added."""
        with self._lock:
            return tuple(self._standings)

    def add(self, connector: str, kind: str, name: str) -> Health:
        """Add a part, which runs from now on."""
        with self._lock:
            standing = Standing(connector=connector, kind=kind, name=name, since=self._clock())
            self._standings.append(standing)
            place = len(self._standings) - 1
            self._tell()
        return Health(self, place)

    def change(self, place: int, state: str, error: BaseException | None, *, is_failure: bool) -> bool:
        """Let a part stand otherwise; return whether that is new."""
        with self._lock:
            before = self._standings[place]
            code = error.code if isinstance(error, LienthongError) else ""
            is_new = (before.state, before.code) != (state, code)
            after = replace(_told(before, state, error), since=self._clock()) if is_new else before
            self._standings[place] = replace(after, failures=before.failures + is_failure)
            if is_new or is_failure:
                self._tell()
        return is_new

    def count(self, place: int, passed_over: int) -> None:
        """Count more replayed records that a part has not taken."""
        with self._lock:
            before = self._standings[place]
            self._standings[place] = replace(before, passed_over=before.passed_over + passed_over)
            self._has_counted = True

    def tell_counts(self) -> None:
        """Tell what was counted since all was told last, if anything was. Called now and then, and at the end."""
        with self._lock:
            if self._has_counted:
                self._tell()

    def _tell(self) -> None:
        self._has_counted = False
        if self._keep is not None:
            self._keep(tuple(self._standings))


class Health:
    """One part's place on the board.

    That a partner answers makes good a call that failed, but not a part that ended: it may have ended because nothing
    can be written, and reads its partner all the same.
    """

    def __init__(self, board: Board, place: int) -> None:
        self._board, self._place = board, place
        self._has_ended = self._has_trouble = False

    def well(self) -> None:
        """Say that the part has just moved something, or that nothing is left to move."""
        self._has_ended = self._has_trouble = False
        self._board.change(self._place, RUNNING, None, is_failure=False)

    def passed_over(self, count: int) -> None:
        """Count replayed records that the part has not taken. That says nothing of its partner."""
        self._board.count(self._place, count)

    def trouble(self, error: LienthongError) -> None:
        """Say that the part goes on, and that what it just tried will have to be tried again."""
        self._has_trouble = True
        self._board.change(self._place, RETRYING, error, is_failure=False)

    def failed(self, error: BaseException, *, is_over: bool = False) -> bool:
        """Say that the part ended, and is started again unless ``is_over``; return whether that is news."""
        self._has_ended, self._has_trouble = True, False
        return self._board.change(self._place, STOPPED if is_over else RETRYING, error, is_failure=True)

    def lasted(self) -> None:
        """Say that the part has run for a while since it ended: where nothing troubles it, it has nothing to do."""
        if self._has_ended and not self._has_trouble:
            self.well()

    @contextmanager
    def of_calls(self) -> Iterator[None]:
        """Tell by how a call ends whether the partner answers."""
        try:
            yield
        except LienthongError as error:
            if error.retriable:
                self.trouble(error)
            raise
        if not self._has_ended:
            self.well()


def _told(before: Standing, state: str, error: BaseException | None) -> Standing:
    if isinstance(error, LienthongError):
        return replace(before, state=state, code=error.code, message=str(error), hint=error.hint)
    message = "" if error is None else f"an unexpected fault, {type(error).__name__}"
    return replace(before, state=state, code="", message=message, hint="")
