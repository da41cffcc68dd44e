"""What the tests of the one-stop connector share: a simulator, a configuration for it, a log, and books to compare."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bus.envelope import Envelope
from bus.records import Record
from bus.registry import SchemaRegistry
from bus.retry import RetryPolicy
from bus.rules import value_rules
from bus.transport import Engine
from bus.transports import open_engine
from bus.wire import Wire
from connectors.books import Tally
from connectors.one_stop import connector
from connectors.one_stop.client import Client
from connectors.one_stop.config import load
from connectors.one_stop.simulator import AGENCY, PASSWORD, USERNAME, Faults, HandClock, Plan, Simulator
from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.store import Fact
from connectors.runtime import Run, run_source
from connectors.sdk import Part, Sink, Source
from registry.apply import apply_catalogue
from schemas.catalogue import load as load_catalogue

AT_ONCE = RetryPolicy(attempts=8, timeout_s=20.0, first_wait_s=0.001, max_wait_s=0.01)
TOPICS = ("dossier.events", "payment.events", "citizen.events", "postal.events")
NOON = FIRST_DAY.replace(hour=12)
HONEST = (
    "late-rows", "equal-times", "duplicates", "missing-fields", "half-day-times", "mixed-applicant-kinds",
    "invented-tails", "placeholder-identities", "decomposed-text", "first-file-as-result", "corrected-dates",
)  # fmt: skip
"""Habits that distort but hide nothing: the simulator's book of facts stays true."""


def write_config(folder: Path, base_url: str, **changes: Any) -> Path:
    """Write a configuration and its password into a folder; None takes a key away."""
    (folder / "password").write_text(PASSWORD, "utf-8")
    keys = {
        "base_url": base_url, "username": USERNAME, "password": "file:password", "agency": AGENCY,
        "read_timeout_s": 5, "interval_s": 0.01,
    }  # fmt: skip
    kept = {name: value for name, value in (keys | changes).items() if value is not None}
    file = folder / "one-stop.yaml"
    file.write_text(yaml.safe_dump(kept), "utf-8")
    return file


@contextmanager
def a_simulator(
    folder: Path, plan: Plan | None = None, *, over: bool = True, faults: Faults | None = None
) -> Iterator[Simulator]:
    """Run a simulator; ``over`` if everything has happened an hour ago, else it stands before the first change."""
    clock = HandClock(FIRST_DAY)
    with Simulator(folder / "simulator", plan or Plan(dossiers=12, seed=3), clock, faults=faults) as simulator:
        if over:
            clock.moment = simulator.history.finish() + timedelta(hours=1)
        yield simulator


def open_source(folder: Path, simulator: Simulator, **changes: Any) -> Source:
    """Open the source over a simulator."""
    return source_of(connector.open(write_config(folder, simulator.base_url, **changes)))


def source_of(parts: Sequence[Part]) -> Source:
    """Return the part that polls."""
    (found,) = [part for part in parts if isinstance(part, Source)]
    return found


def sink_of(parts: Sequence[Part]) -> Sink:
    """Return the part that delivers; the others are closed."""
    for part in parts:
        if not isinstance(part, Sink):
            part.close()
    (found,) = [part for part in parts if isinstance(part, Sink)]
    return found


def eventually(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)


def open_client(folder: Path, base_url: str, **changes: Any) -> Client:
    """Return the client alone."""
    return Client(load(write_config(folder, base_url, **changes)))


def a_row(name: str, at: datetime, **body: Any) -> Change:
    """Return a dossier's row as somebody enters it."""
    content = {"MaHoSo": name, "TrangThaiHoSo": "1", "NgayNopHoSo": f"{at:%Y%m%d%H%M%S}", **body}
    return Change(feed="dossiers", id=name, dossier=name, at=at, seen_at=at, body=content)


class Log:
    """A log with the catalogue's topics, and the way of a source into it."""

    def __init__(self, registry: SchemaRegistry, url: str = "sqlite://") -> None:
        self.engine: Engine = open_engine(url)
        self.registry = registry
        self.catalogue = load_catalogue()
        apply_catalogue(self.engine, self.registry, self.catalogue)
        self.wire = Wire(self.registry, self.catalogue)

    def run(self, source: Source) -> Tally:
        """Run a source once."""
        how = Run(once=True, check=value_rules(self.catalogue), partner=AT_ONCE, log=AT_ONCE)
        return run_source(self.engine, self.wire, source, how)

    def records(self, topics: Sequence[str] = TOPICS) -> list[Record]:
        """Return all records, partition by partition."""
        return [
            record
            for topic in topics
            for partition, span in self.engine.log.ends(topic).items()
            for record in self.engine.log.read(partition, span.first, 1_000_000)
        ]

    def events(self) -> list[Envelope]:
        """Return all events."""
        return [self.wire.decode(record) for record in self.records()]

    def letters(self) -> list[Record]:
        """Return all dead letters."""
        return self.records([f"{topic}.dead-letter" for topic in TOPICS])

    def close(self) -> None:
        """Close the log."""
        self.engine.close()


def facts_of(events: Sequence[Envelope]) -> Counter[Fact]:
    """Return how often each fact was told, named as the simulator's book names it."""
    return Counter(Fact(str(event.correlation), event.type, _own(event)) for event in events)


_OWN = {
    **dict.fromkeys(("SupplementAsked", "SupplementGiven"), "requestId"),
    **dict.fromkeys(("ComponentAttached", "ComponentReused", "ResultIssued"), "fileId"),
    **dict.fromkeys(("PaymentRequested", "PaymentConfirmed", "PaymentRefunded"), "reference"),
    "CitizenLookupAsked": "requestNumber", "PostalOrdered": "orderNumber",
}  # fmt: skip


def _own(event: Envelope) -> str:
    told: Any = event.payload
    if event.type in _OWN:
        return str(told[_OWN[event.type]])
    return _own_of_others(event.type, told)


def _own_of_others(event_type: str, told: Any) -> str:
    match event_type:
        case "DossierStepDone":
            return f"{told['sourceTime']} {told['note']}"
        case "AppointmentChanged":
            return str(told["newAppointment"]["text"])
        case "FeeAsked":
            fee = str(told["feeCode"]["code"])
            return f"{fee} {told['sourceTime']}" if told["collection"]["code"] == "1" else fee
        case "DossierPaused":
            return str(told["status"]["code"])
        case "DossierStopped":
            return ""
    return str(told["sourceTime"])
