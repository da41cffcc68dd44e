"""Finding an event by its id: reads back from the newest records, so that what was just published is found at once.

The log keeps no list of ids; ``dossier history`` and ``event search`` have an index, this is for the id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from uuid import UUID

from msgspec import Struct

from bus.deadletters import dead_letter_topic
from bus.envelope import Envelope
from bus.pages import Damaged, Found, read_back, read_between
from bus.partitioner import partition_of
from bus.records import Record, TopicPartition
from bus.transport import Transport

_PAGE = 200
Progress = Callable[[int, int | None], None]


class Search(Struct, frozen=True, kw_only=True):
    """What a search found, and how much of the log it read: ``searched`` of ``offsets``, newest first."""

    record: Record | None
    topics: Sequence[str]
    searched: int
    offsets: int
    damaged: Sequence[str]

    @property
    def is_whole(self) -> bool:
        """Say whether everything was read."""
        return self.searched >= self.offsets and not self.damaged


def find_event(
    log: Transport, topics: Sequence[str], wanted: UUID, progress: Progress, *, source: str | None = None
) -> Search:
    """Return the newest record of an event by its id, and by its source where that is named.

    The ends are taken first. Raises :class:`~bus.errors.TopicNotFound`.
    """
    spans = [(name, span) for topic in topics for name, span in sorted(log.ends(topic).items())]
    offsets = sum(span.end - span.first for _, span in spans)
    backwards = [read_back(log, name, span.first, span.end, _PAGE) for name, span in spans]
    searched, damaged = 0, list[str]()
    record = None
    for page in _in_turn(backwards):
        searched += len(page)
        damaged += [one.place for one in page if isinstance(one, Damaged)]
        record = next((one for one in reversed(page) if _is(one, wanted, source)), None)
        if record is not None:
            break
        progress(searched, offsets)
    return Search(
        record=record if isinstance(record, Record) else None,
        topics=topics,
        searched=offsets if record is None else searched,  # offsets that compaction left empty are searched as well
        offsets=offsets,
        damaged=damaged,
    )


class Rereader:
    """Finds one event after another on a topic. Those that are asked for in the order of the log are read once."""

    def __init__(self, log: Transport, topic: str) -> None:
        self._log, self._topic = log, topic
        self._ahead: dict[int, Iterator[Found]] = {}

    def find(self, event: Envelope, progress: Progress) -> Record | None:
        """Return the record of this id and source, on the topic or in its dead letters; None if it is gone."""
        spans = self._log.ends(self._topic)
        ahead = self._ahead.get(partition_of(event.key.encode(), len(spans)), iter(()))
        for one in islice(ahead, _PAGE):
            if isinstance(one, Record) and _is(one, event.id, event.source):
                return one
        topics = [self._topic, dead_letter_topic(self._topic)]
        record = find_event(self._log, topics, event.id, progress, source=event.source).record
        if record is not None and record.topic == self._topic:
            name = TopicPartition(record.topic, record.partition)
            self._ahead[record.partition] = read_between(self._log, name, record.offset + 1, spans[name].end)
        return record


def _in_turn(sources: Sequence[Iterator[list[Found]]]) -> Iterator[list[Found]]:
    """Take a page of each partition in turn: an event is seldom far from the end of its own."""
    left = list(sources)
    while left:
        for source in list(left):
            page = next(source, None)
            if page is None:
                left.remove(source)
            else:
                yield page


def _is(one: Found, wanted: UUID, source: str | None) -> bool:
    if isinstance(one, Damaged):
        return False
    return one.text("ce_id").lower() == str(wanted) and (source is None or one.header("ce_source") == source.encode())
