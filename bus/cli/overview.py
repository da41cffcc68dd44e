"""Topics as they stand and as the catalogue asks for them, side by side. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from bus.deadletters import SUFFIX, dead_letter_topic
from bus.errors import CorruptRecord, TopicNotFound
from bus.nearest import did_you_mean
from bus.records import Record, TopicPartition
from bus.replays import is_replay_topic
from bus.topics import wanted_topics
from bus.transport import Engine, GroupState, Span, TopicSpec, Transport

if TYPE_CHECKING:
    from bus.cli.session import Session
    from schemas.catalogue import Catalogue, TopicEntry

STANDS, MISSING, UNKNOWN, DIFFERS, REPLAY = "stands", "missing", "unknown", "differs", "replay"
"""A topic stands as the catalogue asks, is asked for and not made yet, is not asked for, stands otherwise, or is a
private one for replays, which the catalogue has nothing to do with.
"""


class TopicView(Struct, frozen=True, kw_only=True):
    """One topic: as it stands (``spec``, ``spans``, ``groups``) and as the catalogue asks (``wanted``, ``entry``).

    A topic of dead letters has its own topic's ``entry``.
    """

    name: str
    spec: TopicSpec | None
    wanted: TopicSpec | None
    entry: TopicEntry | None
    spans: Mapping[TopicPartition, Span]
    groups: Sequence[GroupState]

    @property
    def state(self) -> str:
        """How it stands to the catalogue."""
        if self.spec is None:
            return MISSING
        if self.wanted is None:
            return REPLAY if is_replay_topic(self.name) else UNKNOWN
        return STANDS if self.spec == self.wanted else DIFFERS

    @property
    def is_letters(self) -> bool:
        """Say whether it holds dead letters."""
        return self.name.endswith(SUFFIX)

    @property
    def offsets(self) -> int:
        """How many offsets can be read: so many records, or fewer where compaction left gaps."""
        return sum(span.end - span.first for span in self.spans.values())

    @property
    def lags(self) -> Mapping[str, int]:
        """Each group's records that are not yet handled."""
        return {
            group: sum(one.end - one.next for one in self.groups if one.group == group)
            for group in sorted({one.group for one in self.groups})
        }


def topic_views(engine: Engine, catalogue: Catalogue) -> Sequence[TopicView]:
    """Return all topics that stand or are asked for: in the catalogue's order, then the others by name."""
    standing = {spec.name: spec for spec in engine.admin.topics()}
    wanted = {spec.name: spec for spec in wanted_topics(catalogue)}
    groups = engine.admin.groups()
    return [
        TopicView(
            name=name,
            spec=standing.get(name),
            wanted=wanted.get(name),
            entry=catalogue.topic(name.removesuffix(SUFFIX)),
            spans=engine.log.ends(name) if name in standing else {},
            groups=[one for one in groups if one.partition.topic == name],
        )
        for name in (*wanted, *(name for name in standing if name not in wanted))
    ]


def checked_topic(session: Session, name: str) -> str:
    """Return ``name`` if such a topic stands. Raises :class:`~bus.errors.TopicNotFound` with the nearest name."""
    known = [spec.name for spec in session.standing_engine.admin.topics()]
    if name in known:
        return name
    raise TopicNotFound(f"there is no topic `{name}`", hint=did_you_mean(name, known) or None)


def check_letters_of(session: Session, topic: str) -> None:
    """Raise :class:`~bus.errors.TopicNotFound` with the nearest topic unless ``topic`` has one of dead letters."""
    names = [spec.name for spec in session.standing_engine.admin.topics()]
    known = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
    if dead_letter_topic(topic) not in names:
        raise TopicNotFound(f"there are no dead letters of a topic `{topic}`", hint=did_you_mean(topic, known) or None)


def event_topics(session: Session) -> Sequence[str]:
    """Return the topics that carry events, by name: all but the dead letters'."""
    topics = session.standing_engine.admin.topics()
    return [spec.name for spec in topics if not spec.name.endswith(SUFFIX)]


def newest_records(log: Transport, spans: Mapping[TopicPartition, Span]) -> Iterator[Record]:
    """Yield each partition's newest record; a damaged one is left out, as ``doctor`` reads all and names it."""
    for name, span in spans.items():
        try:
            yield from log.read(name, max(span.end - 1, span.first), 1)
        except CorruptRecord:
            continue
