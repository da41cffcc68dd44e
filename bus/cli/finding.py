"""Finding an event by its id: reads back from the newest records, so that what was just published is found at once.

The log keeps no list of ids; ``dossier history`` and ``event search`` have an index, this is for the id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from msgspec import Struct

from bus.cli.pages import Damaged, read_back
from bus.records import Record
from bus.transport import Transport

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
    backwards = [read_back(log, name, span.first, span.end) for name, span in spans]
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


def _in_turn(sources: Sequence[Iterator[list[Record | Damaged]]]) -> Iterator[list[Record | Damaged]]:
    """Take a page of each partition in turn: an event is seldom far from the end of its own."""
    left = list(sources)
    while left:
        for source in list(left):
            page = next(source, None)
            if page is None:
                left.remove(source)
            else:
                yield page


def _is(one: Record | Damaged, wanted: UUID, source: str | None) -> bool:
    if isinstance(one, Damaged):
        return False
    told = (one.header("ce_id") or b"").decode("utf-8", "replace").lower()
    return told == str(wanted) and (source is None or one.header("ce_source") == source.encode())
