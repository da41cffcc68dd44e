"""Ending a run when the system or a person asks: after the commit under way, so that nothing is done twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


class Asked:
    """Whether somebody asked the run to end; ``by_person`` if it was Ctrl-C."""

    def __init__(self) -> None:
        self.stop = Event()
        self.by_person = False


@contextmanager
def asked_to_stop() -> Iterator[Asked]:
    """Turn SIGTERM, a lost terminal and the first Ctrl-C into a wish to stop; a second Ctrl-C ends the process at once.

    Where SIGHUP is ignored, as under ``nohup``, it stays so. Only the main thread may call it.
    """
    asked = Asked()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and asked.stop.is_set():
            raise KeyboardInterrupt
        asked.by_person = number == signal.SIGINT
        asked.stop.set()

    heard = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
