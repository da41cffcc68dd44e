"""What the tests of the payment connector share: a configuration, requests, a simulator, and a house for the parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from msgspec.structs import replace

from bus.envelope import Envelope, event_id
from bus.records import Record
from bus.registry import open_registry
from bus.retry import RetryPolicy
from bus.rules import value_rules
from bus.transport import Commit, Engine
from bus.transports import open_engine
from bus.wire import Wire
from connectors.delivery import Deliver, run_sink
from connectors.ingress import Door, Intake, make_app
from connectors.ledger import Ledger, open_ledger
from connectors.payment import connector
from connectors.payment.config import Settings, load
from connectors.payment.exchange import PaymentExchange
from connectors.payment.silent import SilentPayments
from connectors.payment.simulator import PARTNER, PLATFORM_SECRET, TERMINAL, VNPAY_SECRET
from connectors.payment.simulator.books import Order
from connectors.payment.webhook import PaymentWebhook
from connectors.runtime import Run, run_source
from registry.apply import apply_catalogue
from schemas.catalogue import load as load_catalogue

AT_ONCE = RetryPolicy(attempts=8, timeout_s=20.0, first_wait_s=0.001, max_wait_s=0.01)
ASKED_AT = datetime(2026, 6, 9, 1, 15, tzinfo=UTC)
PAYER = "Nguyễn Thị Mẫu"
NUMBER = "038190000001"
BOTH = ("DVCQG", "VNPAY")


def code(text: str, system: str) -> dict[str, Any]:
    return {"code": text, "codeSystem": system, "validAt": None}


def money(amount: int | str) -> dict[str, Any]:
    return {"amount": Decimal(amount).quantize(Decimal("0.01")), "currency": "VND"}


def a_dossier(number: int) -> str:
    return f"H31.14-260609-{number:04}"


def a_reference(number: int) -> str:
    return f"{a_dossier(number)}-20260609081500"


def a_fee(amount: int, kind: str = "2") -> dict[str, Any]:
    return {"amount": money(amount), "kind": code(kind, "ONE-STOP-FEE-KIND"), "code": None, "name": "Lệ phí"}


def a_request(number: int, gateway: str = "DVCQG", amount: int = 50_000, **changes: Any) -> Envelope:
    """Return a PaymentRequested as a one-stop system tells it; ``changes`` are of its payload."""
    payer = {
        "name": PAYER, "number": code(NUMBER, "VN-PERSON"), "kind": None, "portalAccount": None, "phone": None,
        "email": None, "address": None,
    }  # fmt: skip
    payload = {
        "dossierCode": code(a_dossier(number), "VN-DOSSIER"), "reference": a_reference(number), "amount": money(amount),
        "fees": [a_fee(amount)], "state": code("cho-thanh-toan", "VN-PAYMENT-STATE"),
        "method": code("truc-tuyen", "ONE-STOP-METHOD"), "gateway": code(gateway, "VN-PAYMENT-GATEWAY"),
        "purpose": None, "procedure": code("1.001193", "VN-PROCEDURE"), "collectingAgency": None,
        "beneficiaryAccount": None, "beneficiaryBank": None, "payer": payer, "description": None, "dueAt": None,
        "sourceTime": None, "rawHash": None,
    }  # fmt: skip
    return Envelope(
        id=event_id("one-stop", a_reference(number), f"{gateway}{amount}"), type="PaymentRequested", source="one-stop",
        key=a_dossier(number), correlation=a_dossier(number), time=ASKED_AT, payload={**payload, **changes},
    )  # fmt: skip


def with_payload(event: Envelope, **changes: Any) -> Envelope:
    """Return an event with other values in its payload."""
    return replace(event, payload={**event.payload, **changes})


def an_order(number: int, gateway: str = "DVCQG", **changes: Any) -> Order:
    """Return a payment at its gateway that was made ten minutes after it was asked for."""
    whole = Order(a_reference(number), gateway, 50_000, "20260609081500", "20260609081502", "20260609082500",
                  f"77{number:06}", "NCB")  # fmt: skip
    return whole._replace(**changes)


def write_config(folder: Path, base_url: str, *, platform_secret: str = PLATFORM_SECRET, **changes: Any) -> Path:
    """Write a configuration and its secrets into a folder; None takes a key away."""
    (folder / "platform.secret").write_text(platform_secret, "utf-8")
    (folder / "vnpay.secret").write_text(VNPAY_SECRET, "utf-8")
    keys: dict[str, Any] = {
        "agency": "H31", "interval_s": 0.01, "settles_after_s": 0.0, "notice_window_h": 0, "read_timeout_s": 1,
        "dvcqg": {"base_url": base_url, "partner": PARTNER, "secret": "file:platform.secret"},
        "vnpay": {"base_url": base_url, "terminal": TERMINAL, "secret": "file:vnpay.secret",
                  "return_url": "https://motcua.example.vn/ve"},
    }  # fmt: skip
    file = folder / "payment.yaml"
    kept = {name: value for name, value in (keys | changes).items() if value is not None}
    file.write_text(yaml.safe_dump(kept), "utf-8")
    return file


def settings_of(folder: Path, base_url: str = "http://127.0.0.1:1", **changes: Any) -> Settings:
    """Return checked settings."""
    return load(write_config(folder, base_url, **changes))


def link_of(event: Envelope) -> str:
    """Return the link by which a payment that was opened is paid."""
    return str(event.payload["payUrl"])


def follow(link: str) -> int:
    """Open a link as a citizen's browser does, and return the status."""
    parts = urlsplit(link)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().status
    finally:
        connection.close()


def until(holds: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class House:
    """A log with the catalogue's topics, a ledger, a door, and the connector's parts once it is moved into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Engine = open_engine("sqlite://")
        self._registry = open_registry("sqlite://")
        catalogue = load_catalogue()
        apply_catalogue(self.engine, self._registry, catalogue)
        self.wire = Wire(self._registry, catalogue)
        self._rules = value_rules(catalogue)
        self.ledger: Ledger = open_ledger(f"sqlite:///{folder / 'connectors.db'}")
        self._hooks: dict[str, Any] = {}
        intake = Intake(self.engine.log, self.wire, check=self._rules)
        self.door = Door(make_app(intake, self._hooks, lambda: (True, {})))
        self.exchange: PaymentExchange
        self.silent: SilentPayments

    @property
    def notify(self) -> str:
        """Where gateways send their notices."""
        return f"http://127.0.0.1:{self.door.port}/hooks/payment"

    def move_in(self, base_url: str, **changes: Any) -> None:
        """Open the connector's parts over gateways at this address."""
        for part in connector.open(write_config(self.folder, base_url, **changes)):
            part.keep(self.ledger)  # type: ignore[union-attr]
            if isinstance(part, PaymentWebhook):
                self._hooks[part.name] = part
            elif isinstance(part, PaymentExchange):
                self.exchange = part
            elif isinstance(part, SilentPayments):
                self.silent = part

    def publish(self, *events: Envelope) -> None:
        """Put events into the log."""
        self.engine.log.commit(Commit(appends=[self.wire.encode(event) for event in events]))

    def deliver(self) -> None:
        """Let the exchange do what is there, and what comes of it."""
        how = Deliver(once=True, check=self._rules, partner=AT_ONCE)
        run_sink(self.engine, self.wire, self.exchange, self.ledger, how)

    def ask(self) -> None:
        """Let the source ask about what is silent."""
        run_source(self.engine, self.wire, self.silent, Run(once=True, check=self._rules, partner=AT_ONCE))

    def records(self, topic: str = "payment.events") -> list[Record]:
        """Return all records of a topic."""
        log = self.engine.log
        spans = log.ends(topic).items()
        return [record for partition, span in spans for record in log.read(partition, span.first, 10_000)]

    def told(self, event_type: str = "") -> list[Envelope]:
        """Return all events, or those of a type."""
        events = [self.wire.decode(record) for record in self.records()]
        return [event for event in events if event_type in ("", event.type)]

    def differences(self) -> list[str]:
        """Return what reconciliations have found."""
        return sorted(str(event.payload["difference"]["code"]) for event in self.told("PaymentReconciled"))

    def letters(self) -> list[Record]:
        """Return all dead letters."""
        return self.records("payment.events.dead-letter")

    def close(self) -> None:
        """Let go of everything."""
        for part in (getattr(self, "exchange", None), getattr(self, "silent", None)):
            if part is not None:
                part.close()
        self.ledger.close()
        self.engine.close()
        self._registry.close()


@contextmanager
def a_house(folder: Path) -> Iterator[House]:
    """Open a house with its door."""
    house = House(folder)
    try:
        with house.door:
            yield house
    finally:
        house.close()


def later(hours: float) -> Callable[[], int]:
    """Return a clock that is so many hours ahead."""
    return lambda: int((datetime.now(UTC) + timedelta(hours=hours)).timestamp() * 1000)


def types(events: Sequence[Envelope]) -> list[str]:
    return sorted(event.type for event in events)
