"""Watching the log: what is there merged by the time it was accepted, then what comes. Changes nothing."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo

from bus.cli.moments import moment_of
from bus.cli.output import printable, talk
from bus.cli.overview import checked_topic, event_topics
from bus.cli.session import Session
from bus.cli.told import Told, tell
from bus.errors import ConfigError
from bus.nearest import did_you_mean
from bus.pages import Damaged, Found, read_between
from bus.records import Record, TopicPartition
from bus.transport import Span, Transport

_PATIENCE_S = 10.0
Starts = Callable[[TopicPartition, Span], int]
Beginning = str | int
Note = Callable[[str], None]


def begin_at(text: str, zone: tzinfo) -> Beginning:
    """Return what ``--from`` means: ``beginning``, ``end``, or a moment. Raises :class:`~bus.errors.ConfigError`."""
    return text if text in ("beginning", "end") else moment_of(text, zone) or 0


def watch_told(
    session: Session, topics: Sequence[str], begin: Beginning, types: Sequence[str], *, follow: bool
) -> Iterator[Told]:
    """Yield what these topics, or all of them, tell; of the named types only, but damaged records always."""
    log = session.standing_engine.log
    named = [checked_topic(session, topic) for topic in dict.fromkeys(topics)] or event_topics(session)
    _check_types(session, types)
    wanted = {name.encode() for name in types}
    for found in watch(log, named, starts_at(log, begin), follow=follow, note=talk):
        if not wanted or isinstance(found, Damaged) or found.header("ce_type") in wanted:
            yield tell(session.wire, found)


def starts_at(log: Transport, begin: Beginning) -> Starts:
    """Return where each partition is to begin."""
    if begin == "beginning":
        return lambda _name, span: span.first
    if begin == "end":
        return lambda _name, span: span.end
    moment = int(begin)
    return lambda name, span: min(max(log.offset_at(name, moment), span.first), span.end)


def watch(log: Transport, topics: Sequence[str], start: Starts, *, follow: bool, note: Note) -> Iterator[Found]:
    """Yield records from ``start`` to the ends seen at the beginning, and with ``follow`` for ever what comes after.

    Each round is merged by the time of acceptance. ``note`` hears of records that retention took before they were read.
    """
    version = log.wait(0, 0)
    spans = _spans(log, topics)
    positions = {name: start(name, span) for name, span in spans.items()}
    while True:
        yield from merged(log, {name: (positions[name], span.end) for name, span in spans.items()})
        positions |= {name: max(positions[name], span.end) for name, span in spans.items()}
        if not follow:
            return
        version = log.wait(version, _PATIENCE_S)
        spans = _spans(log, topics)
        for name, span in spans.items():
            if positions.setdefault(name, span.first) < span.first:
                note(f"{name}: offsets {positions[name]} to {span.first - 1} were removed before they could be shown.")
                positions[name] = span.first


def merged(log: Transport, ranges: Mapping[TopicPartition, tuple[int, int]]) -> Iterator[Found]:
    """Yield what stands in these ranges by the time of acceptance; a partition's own order is kept."""
    readers = [read_between(log, name, first, end) for name, (first, end) in ranges.items() if first < end]
    return heapq.merge(*readers, key=_accepted)


def _accepted(found: Record | Damaged) -> int:
    return found.timestamp


def _spans(log: Transport, topics: Sequence[str]) -> Mapping[TopicPartition, Span]:
    return {name: span for topic in topics for name, span in sorted(log.ends(topic).items())}


def _check_types(session: Session, types: Sequence[str]) -> None:
    """Raise :class:`~bus.errors.ConfigError` for a type that neither the catalogue nor the registry has."""
    known = {entry.type for entry in session.catalogue.events}
    if all(name in known for name in types):
        return
    known |= {subject.rpartition(".")[2] for subject in session.registry.subjects()}
    for name in types:
        if name not in known:
            hint = did_you_mean(name, sorted(known), otherwise="`lienthong schema list` shows them.")
            raise ConfigError(f"there is no event type `{printable(name[:100])}`", hint=hint)
