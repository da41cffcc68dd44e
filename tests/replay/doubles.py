"""Small hand-written stand-ins for the tests of ``replay/``: a catalogue of two types, and a wire that speaks JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bus.deadletters import Failure, letter_id, source_letter
from bus.envelope import Envelope, event_id, from_headers, to_headers
from bus.errors import DecodeError, Unmappable
from bus.records import NewRecord, Place, Record
from bus.redrive import SCOPE
from bus.transport import Commit, Engine, Seen, TopicSpec

DOSSIER = "H56.14-261124-0001"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
TOPICS = {"DossierReceived": "dossier.events", "PaymentConfirmed": "payment.events"}

RECEIVED = {
    "type": "record", "name": "DossierReceived", "namespace": "vn.lienthong.dossier",
    "doc": "Hồ sơ đã được tiếp nhận. / The dossier was received.",
    "fields": [
        {"name": "dossierCode", "type": "string", "confluent:tags": ["ID:dossier"]},
        {"name": "applicant", "type": ["null", {"type": "record", "name": "Person", "fields": [
            {"name": "number", "type": "string", "confluent:tags": ["PERSONAL", "ID:citizen"]}]}]},
        {"name": "channel", "type": ["null", "string"]},
    ],
}  # fmt: skip
CONFIRMED = {
    "type": "record", "name": "PaymentConfirmed", "namespace": "vn.lienthong.payment",
    "doc": "Đã thanh toán. / A payment was confirmed.",
    "fields": [{"name": "paymentNumber", "type": "string", "confluent:tags": ["ID:payment"]}],
}  # fmt: skip


def a_catalogue(*, person_tag: str = "ID:citizen") -> Any:
    """Return a catalogue of two event types; another tag stands for contracts that have changed."""
    schemas = {
        "DossierReceived": json.dumps(RECEIVED).replace("ID:citizen", person_tag),
        "PaymentConfirmed": json.dumps(CONFIRMED),
    }
    return SimpleNamespace(
        events=tuple(SimpleNamespace(type=name, schema=text) for name, text in schemas.items()),
        topics=(
            SimpleNamespace(name="dossier.events", key="The dossier code."),
            SimpleNamespace(
                name="payment.events", key="The dossier code where it is known, else the payment's number."
            ),
        ),
    )


class JsonWire:
    """Reads and writes values as JSON; anything else is undecodable."""

    def __init__(self, catalogue: Any | None = None) -> None:
        self.catalogue = catalogue or a_catalogue()

    def encode(self, event: Envelope) -> NewRecord:
        """Return an event's record."""
        value = json.dumps(event.payload).encode()
        return NewRecord(topic=TOPICS[event.type], key=event.key.encode(), value=value, headers=to_headers(event))

    def decode(self, record: Record) -> Envelope:
        """Return a record's event. Raises DecodeError."""
        try:
            return from_headers(record.headers, json.loads(record.value or b""))
        except ValueError as error:
            raise DecodeError(f"{record.place}: the value is no JSON") from error


def an_event(native_id: str = "1", **changes: Any) -> Envelope:
    """Return an event of the dossier, as a source would give it."""
    facts: dict[str, Any] = {
        "type": "DossierReceived", "source": "one-stop", "key": DOSSIER, "time": NOON,
        "payload": {"dossierCode": DOSSIER, "applicant": {"number": "001099012345"}, "channel": "online"},
        "agency": "H56.14", "correlation": DOSSIER,
    }  # fmt: skip
    return Envelope(**{"id": event_id("one-stop", native_id), **facts, **changes})


def another(number: int, **changes: Any) -> Envelope:
    """Return an event of another dossier."""
    code = f"H56.14-261124-{number:04}"
    payload = {"dossierCode": code, "applicant": None, "channel": None}
    return an_event(f"other {number}", **{"key": code, "correlation": code, "payload": payload, **changes})


def later(minutes: float) -> datetime:
    """Return a time after noon."""
    return NOON + timedelta(minutes=minutes)


def publish(engine: Engine, *events: Envelope) -> list[Place]:
    """Append events to the log."""
    return list(engine.log.commit(Commit(appends=[JsonWire().encode(event) for event in events])))


def append_broken(engine: Engine, topic: str = "dossier.events", key: str = "nobody", **headers: str) -> Place:
    """Append a record whose value nobody can read."""
    pairs = tuple((name, text.encode()) for name, text in headers.items())
    record = NewRecord(topic=topic, key=key.encode(), value=b"\xff\x00", headers=pairs)
    return engine.log.commit(Commit(appends=[record]))[0]


def bury(engine: Engine, key: str = DOSSIER, topic: str = "dossier.events") -> Place:
    """Bury a source's row, under the key that its events would have had."""
    failure = Failure(error=Unmappable("the row has no time"), stage="map", by="file-drop")
    record = source_letter(topic, b"a row", failure, origin="a.csv row 1", key=key.encode() or None)
    return engine.log.commit(Commit(appends=[record]))[0]


def close(engine: Engine, place: Place) -> None:
    """Remember a letter as one with which somebody has dealt."""
    engine.log.commit(Commit(seen=[Seen(scope=SCOPE, id=letter_id(place))]))


def make_topics(engine: Engine) -> None:
    """Make the topics that these tests write to."""
    for name in ("dossier.events", "dossier.events.dead-letter", "payment.events"):
        engine.admin.create_topic(TopicSpec(name=name, partitions=2))
