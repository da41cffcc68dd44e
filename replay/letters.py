"""Dead letters as an answer sees them: which are still open, and which of a source's nobody can attribute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bus.deadletters import DECODE, HANDLE, SUFFIX, dead_letter_topic, letter_id, read_letter
from bus.pages import pages
from bus.records import Record
from bus.redrive import SCOPE
from bus.transport import Transport
from replay.moments import Window
from replay.reading import Spans, Told


def with_closed(log: Transport, found: Sequence[Told]) -> Sequence[Told]:
    """Return what was found, with those dead letters marked that were closed since."""
    ids = {one.place: letter_id(one.record.place) for one in found if one.record.topic.endswith(SUFFIX)}
    if not ids:
        return found
    closed = log.seen(SCOPE, list(ids.values()))
    return [replace(one, is_closed=True) if ids.get(one.place) in closed else one for one in found]


def unattributed_letters(log: Transport, spans: Spans, window: Window, topic: str | None = None) -> int:
    """Count the open letters of sources that have no key: they might be about anyone.

    They are read from the dead letters of ``topic``, or of all topics; a damaged record is none of them.
    """
    return sum(window.holds(None, record.timestamp) for record in _open_without_key(log, spans, topic))


def _open_without_key(log: Transport, spans: Spans, topic: str | None) -> Iterator[Record]:
    asked = None if topic is None else dead_letter_topic(topic)
    for name, span in spans.items():
        if name.topic.endswith(SUFFIX) and asked in (None, name.topic):
            for page in pages(log, name, span.first, span.end):
                keyless = [record for record in page.records if not record.key and _is_of_source(record)]
                closed = log.seen(SCOPE, [letter_id(record.place) for record in keyless]) if keyless else ()
                yield from (record for record in keyless if letter_id(record.place) not in closed)


def _is_of_source(record: Record) -> bool:
    """Tell a source's raw item from a record that a group could not use, and from what is no letter at all."""
    return read_letter(record).stage not in ("", DECODE, HANDLE)
