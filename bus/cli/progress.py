"""A progress bar on stderr, for people who wait: only on a terminal, and only after two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE_S = 2.0


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """Give a function to tell how many of how many (None: nobody knows) are done; the bar goes when the block ends."""
    bar = _Bar(label)
    try:
        yield bar.show if sys.stderr.isatty() else _silent
    finally:
        bar.end()


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show that work goes on whose end nobody can tell."""
    bar = _Bar(label)
    timer = Timer(_PATIENCE_S, bar.show, (0, None))
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        bar.end()


def _silent(_done: int, _total: int | None) -> None:
    """Say nothing where nobody watches."""


class _Bar:
    def __init__(self, label: str) -> None:
        self._label = label
        self._since = time.monotonic()
        self._progress: Progress | None = None

    def show(self, done: int, total: int | None) -> None:
        if self._progress is None and time.monotonic() - self._since >= _PATIENCE_S:
            self._progress = self._begun(total)
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _begun(self, total: int | None) -> Progress:
        from rich.console import Console
        from rich.progress import Progress

        progress = Progress(console=Console(stderr=True), transient=True)
        progress.add_task(self._label, total=total)
        progress.start()
        return progress
