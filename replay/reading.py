"""What a search found and how complete it is: the frozen data that history and search share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from bus.deadletters import SUFFIX, dead_letter_topic, read_letter
from bus.envelope import Envelope, parse_time
from bus.errors import ContractError, InvalidEnvelope
from bus.records import Record, TopicPartition
from bus.replays import is_replay_topic
from bus.transport import Engine, Span

if TYPE_CHECKING:
    from bus.wire import Wire

Spans: TypeAlias = Mapping[TopicPartition, Span]
Progress: TypeAlias = Callable[[int, int], None]
"""Told how many records are done, and how many there are."""


class Told(Struct, frozen=True, kw_only=True):
    """A record with the event that it tells; without one, ``code`` says why it could not be read.

    ``is_closed`` marks a dead letter that was redriven, settled or discarded: nobody has to deal with it any more.
    """

    record: Record
    event: Envelope | None
    code: str = ""
    is_closed: bool = False

    @property
    def place(self) -> str:
        """Where it stands: ``topic/partition/offset``."""
        return str(self.record.place)


class Unreadable(Struct, frozen=True, kw_only=True):
    """A record that was met and could not be read; its times are None where nothing tells them."""

    place: str
    code: str
    accepted: int | None = None
    occurred: int | None = None


class Gap(Struct, frozen=True, kw_only=True):
    """Offsets of a partition, half open, that were not searched, and why."""

    partition: TopicPartition
    first: int
    end: int
    reason: str


class Coverage(Struct, frozen=True, kw_only=True):
    """What was searched, what was not, and what could not be read. ``searched_at`` is in milliseconds UTC.

    ``retained`` counts the partitions that no longer begin with their first record, ``unattributed`` the dead letters
    that may be about anyone. ``is_whole`` tells that no topic was left out.
    """

    searched_at: int
    spans: Spans
    gaps: Sequence[Gap] = ()
    unreadable: Sequence[Unreadable] = ()
    notes: Sequence[str] = ()
    retained: int = 0
    unattributed: int = 0
    is_whole: bool = False


def told(wire: Wire, record: Record) -> Told:
    """Read a record; a dead letter is never read, since its bytes are those that no one could use."""
    if record.topic.endswith(SUFFIX):
        return Told(record=record, event=None, code=read_letter(record).code)
    try:
        return Told(record=record, event=wire.decode(record))
    except ContractError as error:
        return Told(record=record, event=None, code=error.code)


def spans_of(engine: Engine, asked: str | None = None) -> Spans:
    """Return the spans of all topics of history, by topic and partition.

    What replays wrote are copies, no history: of their topics only the one that is asked for, with its dead letters.
    """
    spans: dict[TopicPartition, Span] = {}
    for name in (spec.name for spec in engine.admin.topics()):
        if not is_replay_topic(name) or (asked is not None and name in (asked, dead_letter_topic(asked))):
            spans |= engine.log.ends(name)
    return dict(sorted(spans.items()))


def retained(spans: Spans) -> int:
    """Return how many partitions no longer begin with their first record."""
    return sum(span.first > 0 for span in spans.values())


def milliseconds_of(event: Envelope) -> int:
    """Return when an event happened, in milliseconds since 1970."""
    return round(event.time.timestamp() * 1000)


def unreadable(one: Told) -> Unreadable:
    """Return what can be said of a record that told no event."""
    return Unreadable(
        place=one.place, code=one.code, accepted=one.record.timestamp, occurred=occurred_header(one.record)
    )


def occurred_header(record: Record) -> int | None:
    """Return when a record's header says that its event happened; None if it does not say."""
    try:
        return round(parse_time(record.text("ce_time")).timestamp() * 1000)
    except InvalidEnvelope:
        return None
