"""Many writers: threads on a disk whose flushes take 2 ms, and processes that must not starve each other."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.bare import Bare, encoded
from bench.children import child
from bench.row import Row, limit, rate, rounds
from bench.world import a_folder, a_wire, an_engine, events
from bus.producer import Producer
from bus.transport import Commit

_ROUNDS = 7
_THREADS, _THREADS_S = 64, 1.5
_WRITING_S, _A_COMMIT = 1.5, 10


class Race(NamedTuple):
    """What one race of writers gave: commits a second of the slowest and the fastest, and the worst commit."""

    slowest: float
    fastest: float
    worst_ms: float


def rows() -> list[Row]:
    """Measure ``embedded.threads_64``, ``.two_writers``, ``.two_writers_worst`` and ``.four_writers``."""
    two, two_bare = _races(2, ("write", "bare_write"))
    (four,) = _races(4, ("write",))
    worst = [race.worst_ms for race in two], [race.worst_ms for race in two_bare]
    return [
        *_threads_row(),
        rate("embedded.two_writers", *_ends(two), "commits/s", 0.8),
        limit("embedded.two_writers_worst", *worst, "ms", 50.0, timed=True),
        rate("embedded.four_writers", *_ends(four), "commits/s", 0.7),
    ]


def _ends(races: Sequence[Race]) -> tuple[list[float], list[float]]:
    return [race.slowest for race in races], [race.fastest for race in races]


# -- threads -------------------------------------------------------------------------------------------------


def _threads_row() -> Iterator[Row]:
    """Run both sides in processes of their own, under the shim that slows flushes; without a compiler, neither."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("   embedded.threads_64 is left out: its slow disk needs a C compiler", file=sys.stderr, flush=True)
        return
    with a_folder() as shared:
        environment = {"LD_PRELOAD": str(_shim(shared, compiler))}

        def measured(job: str) -> float:
            with a_folder() as folder, child("writers", job, folder, environment) as process:
                return float(process.line())

        both = rounds(_ROUNDS, lambda: measured("threads"), lambda: measured("bare_threads"))
    yield rate("embedded.threads_64", *both, "events/s", 15.0)


def _shim(folder: Path, compiler: str) -> Path:
    library = folder / "slowsync.so"
    source = Path(__file__).with_name("slowsync.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def _job_threads(folder: Path) -> None:
    made = events(_THREADS)
    with closing(an_engine(folder)) as engine:
        producer = Producer(engine.log, a_wire())
        print(_from_threads(lambda number: producer.publish(made[number])), flush=True)


def _job_bare_threads(folder: Path) -> None:
    lock, made = threading.Lock(), events(_THREADS)
    with closing(Bare(folder / "bare.db")) as bare:

        def publish(number: int) -> None:
            with lock:
                bare.publish([made[number]])

        print(_from_threads(publish), flush=True)


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


# -- processes -----------------------------------------------------------------------------------------------


def _races(writers: int, jobs: Sequence[str]) -> list[list[Race]]:
    """Let processes write for a while, the jobs in turn; return each job's races."""
    races: dict[str, list[Race]] = {job: [] for job in jobs}
    for turn in range(_ROUNDS):
        for job in jobs[:: 1 if turn % 2 else -1]:
            races[job].append(_raced(job, writers))
    return list(races.values())


def _raced(job: str, writers: int) -> Race:
    with a_folder() as folder, ExitStack() as stack:
        an_engine(folder).close()
        Bare(folder / "bare.db").close()
        started = [stack.enter_context(child("writers", job, folder)) for _ in range(writers)]
        for process in started:
            process.line()
        for process in started:
            process.tell("go")
        told = [process.line().split() for process in started]
    commits = [int(number) / _WRITING_S for number, _ in told]
    return Race(min(commits), max(commits), max(float(worst) for _, worst in told) * 1000)


def _job_write(folder: Path) -> None:
    wire = a_wire()
    records = [wire.encode(event) for event in events(_A_COMMIT)]
    with closing(an_engine(folder)) as engine:
        _write_for_a_while(lambda: engine.log.commit(Commit(appends=records)))


def _job_bare_write(folder: Path) -> None:
    rows_ = encoded(events(_A_COMMIT))
    with closing(Bare(folder / "bare.db")) as bare, _turnstile(folder) as turn:

        def commit() -> None:
            with turn():
                bare.append(rows_)

        _write_for_a_while(commit)


@contextmanager
def _turnstile(folder: Path) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Two file locks let bare writers take turns too; with SQLite's own waiting one of them starves."""
    with (folder / "queue").open("w") as queue, (folder / "main").open("w") as main:

        @contextmanager
        def turn() -> Iterator[None]:
            fcntl.flock(queue, fcntl.LOCK_EX)
            fcntl.flock(main, fcntl.LOCK_EX)
            fcntl.flock(queue, fcntl.LOCK_UN)
            yield
            fcntl.flock(main, fcntl.LOCK_UN)

        yield turn


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
    print(commits, worst, flush=True)


_JOBS = {"threads": _job_threads, "bare_threads": _job_bare_threads, "write": _job_write, "bare_write": _job_bare_write}

if __name__ == "__main__":
    _JOBS[sys.argv[1]](Path(sys.argv[2]))
