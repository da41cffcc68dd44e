"""Listing dead letters, sending them back to their topics, settling and discarding them: each exactly once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from bus import logs, metrics, retry
from bus.deadletters import SUFFIX, Letter, dead_letter_topic, letter_id, parse_place, read_letter, redriven
from bus.errors import CannotRedrive, ConfigError, Duplicate, OffsetOutOfRange
from bus.pages import pages
from bus.records import NewRecord, Place, TopicPartition
from bus.settlements import DISCARDED, REDRIVEN, SETTLED, Settlement, read_settlement, settlement_of
from bus.transport import Commit, Engine, Seen, Transport

SCOPE = "redrive"
"""The inbox scope that remembers which letters are closed, in whatever way: a letter is closed once."""

_BY_WORD = {SETTLED: "settle", DISCARDED: "discard"}
"""The inbox scopes that remember which of these were closed by a person's word."""

_LOG = logs.logger("bus.redrive")


class Standing(Struct, frozen=True, kw_only=True):
    """A letter, and how it was closed: ``redriven``, ``settled`` or ``discarded``; empty while it is open."""

    letter: Letter
    closed: str = ""

    @property
    def is_open(self) -> bool:
        """Say whether somebody still has to deal with it."""
        return not self.closed


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one letter: ``redriven`` to ``place``, ``settled`` or ``discarded`` there, ``already`` closed, or
    ``refused``.
    """

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
        _refuse_settlement(engine.log, at, offset)
        for standing in _partition_letters(engine.log, at, offset, offset + 1):
            return standing
    raise OffsetOutOfRange(str(at), offset, span.first, span.end)


def redrive(engine: Engine, letter: Letter, reason: str = "") -> Outcome:
    """Send one letter back, unless that has been done: the record and the memory of it are one commit.

    A ``reason`` is told beside the letter. May be repeated, also after a crash at any point. Raises ConfigError for a
    reason that is none, and what the log raises, but for bad letters.
    """
    try:
        record = redriven(letter)
    except CannotRedrive as error:
        return Outcome(letter=letter, outcome="refused", reason=str(error), hint=error.hint)
    beside = [settlement_of(letter, REDRIVEN, reason, datetime.now(UTC))] if reason else []
    place = _closed(engine.log, letter, [record, *beside], scopes=(SCOPE,))
    if place is None:
        return Outcome(letter=letter, outcome="already")
    metrics.redriven(letter.topic)
    logs.tell(_LOG, logging.INFO, "a dead letter was redriven", letter=str(letter.place), place=str(place))
    return Outcome(letter=letter, outcome=REDRIVEN, place=place)


def dismiss(engine: Engine, letter: Letter, kind: str, reason: str) -> Outcome:
    """Close one letter by a person's word, unless it is closed: the settlement and the memory of it are one commit.

    ``kind`` is ``settled`` or ``discarded``. May be repeated. Raises ConfigError for a reason that is none, and what
    the log raises.
    """
    record = settlement_of(letter, kind, reason, datetime.now(UTC))
    place = _closed(engine.log, letter, [record], scopes=(SCOPE, _BY_WORD[kind]))
    if place is None:
        return Outcome(letter=letter, outcome="already")
    logs.tell(_LOG, logging.INFO, f"a dead letter was {kind}", letter=str(letter.place), place=str(place))
    return Outcome(letter=letter, outcome=kind, place=place)


def find_settlement(engine: Engine, letter: Letter) -> Settlement | None:
    """Return how, when and why a letter was closed: that stands in the letter's own partition, behind it.

    None where nobody gave a reason for its redrive.
    """
    at = TopicPartition(letter.place.topic, letter.place.partition)
    end = engine.log.ends(at.topic)[at].end
    return next(
        (one for one in _settlements(engine.log, at, letter.place.offset + 1, end) if _is_of(one, letter)), None
    )


def settlements(engine: Engine, topics: Sequence[str]) -> Mapping[str, Settlement]:
    """Return all settlements in these topics, by the places of their letters."""
    spans = [(partition, span) for topic in topics for partition, span in engine.log.ends(topic).items()]
    return {
        one.letter: one
        for partition, span in spans
        for one in _settlements(engine.log, partition, span.first, span.end)
    }


def _settlements(log: Transport, partition: TopicPartition, start: int, end: int) -> Iterator[Settlement]:
    for page in pages(log, partition, start, end):
        for record in page.records:
            found = read_settlement(record)
            if found is not None:
                yield found


def _is_of(settlement: Settlement, letter: Letter) -> bool:
    return settlement.letter == str(letter.place)


def _closed(log: Transport, letter: Letter, records: Sequence[NewRecord], *, scopes: Sequence[str]) -> Place | None:
    """Append what closes a letter, and return the first one's place; None if the letter was closed before."""
    seen = [Seen(scope=scope, id=letter_id(letter.place)) for scope in scopes]
    commit = Commit(appends=records, seen=seen)
    try:
        return retry.call(lambda: log.commit(commit))[0]
    except Duplicate:
        return None


def _refuse_settlement(log: Transport, at: TopicPartition, offset: int) -> None:
    for record in log.read(at, offset, 1):
        settlement = read_settlement(record) if record.offset == offset else None
        if settlement is not None:
            raise ConfigError(
                f"{record.place} is no dead letter: it tells why the one at {settlement.letter} is closed",
                hint=f"`lienthong deadletter show {settlement.letter}`",
            )


def _partition_letters(log: Transport, partition: TopicPartition, start: int, end: int) -> Iterator[Standing]:
    for page in pages(log, partition, start, end):
        records = [record for record in page.sound() if read_settlement(record) is None]
        ids = [letter_id(record.place) for record in records]
        closed = dict.fromkeys(log.seen(SCOPE, ids), REDRIVEN)
        for kind, scope in _BY_WORD.items():
            closed |= dict.fromkeys(log.seen(scope, ids), kind)
        for record, one in zip(records, ids, strict=True):
            yield Standing(letter=read_letter(record), closed=closed.get(one, ""))
