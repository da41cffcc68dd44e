"""Stand-ins for the tests of the runtime: a source over a list, and ways for it to misbehave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bus.envelope import Envelope, event_id
from bus.errors import ContractError, LienthongError, Unmappable, Unreadable
from bus.records import Record, TopicPartition
from bus.transport import Engine, TopicSpec
from connectors.sdk import Batch, Fetched

TOPIC = "dossier.events"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


class ListSource:
    """Brings the texts of a list, two at a time; `!` cannot be read, `?` cannot be mapped, `-` tells nothing."""

    def __init__(self, texts: Sequence[str], *, name: str = "list", outages: Sequence[LienthongError] = ()) -> None:
        self.texts = list(texts)
        self.name, self.topic, self.interval_s = name, TOPIC, 0.01
        self.outages = list(outages)
        self.fetches: list[bytes | None] = []

    def fetch(self, cursor: bytes | None) -> Batch:
        """Return the next two texts."""
        self.fetches.append(cursor)
        if self.outages:
            raise self.outages.pop(0)
        start = int(cursor or b"0")
        items = [self._item(start + place, text) for place, text in enumerate(self.texts[start : start + 2])]
        end = start + len(items)
        return Batch(items=items, cursor=str(end).encode(), more=end < len(self.texts))

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return one event for each letter of a text."""
        if item.value == "?":
            raise Unmappable("no activity of that name", hint="Add it to `events:`.")
        return [an_event(letter, source=self.name) for letter in item.value if letter != "-"]

    def close(self) -> None:
        """Nothing to let go of."""

    def _item(self, place: int, text: str) -> Fetched:
        fault: ContractError | None = Unreadable("no text") if text == "!" else None
        return Fetched(raw=text.encode(), value=None if fault else text, place=f"list row {place + 1}", fault=fault)


def an_event(letter: str, *, source: str = "list") -> Envelope:
    """Return the event that a letter tells."""
    return Envelope(
        id=event_id(source, letter), type="DossierReceived", source=source, key="H56.14-261124-0001", time=NOON,
        payload={"n": letter},
    )  # fmt: skip


def make_topics(engine: Engine) -> None:
    """Create the topic of the tests and that of its dead letters."""
    for name in (TOPIC, f"{TOPIC}.dead-letter"):
        engine.admin.create_topic(TopicSpec(name=name, partitions=1))


def records(engine: Engine, topic: str = TOPIC) -> Sequence[Record]:
    """Return all records of a topic."""
    return engine.log.read(TopicPartition(topic, 0), 0, 1000)
