"""How long an event takes from ``publish`` to the handler in another process, one at a time, fifty a second.

The control does the same hops and flushes with nothing around them: append, flush, send a datagram to a process
that then flushes too. A busy machine or a slow disk is seen in both.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from bench.children import child, until_input_ends
from bench.reading import a_reader
from bench.row import Row, limit, rounds
from bench.world import a_folder, a_wire, an_engine, events
from bus.producer import Producer

T = TypeVar("T")

_ROUNDS, _EVENTS, _EVERY_S = 5, 300, 0.02
_WARM = 10
_PAGES = b"\1" * 3 * 4120
"""What one event's commit writes: three pages with their frames."""


def rows() -> list[Row]:
    """Measure ``embedded.wake_p50`` and ``embedded.wake_p99``, in milliseconds."""
    worst: dict[Callable[[], list[float]], list[float]] = {_ours: [], _bare: []}

    def middle_of(measure: Callable[[], list[float]]) -> float:
        taken = sorted(measure()[_WARM:])
        worst[measure].append(taken[len(taken) * 99 // 100])
        return taken[len(taken) // 2]

    middle = rounds(_ROUNDS, lambda: middle_of(_ours), lambda: middle_of(_bare))
    return [
        limit("embedded.wake_p50", *middle, "ms", 2.0, timed=True),
        limit("embedded.wake_p99", worst[_ours], worst[_bare], "ms", 20.0, timed=True),
    ]


def _ours() -> list[float]:
    made = events(_EVENTS + _WARM)
    with a_folder() as folder, closing(an_engine(folder)) as engine, a_reader(folder) as reader:
        producer = Producer(engine.log, a_wire())
        producer.publish(made[0])
        reader.handled()
        begun = {}
        for event, at_ns in _paced(made):
            place = producer.publish(event)
            begun[place.partition, place.offset] = at_ns
        told = [reader.handled() for _ in begun]
    return [(handled.at_ns - begun[handled.partition, handled.offset]) / 1e6 for handled in told]


def _bare() -> list[float]:
    with a_folder() as folder, child("waits", "listen", folder) as listener:
        listener.line()
        begun = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, (folder / "log").open("wb") as log:
            for number, at_ns in _paced(range(_EVENTS + _WARM)):
                log.write(_PAGES)
                log.flush()
                os.fdatasync(log.fileno())
                sender.sendto(number.to_bytes(4, "big"), str(folder / "ear"))
                begun.append(at_ns)
        told = [listener.line().split() for _ in begun]
    return [(int(at_ns) - begun[int(number)]) / 1e6 for number, at_ns in told]


def _paced(items: Iterable[T]) -> Iterator[tuple[T, int]]:
    """Give each item when its turn has come, with that moment."""
    due = time.monotonic()
    for item in items:
        due += _EVERY_S
        time.sleep(max(0.0, due - time.monotonic()))
        yield item, time.monotonic_ns()


def _job_listen(folder: Path) -> None:
    until_input_ends()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, (folder / "positions").open("wb") as positions:
        ear.bind(str(folder / "ear"))
        print("ready", flush=True)
        while True:
            number = int.from_bytes(ear.recv(4), "big")
            print(number, time.monotonic_ns(), flush=True)
            positions.write(_PAGES)
            positions.flush()
            os.fdatasync(positions.fileno())


if __name__ == "__main__":
    _job_listen(Path(sys.argv[2]))
