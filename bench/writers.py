"""Many writers: threads on a disk whose flushes take 2 ms, and processes that must not starve each other."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.row import Row, limit, rate, rounds
from bench.world import Bare, a_folder, a_wire, an_engine, bare_headers, bare_value, events
from bus.transport import Commit

_ROUNDS = 5
_THREADS, _THREADS_S = 64, 1.5
_WRITING_S, _A_COMMIT = 1.5, 10


def rows() -> list[Row]:
    """Measure ``embedded.threads_64``, ``.two_writers``, ``.two_writers_worst`` and ``.four_writers``."""
    two, two_bare = _race(2)
    four, _ = _race(4)
    return [
        rate("embedded.threads_64", *_threads(), "events/s", 15.0),
        rate("embedded.two_writers", [run.slowest for run in two], [run.fastest for run in two], "commits/s", 0.8),
        limit("embedded.two_writers_worst", [run.worst_ms for run in two], [run.worst_ms for run in two_bare], "ms",
              50.0, timed=True),
        rate("embedded.four_writers", [run.slowest for run in four], [run.fastest for run in four], "commits/s", 0.7),
    ]  # fmt: skip


class Run:
    """What one race of writers gave: commits a second of the slowest and the fastest, and the worst commit."""

    def __init__(self, told: list[tuple[int, float]]) -> None:
        self.slowest = min(commits for commits, _ in told) / _WRITING_S
        self.fastest = max(commits for commits, _ in told) / _WRITING_S
        self.worst_ms = max(worst for _, worst in told) * 1000


def _threads() -> tuple[list[float], list[float]]:
    """Run both sides in processes of their own, under the shim that slows flushes."""
    with a_folder() as folder, _shim(folder) as library:
        environment = os.environ | {"LD_PRELOAD": str(library)}
        folders = iter(range(1000))

        def measured(job: str) -> float:
            place = folder / str(next(folders))
            place.mkdir()
            return float(_start(job, place, environment).communicate()[0])

        return rounds(_ROUNDS, lambda: measured("threads"), lambda: measured("bare_threads"))


@contextmanager
def _shim(folder: Path) -> Iterator[Path]:
    library = folder / "slowsync.so"
    source = Path(__file__).with_name("slowsync.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    yield library


def _race(writers: int) -> tuple[list[Run], list[Run]]:
    """Let processes write for a while, ours and bare ones with one file lock, in turn."""
    ours: list[Run] = []
    bare: list[Run] = []
    for turn in range(_ROUNDS):
        for job, runs in (("write", ours), ("bare_write", bare))[:: 1 if turn % 2 else -1]:
            with a_folder() as folder:
                runs.append(_raced(job, folder, writers))
    return ours, bare


def _raced(job: str, folder: Path, writers: int) -> Run:
    if job == "write":
        an_engine(folder).close()
    else:
        Bare(folder / "bare.db").connection.close()
    started = [_start(job, folder) for _ in range(writers)]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate()[0].split() for process in started]
    return Run([(int(commits), float(worst)) for commits, worst in told])


def _start(job: str, folder: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.writers", job, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def _job_threads(folder: Path) -> None:
    engine, wire = an_engine(folder), a_wire()
    made = events(_THREADS)
    rate_ = _from_threads(lambda number: engine.log.commit(Commit(appends=[wire.encode(made[number])])))
    engine.close()
    print(rate_)


def _job_bare_threads(folder: Path) -> None:
    bare, lock, made = Bare(folder / "bare.db"), threading.Lock(), events(_THREADS)

    def publish(number: int) -> None:
        with lock:
            bare.publish([made[number]])

    print(_from_threads(publish))


def _from_threads(publish: Callable[[int], object]) -> float:
    """Publish from all threads for a while; return how many came through a second."""
    done = [0] * _THREADS
    until = time.perf_counter() + _THREADS_S

    def work(number: int) -> None:
        while time.perf_counter() < until:
            publish(number)
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(_THREADS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def _job_write(folder: Path) -> None:
    engine, wire = an_engine(folder), a_wire()
    records = [wire.encode(event) for event in events(_A_COMMIT)]
    _write_for_a_while(lambda: engine.log.commit(Commit(appends=records)))
    engine.close()


def _job_bare_write(folder: Path) -> None:
    bare, made = Bare(folder / "bare.db"), events(_A_COMMIT)
    rows_ = {0: [(event.key.encode(), bare_value(event.payload), bare_headers(event)) for event in made]}
    with (folder / "lock").open("w") as lock:

        def commit() -> None:
            fcntl.flock(lock, fcntl.LOCK_EX)
            bare.append(rows_)
            fcntl.flock(lock, fcntl.LOCK_UN)

        _write_for_a_while(commit)


def _write_for_a_while(commit: Callable[[], object]) -> None:
    """Say that everything is ready, wait for the others, write, and tell commits and the worst one's seconds."""
    commit()
    print("ready", flush=True)
    sys.stdin.readline()
    commits, worst = 0, 0.0
    before = time.perf_counter()
    until = before + _WRITING_S
    while before < until:
        commit()
        after = time.perf_counter()
        commits, worst, before = commits + 1, max(worst, after - before), after
    print(commits, worst)


_JOBS = {"threads": _job_threads, "bare_threads": _job_bare_threads, "write": _job_write, "bare_write": _job_bare_write}

if __name__ == "__main__":
    _JOBS[sys.argv[1]](Path(sys.argv[2]))
