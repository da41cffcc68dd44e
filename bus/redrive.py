"""Listing dead letters, and sending them back to their topics, each exactly once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from msgspec import Struct

from bus import logs, metrics, retry
from bus.deadletters import SUFFIX, Letter, dead_letter_topic, letter_id, parse_place, read_letter, redriven
from bus.errors import CannotRedrive, Duplicate, OffsetOutOfRange
from bus.pages import pages
from bus.records import Place, TopicPartition
from bus.transport import Commit, Engine, Seen, Transport

SCOPE = "redrive"
"""The inbox scope that remembers which letters went back."""

_LOG = logs.logger("bus.redrive")


class Standing(Struct, frozen=True, kw_only=True):
    """A letter, and whether it has been redriven."""

    letter: Letter
    is_redriven: bool


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one letter: ``redriven`` to ``place``, ``already`` redriven before, or ``refused``."""

    letter: Letter
    outcome: str
    place: Place | None = None
    reason: str = ""
    hint: str = ""


def letter_topics(engine: Engine, topic: str | None = None) -> Sequence[str]:
    """Return the dead-letter topic of ``topic``, or all there are. Raises TopicNotFound when it is read."""
    if topic is not None:
        return [dead_letter_topic(topic)]
    return [spec.name for spec in engine.admin.topics() if spec.name.endswith(SUFFIX)]


def letters(engine: Engine, topics: Sequence[str]) -> Iterator[Standing]:
    """Yield the letters that stand at the time of the call, by topic, partition and offset.

    The ends are taken first, so letters that are written meanwhile, as by a redrive, are left for the next call.
    Raises :class:`~bus.errors.TopicNotFound`.
    """
    spans = [(partition, span) for topic in topics for partition, span in sorted(engine.log.ends(topic).items())]
    for partition, span in spans:
        yield from _partition_letters(engine.log, partition, span.first, span.end)


def find_letter(engine: Engine, place: str) -> Standing:
    """Return the letter at ``topic/partition/offset``. Raises ConfigError, TopicNotFound, OffsetOutOfRange."""
    topic, partition, offset = parse_place(place)
    at = TopicPartition(dead_letter_topic(topic), partition)
    spans = engine.log.ends(at.topic)
    span = spans.get(at)
    if span is None:
        raise OffsetOutOfRange(str(at), offset, 0, 0)
    if span.first <= offset < span.end:
        for standing in _partition_letters(engine.log, at, offset, offset + 1):
            return standing
    raise OffsetOutOfRange(str(at), offset, span.first, span.end)


def redrive(engine: Engine, letter: Letter) -> Outcome:
    """Send one letter back, unless that has been done: the record and the memory of it are one commit.

    May be repeated, also after a crash at any point. Raises what the log raises, but for bad letters.
    """
    try:
        record = redriven(letter)
    except CannotRedrive as error:
        return Outcome(letter=letter, outcome="refused", reason=str(error), hint=error.hint)
    commit = Commit(appends=[record], seen=[Seen(scope=SCOPE, id=letter_id(letter.place))])
    try:
        places = retry.call(lambda: engine.log.commit(commit))
    except Duplicate:
        return Outcome(letter=letter, outcome="already")
    metrics.redriven(letter.topic)
    logs.tell(_LOG, logging.INFO, "a dead letter was redriven", letter=str(letter.place), place=str(places[0]))
    return Outcome(letter=letter, outcome="redriven", place=places[0])


def _partition_letters(log: Transport, partition: TopicPartition, start: int, end: int) -> Iterator[Standing]:
    for page in pages(log, partition, start, end):
        known = log.seen(SCOPE, [letter_id(record.place) for record in page.sound()])
        for record in page.records:
            yield Standing(letter=read_letter(record), is_redriven=letter_id(record.place) in known)
