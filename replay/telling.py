"""The same answers for people: one line an event, then what was searched and what was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from bus.cli.moments import as_clock
from bus.replays import BOOKS
from replay.moments import Window
from replay.reading import Coverage, Unreadable
from replay.timeline import Happening, Timeline
from replay.words import Words

_NAMED = 5
_INDENT = " " * 21


def history_lines(dossier: str, line: Timeline, window: Window, words: Words, zone: tzinfo) -> Iterator[str]:
    """Yield a dossier's story."""
    head = words.say("dossier", dossier=dossier, count=len(line.happenings), zone=zone)
    if window.as_of is not None:
        head += f" ({words.say('as_of', time=as_clock(window.as_of, zone))})"
    yield head
    for one in line.happenings:
        yield from event_lines(one, words, zone)
    # Who copied a dossier has moved it no further.
    last = next((one for one in reversed(line.happenings) if not one.place.startswith(f"{BOOKS}/")), None)
    if last is not None:
        yield words.say("now", title=words.title(last.event.type), time=as_clock(last.occurred, zone))


def found_lines(one: Happening, words: Words, zone: tzinfo) -> Iterator[str]:
    """Yield an event that a search found: as in a history, with what it belongs to."""
    yield from event_lines(one, words, zone, of=one.event.correlation or one.event.key)


def event_lines(one: Happening, words: Words, zone: tzinfo, *, of: str = "") -> Iterator[str]:
    """Yield an event: when, what, of what, who says so and where; then its details and what led to it."""
    event = one.event
    who = f"{words.agency(event)} · {event.source}" if event.agency else event.source
    what = f"{words.title(event.type)} [{event.type}]"
    yield "  ".join(part for part in (as_clock(one.occurred, zone), what, of, who, one.place) if part)
    details = [words.details(event), _cause(one, words)]
    if any(details):
        yield _INDENT + "; ".join(detail for detail in details if detail)


def _cause(one: Happening, words: Words) -> str:
    if one.because is None:
        return ""
    return words.say("because", title=words.title(one.because_type), place=one.because)


def history_statement(line: Timeline, coverage: Coverage, words: Words, zone: tzinfo) -> Iterator[str]:
    """Yield what stands behind a history: searched, unread, buried, repeated and left out."""
    yield from statement(coverage, line.unreadable, words, zone)
    if line.dead_letters:
        yield words.say("dead_letters", count=len(line.dead_letters), places=_places(line.dead_letters, words))
    if line.repeats:
        yield words.say("repeats", count=line.repeats)
    if line.conflicts:
        yield words.say("conflicts", places=", ".join(line.conflicts[:_NAMED]), count=len(line.conflicts))
    if line.outside:
        yield words.say("outside", count=line.outside)
    if line.later:
        yield words.say("later", count=line.later)


def statement(coverage: Coverage, unreadable: Sequence[Unreadable], words: Words, zone: tzinfo) -> Iterator[str]:
    """Yield the sentences of completeness."""
    yield from coverage.notes
    if not coverage.spans:
        yield words.say("no_topics")
        return
    records = sum(span.end - span.first for span in coverage.spans.values())
    time = as_clock(coverage.searched_at, zone)
    topics = len({name.topic for name in coverage.spans})
    said = "searched_all" if coverage.is_whole else "searched"
    yield words.say(said, topics=topics, partitions=len(coverage.spans), records=records, time=time)
    for gap in coverage.gaps:
        yield words.say("gap", place=gap.partition, first=gap.first, last=gap.end - 1, reason=gap.reason)
    if coverage.retained:
        yield words.say("retained", count=coverage.retained)
    if unreadable:
        yield words.say("unreadable", count=len(unreadable), places=_places(unreadable, words))
    if coverage.unattributed:
        yield words.say("unattributed", count=coverage.unattributed)


def _places(ones: Sequence[Unreadable], words: Words) -> str:
    named = [f"{one.place} ({one.code})" if one.code else one.place for one in ones[:_NAMED]]
    if len(ones) > _NAMED:
        named.append(words.say("more", count=len(ones) - _NAMED))
    return ", ".join(named)
