"""What the storm tests start, stop and kill: an agency that consumes with inbox, dead letters and effects of its own.

Run as ``python -m tests.faults.agency URL FOLDER GROUP LEASE_S``. Each handled event is noted in a database of this
process, with the machine's clock; an event whose number is divisible by 13 is refused; every other one is answered
by an event of its own, which is committed with the offset. A line on standard input ends it in good order.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope, event_id, to_headers
from bus.errors import ContractError
from bus.records import NewRecord, Record
from bus.transports import open_engine
from tests.bus.doubles import JsonWire, an_event
from tests.faults.worker import COPIES, SOURCE, say

REFUSED_EVERY = 13


class AgencyWire(JsonWire):
    """Speaks JSON, and puts answers into a topic of their own, each into the partition of its cause."""

    def encode(self, event: Envelope) -> NewRecord:
        """Return an event's record."""
        value = json.dumps(event.payload).encode()
        topic = COPIES if event.type == "DossierCopied" else SOURCE
        partition = event.payload.get("partition")
        return NewRecord(
            topic=topic, key=event.key.encode(), value=value, headers=to_headers(event), partition=partition
        )


class Notebook:
    """The agency's own database: what it handled, in its order and by a clock that all processes share."""

    def __init__(self, folder: Path, group: str) -> None:
        self._group = group
        self._own = sqlite3.connect(folder / f"{group}-{os.getpid()}.db", isolation_level=None)
        self._own.execute("PRAGMA synchronous=OFF")
        self._own.execute("CREATE TABLE handled(n INTEGER, key TEXT, at INTEGER)")

    def __call__(self, event: Envelope, record: Record) -> Iterable[Envelope]:
        """Note one event, refuse it or answer it."""
        number = event.payload["n"]
        self._own.execute("INSERT INTO handled VALUES(?,?,?)", (number, event.key, time.monotonic_ns()))
        if number % REFUSED_EVERY == 0:
            raise ContractError("an unlucky number")
        answer = {"n": number, "partition": record.partition}
        copy_id = event_id(self._group, str(number))
        return [an_event(number, key=event.key, id=copy_id, type="DossierCopied", source=self._group, payload=answer)]


def main(url: str, folder: str, group: str, lease_s: str) -> None:
    """Consume until told to stop."""
    stop = Event()

    def listen() -> None:
        sys.stdin.readline()
        stop.set()

    Thread(target=listen, daemon=True).start()
    with closing(open_engine(url, lease_s=float(lease_s))) as engine:
        about = Subscription(group=group, topics=(SOURCE,), inbox=True, page=7, renew_s=float(lease_s) / 5)
        consumer = Consumer(engine, AgencyWire(), about, Notebook(Path(folder), group))
        say("ready")
        consumer.run(stop)
    say("left")


if __name__ == "__main__":
    main(*sys.argv[1:])
