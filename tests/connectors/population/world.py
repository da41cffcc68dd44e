"""What the tests of the population connector share: looks, a configuration, a log, and a partner that says anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
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
from connectors.delivery import Deliver, run_sink
from connectors.ledger import Entry, open_ledger
from connectors.population import connector
from connectors.population.simulator import SECRET, UNIT, USERNAME, Simulator
from connectors.population.simulator.looks import TABLES, looked
from connectors.sdk import Exchange, Sink
from connectors.simulation import Store
from registry.apply import apply_catalogue
from schemas.catalogue import load as load_catalogue

ENDPOINT = "/XacThucThongTinCongDan"
TOPIC = "citizen.events"
DOSSIER = "H31.14-250626-0001"
NUMBER, NAME, BORN = "034190001234", "Nguyễn Thị Hạnh", "19900512"
OFFICIAL = "033085000009"
AT = datetime(2025, 6, 26, 1, 15, tzinfo=UTC)
AT_ONCE = RetryPolicy(attempts=8, timeout_s=20.0, first_wait_s=0.001, max_wait_s=0.01)


def code(text: str, system: str) -> dict[str, Any]:
    return {"code": text, "codeSystem": system, "validAt": None}


def an_asked(request: str = "H31-250626-000001", *, dossier: str = DOSSIER, **changes: Any) -> Envelope:
    """Return a look that a dossier asks for; ``changes`` are fields of its payload."""
    payload = {
        "dossierCode": code(dossier, "VN-DOSSIER"),
        "requestNumber": request,
        "service": code("003", "VN-POPULATION-SERVICE"),
        "procedure": code("1.004616.000.00.00.H31", "VN-PROCEDURE"),
        "legalBasis": None,
        "askingAgency": code("H31.14", "VN-AGENCY"),
        "officerNumber": code(OFFICIAL, "VN-PERSON"),
        "person": code(NUMBER, "VN-PERSON"),
        "fullName": NAME,
        "birthDate": BORN,
        "fieldsAsked": ["HoVaTen", "NgayThangNamSinh"],
        "sourceTime": None,
        "rawHash": None,
    } | changes
    return Envelope(
        id=event_id("one-stop", request), type="CitizenLookupAsked", source="one-stop", key=dossier, time=AT,
        payload=payload, agency="H31", correlation=dossier,
    )  # fmt: skip


def write_config(folder: Path, base_url: str, **changes: Any) -> Path:
    """Write a configuration and its secret into a folder; None takes a key away."""
    (folder / "population.secret").write_text(SECRET, "utf-8")
    keys = {
        "base_url": base_url, "username": USERNAME, "secret": "file:population.secret", "unit": UNIT,
        "read_timeout_s": 1,
    }  # fmt: skip
    kept = {name: value for name, value in (keys | changes).items() if value is not None}
    file = folder / "population.yaml"
    file.write_text(yaml.safe_dump(kept), "utf-8")
    return file


def open_exchange(folder: Path, base_url: str, **changes: Any) -> Exchange:
    """Open the exchange over a partner."""
    (exchange,) = connector.open(write_config(folder, base_url, **changes))
    assert isinstance(exchange, Exchange)
    return exchange


def request_of(**changes: str) -> dict[str, str]:
    """Return a request as the partner's profile has it."""
    return {
        "maYeuCau": "R-1", "maTichHop": "003", "maDVC": "1.004616", "maCanBo": OFFICIAL, "maDonVi": "H31.14",
        "thoiGianYeuCau": "20250626081500", "soDinhDanh": NUMBER, "hoVaTen": NAME.upper(), "ngayThangNam": BORN,
    } | changes  # fmt: skip


class SaysAnything:
    """A partner that gives the same answer to whatever is asked, and remembers what was."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.asked: list[Mapping[str, str]] = []

    def verify(self, fields: Mapping[str, str]) -> bytes:
        """Return the answer."""
        self.asked.append(fields)
        return self.body

    def close(self) -> None:
        """Nothing to let go of."""


def an_answer(**changes: Any) -> bytes:
    """Return a good answer to :func:`an_asked`; ``changes`` spoil it."""
    good = {
        "maLoi": "0", "thongBao": "Thành công", "maYeuCau": "H31-250626-000001", "thoiGian": "20250626081512",
        "ketQua": "1", "truongKhop": ["SoDinhDanh", "HoVaTen", "NgayThangNamSinh"], "CongDan": {"SoDinhDanh": NUMBER},
    } | changes  # fmt: skip
    return json.dumps(good).encode()


class Log:
    """A log with the catalogue's topics, a ledger beside it, and the way of an exchange through both."""

    def __init__(self, registry: SchemaRegistry, folder: Path) -> None:
        self.engine: Engine = open_engine("sqlite://")
        self.catalogue = load_catalogue()
        apply_catalogue(self.engine, registry, self.catalogue)
        self.wire = Wire(registry, self.catalogue)
        self.ledger = open_ledger(f"sqlite:///{folder}/connectors.db")

    def publish(self, *events: Envelope) -> None:
        """Put events into the log, as a source would."""
        check = value_rules(self.catalogue)
        for event in events:
            check(event)
        self.engine.log.commit(Commit(appends=[self.wire.encode(event) for event in events]))

    def run(self, sink: Sink) -> Mapping[str, int]:
        """Deliver all that is there."""
        how = Deliver(once=True, check=value_rules(self.catalogue), partner=AT_ONCE)
        return run_sink(self.engine, self.wire, sink, self.ledger, how)

    def records(self, topic: str = TOPIC) -> list[Record]:
        """Return all records of a topic, partition by partition."""
        ends = self.engine.log.ends(topic)
        return [record for place, span in ends.items() for record in self.engine.log.read(place, span.first, 10_000)]

    def answers(self) -> list[Envelope]:
        """Return what was answered."""
        events = [self.wire.decode(record) for record in self.records()]
        return [event for event in events if event.type == "CitizenLookupAnswered"]

    def letters(self) -> list[Record]:
        """Return all dead letters."""
        return self.records(f"{TOPIC}.dead-letter")

    def entries(self) -> Sequence[Entry]:
        """Return the ledger's rows."""
        return list(self.ledger.entries())

    def close(self) -> None:
        """Close the log and the ledger."""
        self.engine.close()
        self.ledger.close()


def opened_log(registry: SchemaRegistry, folder: Path) -> Iterator[Log]:
    """Open a log for a test."""
    with closing(Log(registry, folder)) as log:
        yield log


def drawn(folder: Path, seed: int, count: int) -> dict[str, list[str]]:
    """Return request numbers by the outcome that chance gives them."""
    found: dict[str, list[str]] = {"0": [], "1": [], "": []}
    with closing(Store(folder, "drawn", TABLES)) as store:
        for place in range(count):
            answer = looked(store, seed, request_of(maYeuCau=f"R-{place}"))
            found[answer.get("ketQua", "")].append(f"R-{place}")
    return {"match": found["1"], "no-match": found["0"], "not-found": found[""]}


def looks_of(simulator: Simulator) -> list[tuple[str, str]]:
    """Return the trail: request numbers and outcomes."""
    return [tuple(row) for row in simulator.store.rows("SELECT request_number, outcome FROM looks ORDER BY rowid")]


def texts(value: Any) -> Iterator[str]:
    """Yield every text of an answer, however deep."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from texts(inner)
