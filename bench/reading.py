"""A consumer in a process of its own, which tells each record that its handler gets, and when."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple

from bench.children import Child, child, until_input_ends
from bench.world import TOPIC, a_wire, an_engine
from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope
from bus.records import Record


class Handled(NamedTuple):
    """A record's place, and when the handler got it, by a clock that all processes of the machine share."""

    partition: int
    offset: int
    at_ns: int


class Reader:
    """The other process, from here."""

    def __init__(self, process: Child) -> None:
        self._process = process

    def handled(self) -> Handled:
        """Wait for the next record that it handles."""
        return _read(self._process.line())

    def handled_by_now(self) -> list[Handled]:
        """Return what it has handled since the last call, without waiting."""
        return [_read(line) for line in self._process.lines_by_now()]

    def kill(self) -> int:
        """Kill it, and return when."""
        now = time.monotonic_ns()
        self._process.kill()
        return now


def _read(line: str) -> Handled:
    partition, offset, at_ns = map(int, line.split())
    return Handled(partition, offset, at_ns)


@contextmanager
def a_reader(folder: Path) -> Iterator[Reader]:
    """Start a consumer of the log in ``folder``; all readers are of one group."""
    with child("reading", "read", folder) as process:
        yield Reader(process)


def _job_read(folder: Path) -> None:
    stop = Event()
    until_input_ends(stop.set)
    with closing(an_engine(folder)) as engine:
        Consumer(engine, a_wire(), Subscription(group="bench", topics=(TOPIC,)), _tell).run(stop)


def _tell(_event: Envelope, record: Record) -> None:
    print(record.partition, record.offset, time.monotonic_ns(), flush=True)


if __name__ == "__main__":
    _job_read(Path(sys.argv[2]))
