"""How soon after ``kill -9`` of a consumer a record is handled again: by its neighbour, and by itself started anew.

The controls do the least that could be done: a bare process waits for the dead one's file lock, and a bare process
starts, opens the bare log, and decodes an event.
"""

from __future__ import annotations

import fcntl
import random
import sys
import time
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from bench.bare import PARTITIONS, Bare
from bench.children import child, until_input_ends
from bench.reading import Reader, a_reader
from bench.row import Row, limit, rounds
from bench.world import a_folder, a_wire, an_engine, events
from bus.transport import Commit, Engine

_ROUNDS = 9
_LOOK_S = 0.25
"""A little longer than members take between two looks at their group."""


def rows() -> list[Row]:
    """Measure ``embedded.takeover`` and ``embedded.restart``, in milliseconds."""
    return [
        limit("embedded.takeover", *rounds(_ROUNDS, _takeover, _bare_takeover), "ms", 1000.0, timed=True),
        limit("embedded.restart", *rounds(_ROUNDS, _restart, _bare_restart), "ms", 3000.0, timed=True),
    ]


def _takeover() -> float:
    """Kill one of two consumers that share the partitions; count to the first record of a partition that it had."""
    with a_folder() as folder, closing(an_engine(folder)) as engine, a_reader(folder) as victim:
        _publish(engine)
        victim.handled()
        with a_reader(folder) as neighbour:
            lost = _share_of(victim, neighbour, engine)
            time.sleep(random.uniform(0, _LOOK_S))
            killed_at = victim.kill()
            _publish(engine)
            while (handled := neighbour.handled()).partition not in lost:
                pass
            return (handled.at_ns - killed_at) / 1e6


def _share_of(victim: Reader, neighbour: Reader, engine: Engine) -> set[int]:
    """Publish until both have taken partitions; return the victim's."""
    while True:
        _publish(engine)
        time.sleep(_LOOK_S)
        mine, theirs = ({handled.partition for handled in reader.handled_by_now()} for reader in (victim, neighbour))
        if len(mine) == len(theirs) == PARTITIONS // 2 and not mine & theirs:
            return mine


def _bare_takeover() -> float:
    with a_folder() as folder, child("deaths", "lock", folder) as victim:
        victim.line()
        with child("deaths", "lock", folder) as neighbour:
            time.sleep(_LOOK_S)
            killed_at = time.monotonic_ns()
            victim.kill()
            return (int(neighbour.line()) - killed_at) / 1e6


def _restart() -> float:
    with a_folder() as folder, closing(an_engine(folder)) as engine:
        with a_reader(folder) as reader:
            _publish(engine)
            reader.handled()
            killed_at = reader.kill()
        with a_reader(folder) as reader:
            _publish(engine)
            return (reader.handled().at_ns - killed_at) / 1e6


def _bare_restart() -> float:
    with a_folder() as folder:
        with closing(Bare(folder / "bare.db")) as bare:
            bare.publish(events(PARTITIONS))
        with child("bare", "start", folder) as process:
            process.line()
            killed_at = time.monotonic_ns()
            process.kill()
        with child("bare", "start", folder) as process:
            return (int(process.line()) - killed_at) / 1e6


def _publish(engine: Engine) -> None:
    """Append one event to each partition."""
    record = a_wire().encode(events(1)[0])
    engine.log.commit(Commit(appends=[replace(record, partition=part) for part in range(PARTITIONS)]))


def _job_lock(folder: Path) -> None:
    """Wait for the lock, say when it came, and keep it."""
    until_input_ends()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(time.monotonic_ns(), flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    _job_lock(Path(sys.argv[2]))
