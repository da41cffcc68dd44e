"""The catalogue: which topics there are, which events they carry, and every version of each contract.

``topics.toml`` is the index; ``<domain>/<Event>.avsc`` is an event's newest version, ``<Event>.v1.avsc`` its first.
Schema texts are read when first asked for, because most commands need few of them.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import count
from typing import Any, Literal

NAMESPACE = "vn.lienthong"
_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class TopicEntry:
    """One topic as ``topics.toml`` asks for it.

    ``key`` says in a sentence whose order is kept; ``events`` are event types; ``retention_ms`` None keeps for ever.
    """

    name: str
    key: str
    events: tuple[str, ...]
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention_ms: int | None
    owner: str


@dataclass(frozen=True)
class EventEntry:
    """One event type: the topic that carries it, and its contract in all versions."""

    type: str
    topic: str
    domain: str
    folder: Traversable = field(repr=False, compare=False)

    @property
    def full_name(self) -> str:
        """The Avro record's full name, as ``vn.lienthong.dossier.DossierReceived``."""
        return f"{NAMESPACE}.{self.domain}.{self.type}"

    @property
    def subject(self) -> str:
        """``<topic>-<full name>``: Confluent's TopicRecordNameStrategy."""
        return f"{self.topic}-{self.full_name}"

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The schemas' texts, oldest first."""
        return (*self._older(), self.schema)

    @cached_property
    def schema(self) -> str:
        """The newest version's text."""
        return (self.folder / f"{self.type}.avsc").read_text("utf-8")

    def _older(self) -> Iterator[str]:
        for number in count(1):
            file = self.folder / f"{self.type}.v{number}.avsc"
            if not file.is_file():
                return
            yield file.read_text("utf-8")


class UnknownEvent(KeyError):
    """The catalogue has no such event type."""


class Catalogue:
    """The topics and events that this installation knows, in the order of ``topics.toml``. Never changes."""

    def __init__(self, topics: tuple[TopicEntry, ...], events: tuple[EventEntry, ...]) -> None:
        self.topics = topics
        self.events = events
        self._events = {entry.type: entry for entry in events}
        self._topics = {entry.name: entry for entry in topics}

    def event(self, event_type: str) -> EventEntry:
        """Return the entry of an event type. Raises :class:`UnknownEvent`."""
        found = self._events.get(event_type)
        if found is None:
            raise UnknownEvent(event_type)
        return found

    def topic(self, name: str) -> TopicEntry | None:
        """Return the entry of a topic, or None where the catalogue has none of that name."""
        return self._topics.get(name)


@cache
def load() -> Catalogue:
    """Return this installation's catalogue, read once. Raises ``ValueError`` where ``topics.toml`` is wrong."""
    root = resources.files("schemas")
    return read(tomllib.loads((root / "topics.toml").read_text("utf-8")), root)


def read(content: Mapping[str, Any], root: Traversable) -> Catalogue:
    """Return the catalogue that ``content`` (of a ``topics.toml``) describes, with contracts below ``root``."""
    entries = [(_topic(name, table), table["domain"]) for name, table in content.items()]
    events = tuple(
        EventEntry(event_type, topic.name, domain, root / domain)
        for topic, domain in entries
        for event_type in topic.events
    )
    doubled = {entry.type for entry in events if sum(other.type == entry.type for other in events) > 1}
    if doubled:
        raise ValueError(f"topics.toml names an event type twice: {', '.join(sorted(doubled))}")
    return Catalogue(tuple(topic for topic, _ in entries), events)


def parsed(entry: EventEntry) -> dict[str, Any]:
    """Return the newest contract of an event as parsed JSON. Treat it as read-only: it is shared."""
    return _parsed(entry.schema)


@cache
def _parsed(schema: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(schema)
    return record


def _topic(name: str, table: Mapping[str, Any]) -> TopicEntry:
    days = table.get("retention_days")
    return TopicEntry(
        name=name,
        key=table["key"],
        events=tuple(table["events"]),
        partitions=table["partitions"],
        cleanup=table["cleanup"],
        retention_ms=None if days is None else days * _DAY_MS,
        owner=table["owner"],
    )
