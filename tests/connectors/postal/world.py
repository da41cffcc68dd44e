"""What the tests of the postal connector share: events, a configuration, a log with its ledger, and pages of rows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from bus.envelope import Envelope, event_id
from bus.records import Record
from bus.registry import SchemaRegistry
from bus.retry import RetryPolicy
from bus.rules import value_rules
from bus.transport import Commit, Engine
from bus.transports import open_engine
from bus.wire import Wire
from connectors.books import Tally
from connectors.delivery import Deliver, run_sink
from connectors.ledger import open_ledger
from connectors.postal import connector
from connectors.postal.config import Config
from connectors.postal.simulator import CUSTOMER, PASSWORD, USERNAME
from connectors.postal.sink import PostalSink
from connectors.postal.source import PostalSource
from connectors.runtime import Run, run_source
from connectors.simulation import Store
from registry.apply import apply_catalogue
from schemas.catalogue import load as load_catalogue

TOPIC = "postal.events"
DOSSIER = "H31.14-250716-0001"
NAME, STREET, PHONE = "Trần Thị Ví Dụ", "Số 5, thôn Đông", "0912000111"
NOON = datetime(2025, 7, 16, 5, 0, tzinfo=UTC)
AT_ONCE = RetryPolicy(attempts=12, timeout_s=30.0, first_wait_s=0.001, max_wait_s=0.01)
CONFIG = Config(base_url="http://127.0.0.1", username="u", password="env:P", customers={CUSTOMER: "item"})


def code(text: str, system: str) -> dict[str, Any]:
    return {"code": text, "codeSystem": system, "validAt": None}


def a_party(**changes: Any) -> dict[str, Any]:
    address = dict.fromkeys(("unit", "text", "province", "district", "commune")) | {
        "text": STREET, "province": "Hưng Yên", "commune": "Xã Tiên Lữ",
    }  # fmt: skip
    party = dict.fromkeys(("name", "number", "kind", "portalAccount", "phone", "email", "address"))
    return party | {"name": NAME, "phone": PHONE, "address": address} | changes


def a_number(place: int) -> str:
    return f"H31.14-250716-{place:04}"


def an_order(number: str = DOSSIER, *, source: str = "one-stop", at: datetime = NOON, **changes: Any) -> Envelope:
    """Return a PostalOrdered; ``changes`` are fields of its payload."""
    names = ("itemCode", "direction", "customerCode", "cod", "fee", "procedure", "status", "sourceTime", "rawHash")
    payload = dict.fromkeys(names) | {
        "dossierCode": code(number, "VN-DOSSIER"), "orderNumber": number, "sender": a_party(name="Trung tâm HCC"),
        "receiver": a_party(), "description": "Giấy khai sinh",
    } | changes  # fmt: skip
    return Envelope(
        id=event_id(source, number, f"PostalOrdered {at}"), type="PostalOrdered", source=source, key=number, time=at,
        payload=payload, correlation=number,
    )  # fmt: skip


def a_cancelling(number: str = DOSSIER, *, source: str = "one-stop") -> Envelope:
    names = ("itemCode", "status", "reason", "sourceTime", "rawHash")
    payload = dict.fromkeys(names) | {"dossierCode": code(number, "VN-DOSSIER"), "orderNumber": number}
    return Envelope(
        id=event_id(source, number, "PostalCancelled"), type="PostalCancelled", source=source, key=number, time=NOON,
        payload=payload, correlation=number,
    )  # fmt: skip


def dong(amount: str, currency: str = "VND") -> dict[str, Any]:
    return {"amount": Decimal(amount), "currency": currency}


def a_row(place: int = 1, **changes: Any) -> bytes:
    """Return a row of the tracking list; None takes a field away."""
    row = {
        "_id": {"$oid": f"{place:024x}"}, "CustomerCode": CUSTOMER, "OrderNumber": DOSSIER, "StatusCode": "14",
        "EventTime": "18/07/2025 09:30:00", "StatusMessage": "Phát thành công", "StatusList": "VNPOST",
        "POSID": "160000", "ItemCode": "EB000000001VN", "Notes": None, "CODAmount": None,
    } | changes  # fmt: skip
    return json.dumps(row, ensure_ascii=False).encode()


def write_config(folder: Path, base_url: str, **changes: Any) -> Path:
    """Write a configuration and its secret into a folder; None takes a key away."""
    (folder / "postal.password").write_text(PASSWORD, "utf-8")
    keys = {
        "base_url": base_url, "username": USERNAME, "password": "file:postal.password", "customers": {CUSTOMER: "item"},
        "read_timeout_s": 1, "interval_s": 0.02, "settles_after_s": 0.05,
    }  # fmt: skip
    kept = {name: value for name, value in (keys | changes).items() if value is not None}
    file = folder / "postal.yaml"
    file.write_text(yaml.safe_dump(kept), "utf-8")
    return file


def open_sink(folder: Path, base_url: str, **changes: Any) -> PostalSink:
    """Open the sink over a partner."""
    sink, source = connector.open(write_config(folder, base_url, **changes))
    source.close()
    assert isinstance(sink, PostalSink)
    return sink


def open_source(folder: Path, base_url: str, **changes: Any) -> PostalSource:
    """Open the source over a partner."""
    sink, source = connector.open(write_config(folder, base_url, **changes))
    sink.close()
    assert isinstance(source, PostalSource)
    return source


class Log:
    """A log with the catalogue's topics, a ledger beside it, and the ways of both parts through them."""

    def __init__(self, registry: SchemaRegistry, folder: Path) -> None:
        self.engine: Engine = open_engine("sqlite://")
        self.catalogue = load_catalogue()
        apply_catalogue(self.engine, registry, self.catalogue)
        self.wire = Wire(registry, self.catalogue)
        self.ledger = open_ledger(f"sqlite:///{folder}/connectors.db")
        self.check = value_rules(self.catalogue)

    def publish(self, *events: Envelope) -> None:
        """Put events into the log, as a source would."""
        for event in events:
            self.check(event)
        self.engine.log.commit(Commit(appends=[self.wire.encode(event) for event in events]))

    def deliver(self, sink: PostalSink) -> Mapping[str, int]:
        """Deliver all that is there."""
        with closing(sink):
            how = Deliver(once=True, check=self.check, partner=AT_ONCE)
            return run_sink(self.engine, self.wire, sink, self.ledger, how)

    def poll(self, source: PostalSource) -> Tally:
        """Read all that is there."""
        with closing(source):
            how = Run(once=True, check=self.check, partner=AT_ONCE, log=AT_ONCE)
            return run_source(self.engine, self.wire, source, how)

    def records(self, topic: str = TOPIC) -> list[Record]:
        """Return all records of a topic, partition by partition."""
        ends = self.engine.log.ends(topic)
        return [record for place, span in ends.items() for record in self.engine.log.read(place, span.first, 10_000)]

    def told(self) -> list[Envelope]:
        """Return what the post told."""
        events = [self.wire.decode(record) for record in self.records()]
        return [event for event in events if event.source == "postal"]

    def letters(self) -> list[Record]:
        """Return all dead letters."""
        return self.records(f"{TOPIC}.dead-letter")

    def close(self) -> None:
        """Close the log and the ledger."""
        self.engine.close()
        self.ledger.close()


def orders_of(store: Store) -> Sequence[str]:
    """Return the numbers of all orders that the post made."""
    return [row[0] for row in store.rows("SELECT order_number FROM orders ORDER BY number")]


def effects(store: Store, service: str, reference: str) -> int:
    """Return how often a service acted under a reference."""
    acted = [call for call in store.calls() if call.acted]
    return len([call for call in acted if (call.service, call.reference) == (service, reference)])


def hasten(store: Store) -> None:
    """Let all rows show up now that would do so in the next second."""
    store.change("UPDATE plans SET due = 0")


def until(holds: Callable[[], bool], patience_s: float = 15.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)
