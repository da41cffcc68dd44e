"""What the fault tests start and kill: one process that works on a log and tells what was acknowledged.

Run as ``python -m tests.faults.worker JOB URL …``; each line on standard output is a fact that a test relies on.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Event, Thread

from bus.errors import Fenced, LienthongError, OutcomeUnknown, StorageFull, TransportError
from bus.records import NewRecord, TopicPartition
from bus.transport import Commit, Held, Moved, Saved, Seen, TopicSpec
from bus.transports import open_engine

SOURCE, COPIES = "dossier.events", "copies"


def say(word: str, number: int = 0) -> None:
    """Tell a fact at once."""
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


def write(url: str, size: str = "0") -> None:
    """Publish numbers for ever, each commit with the cursor that says how far it came."""
    engine = open_engine(url)
    claim = engine.claim("writer")
    number = int(claim.value or b"0")
    while True:
        many = 1 + number % 7
        appends = [_numbered(SOURCE, number + more, int(size)) for more in range(many)]
        number += many
        saved = Saved(name="writer", value=b"%d" % number, epoch=claim.epoch)
        engine.log.commit(Commit(appends=appends, cursor=saved))
        say("written", number)


def clean(url: str) -> None:
    """Clean as if all were old, for ever."""
    with closing(open_engine(url)) as engine:
        say("begins")
        while True:
            engine.admin.clean(4_000_000_000_000)


def publish(url: str, commits: str) -> None:
    """Publish some single records, tell it, and stay there holding the log open."""
    engine = open_engine(url)
    for number in range(int(commits)):
        engine.log.commit(Commit(appends=[_numbered(SOURCE, number)]))
    say("written", int(commits))
    time.sleep(600)


def make(url: str, commits: str) -> None:
    """Open a log that may not be there, make its topic, and publish some records."""
    say("begins")
    with closing(open_engine(url)) as engine:
        engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
        for number in range(int(commits)):
            engine.log.commit(Commit(appends=[_numbered(SOURCE, number)]))
    say("written", int(commits))


def reopen(url: str, times: str) -> None:
    """Open the log, publish one record and close it, again and again."""
    for number in range(int(times)):
        with closing(open_engine(url)) as engine:
            engine.log.commit(Commit(appends=[_numbered(SOURCE, number)]))
    say("written", int(times))


def look(url: str) -> None:
    """Open a log, and tell by which error it was refused."""
    try:
        open_engine(url).close()
    except LienthongError as error:
        say(f"opened {type(error).__name__}")
    else:
        say("opened -")


def copy(url: str, lease_s: str) -> None:
    """Consume the source and produce its copies, offsets and inbox in the same commit, for ever."""
    engine = open_engine(url, lease_s=float(lease_s))
    member = engine.join("copier", [SOURCE])
    version = engine.log.wait(0, 1)
    while True:
        held = member.assignment()
        moved = sum(_copy_page(engine, partition, held[partition]) for partition in held)
        if not moved:
            version = engine.log.wait(version, 0.1)


def own(url: str, lease_s: str) -> None:
    """Take a partition, tell it, wait for a line, then try to commit."""
    engine = open_engine(url, lease_s=float(lease_s))
    member = engine.join("owners", [SOURCE])
    partition, held = next(iter(member.assignment().items()))
    say("owns", held.epoch)
    sys.stdin.readline()
    try:
        engine.log.commit(Commit(offsets=[_moved("owners", partition, held, 1)]))
        say("committed")
    except Fenced:
        say("fenced")
    engine.close()


def hold(url: str, children: str) -> None:
    """Claim a cursor and fork children that outlive this process."""
    engine = open_engine(url)
    engine.claim("writer")
    ready, tell = os.pipe()
    for _ in range(int(children)):
        child = os.fork()
        if not child:
            os.write(tell, b"!")
            time.sleep(30)
            os._exit(0)
        os.read(ready, 1)
        say("child", child)
    say("holds")
    time.sleep(600)


def fork(url: str, children: str) -> None:
    """Commit in one thread while another forks children that end as programs do, then tell what was written."""
    engine = open_engine(url)
    numbers, done = count(), Event()

    def commit() -> None:
        while not done.is_set():
            engine.log.commit(Commit(appends=[_numbered(SOURCE, next(numbers))]))

    writer = Thread(target=commit)
    writer.start()
    for _ in range(int(children)):
        if not (child := os.fork()):
            sys.exit()
        os.waitpid(child, 0)
    done.set()
    writer.join()
    say("written", next(numbers))
    engine.close()


def lock(url: str) -> None:
    """Take the lock that all writers share, and keep it."""
    engine = open_engine(url)
    with engine.log._combiner._exclusive():  # type: ignore[attr-defined]
        say("locked")
        time.sleep(600)


def fill(url: str, limit: str) -> None:
    """Publish until no file may grow any more, read, and go on when there is room again."""
    engine = open_engine(url)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    written = 0
    try:
        while True:
            engine.log.commit(Commit(appends=[_numbered(SOURCE, written, 2000)]))
            written += 1
    except StorageFull as error:
        say("full" if error.retriable else "wrong")
    say("readable", len(engine.log.read(TopicPartition(SOURCE, 0), 0, 100_000)))
    say("written", written)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    engine.log.commit(Commit(appends=[_numbered(SOURCE, written)]))
    say("after", written + 1)
    engine.close()


def flush(url: str, failing: str) -> None:
    """Publish a record, and another one whose flush fails; tell what was said of it, and stay there."""
    engine = open_engine(url)
    engine.admin.create_topic(TopicSpec(name=SOURCE, partitions=1))
    engine.log.commit(Commit(appends=[_numbered(SOURCE, 0)]))
    for number in range(int(failing)):
        Path(f"{os.environ['LIENTHONG_TEST_NOSYNC']}{number + 1}").touch()
    try:
        engine.log.commit(Commit(appends=[_numbered(SOURCE, 1)]))
    except OutcomeUnknown:
        say("unknown", 1)
    except TransportError:
        say("refused", 1)
    time.sleep(600)


def _copy_page(engine: object, partition: TopicPartition, held: Held) -> int:
    log = engine.log  # type: ignore[attr-defined]
    records = log.read(partition, held.next, 13)
    if not records:
        return 0
    copies = [
        NewRecord(topic=COPIES, key=record.key, value=record.value, partition=partition.partition) for record in records
    ]
    seen = [Seen(scope="copier", id=b"%16d" % (partition.partition << 32 | record.offset)) for record in records]
    try:
        moved = _moved("copier", partition, held, records[-1].offset + 1)
        log.commit(Commit(appends=copies, offsets=[moved], seen=seen))
    except Fenced:
        return 0
    return len(records)


def _moved(group: str, partition: TopicPartition, held: Held, position: int) -> Moved:
    return Moved(group=group, partition=partition, next=position, epoch=held.epoch)


def _numbered(topic: str, number: int, size: int = 0) -> NewRecord:
    return NewRecord(topic=topic, key=b"k", value=b"%d" % number + b" " * size, partition=0)


JOBS: dict[str, Callable[..., None]] = {
    "open": look, "make": make, "reopen": reopen, "write": write, "clean": clean, "publish": publish, "copy": copy,
    "own": own, "hold": hold, "fork": fork, "lock": lock, "fill": fill, "flush": flush,
}  # fmt: skip

if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])
