"""A whole small province around the one-stop system: its connector both ways, agencies that answer, a pay page."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from bus.records import TopicPartition
from bus.transport import Commit
from connectors.delivery import Deliver, run_sink
from connectors.ledger import Ledger, open_ledger
from connectors.one_stop import connector
from connectors.one_stop.simulator.store import Store
from connectors.sdk import Sink, Source
from connectors.simulation import Server
from tests.connectors.one_stop.agencies import answers_to
from tests.connectors.one_stop.world import AT_ONCE, TOPICS, Log, write_config

FEEDS = ["dossiers", "steps", "payments", "lookups", "parcels"]


class PayPage:
    """Counts who opens it; the first ``refusals`` visits go wrong."""

    def __init__(self, refusals: int = 0) -> None:
        self.visits: Counter[str] = Counter()
        self._refusals, self._lock = refusals, Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a visit."""
        with self._lock:
            self._refusals -= 1
            is_well = self._refusals < 0
            self.visits[environ["QUERY_STRING"].removeprefix("ma=")] += is_well
        start_response("200 OK" if is_well else "503 Service Unavailable", [("Content-Length", "0")])
        return [b""]


@contextmanager
def a_pay_page(refusals: int = 0) -> Iterator[tuple[PayPage, str]]:
    """Serve a pay page, and return it with its address."""
    page = PayPage(refusals)
    with Server(page, name="pay page") as server:
        yield page, server.base_url


class Province:
    """Moves everything one turn at a time; ``pay_page`` is where links lead."""

    def __init__(self, log: Log, folder: Path, base_url: str, pay_page: str, *, safety_lag_s: int = 0) -> None:
        keys = {"deliver": True, "feeds": FEEDS, "confirmed_elsewhere": ["truc-tuyen"], "safety_lag_s": safety_lag_s,
                "overlap_s": 0, "page_size": 50, "read_timeout_s": 1, "settles_after_s": 0}  # fmt: skip
        self.log, self._pay_page = log, pay_page
        parts = connector.open(write_config(folder, base_url, **keys))
        (self.source,) = [part for part in parts if isinstance(part, Source)]
        (self.sink,) = [part for part in parts if isinstance(part, Sink)]
        self.ledger: Ledger = open_ledger(f"sqlite:///{folder / 'connectors.db'}")
        self._read: dict[TopicPartition, int] = {}

    def turn(self) -> None:
        """Poll, let the agencies answer, and deliver."""
        self.log.run(self.source)
        answers = [
            self.log.wire.encode(answer) for event in self._news() for answer in answers_to(event, self._pay_page)
        ]
        if answers:
            self.log.engine.log.commit(Commit(appends=answers))
        run_sink(self.log.engine, self.log.wire, self.sink, self.ledger, Deliver(once=True, partner=AT_ONCE))

    def until_final(self, store: Store, dossiers: int) -> None:
        """Take turns until all dossiers are final, and what was told last is read."""
        until = time.monotonic() + 60
        while store.rows("SELECT count(*) FROM dossiers WHERE is_final") != [(dossiers,)]:
            assert time.monotonic() < until, "some dossiers do not end"
            self.turn()
            time.sleep(0.05)
        while self.log.run(self.source).published or not self._is_settled(store):
            time.sleep(0.1)

    def close(self) -> None:
        """Let go of everything but the log."""
        for part in (self.source, self.sink, self.ledger):
            part.close()

    def _is_settled(self, store: Store) -> bool:
        (cursor,) = self.log.engine.admin.cursors()
        return store.newest().encode() in (cursor.value or b"")

    def _news(self) -> Iterator[Any]:
        for topic in TOPICS:
            for partition, span in self.log.engine.log.ends(topic).items():
                for record in self.log.engine.log.read(partition, self._read.get(partition, span.first), 100_000):
                    self._read[partition] = record.offset + 1
                    event = self.log.wire.decode(record)
                    if event.source == "one-stop":
                        yield event


@contextmanager
def a_province(log: Log, folder: Path, base_url: str, pay_page: str, *, safety_lag_s: int = 0) -> Iterator[Province]:
    """Open a province around a simulator."""
    with closing(Province(log, folder, base_url, pay_page, safety_lag_s=safety_lag_s)) as one:
        yield one
