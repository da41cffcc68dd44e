"""From what a person typed to an answer: the walk behind ``dossier history`` and ``event search``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from bus.cli.moments import zone_of
from bus.cli.overview import checked_topic
from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.errors import ConfigError
from bus.nearest import did_you_mean, nearest
from bus.replays import is_replay_topic
from replay.answers import code_of, history_answer, search_answer
from replay.index.identifiers import DOSSIER, Identifier, identifier, kinds
from replay.index.lookup import Found, open_index
from replay.letters import unattributed_letters
from replay.moments import By, Window, window
from replay.reading import Coverage, spans_of
from replay.search import Matches, Wanted, first_by_time, search
from replay.telling import found_lines, history_lines, history_statement, statement
from replay.timeline import buried, timeline
from replay.words import Words, lang_of

_LONGEST_VALUE = 4096


class Asked(Struct, frozen=True, kw_only=True):
    """The options of both commands, as they were typed."""

    start: str | None = None
    end: str | None = None
    by: By = "occurred"
    as_of: str | None = None
    lang: str | None = None
    topic: str | None = None
    type: str | None = None
    agency: str | None = None
    id: str | None = None
    most: int = 100


class Mistyped(NamedTuple):
    """An event type that no contract has, and the one that was probably meant."""

    type: str
    nearest: str | None


class Reply(Struct, frozen=True, kw_only=True):
    """An answer in both of its forms, with the exit code."""

    data: dict[str, Any]
    lines: Sequence[str]
    code: int


def ask_history(session: Session, dossier: str, asked: Asked) -> Reply:
    """Tell what happened to a dossier."""
    zone = zone_of(session.settings.zone)
    within = window(asked.start, asked.end, asked.by, as_of=asked.as_of, zone=zone)
    words = Words(session.catalogue, lang_of(asked.lang, session.settings.lang))
    found = look_up(session, identifier(DOSSIER, dossier))
    coverage = _attributed(session, found.coverage, within)
    line = timeline(found.told, coverage, within)
    data = history_answer(dossier, line, coverage, within)
    lines = [*history_lines(dossier, line, within, words, zone), *_nothing(data, words)]
    lines.extend(history_statement(line, coverage, words, zone))
    return Reply(data=data, lines=lines, code=code_of(data))


def ask_search(session: Session, asked: Asked) -> Reply:
    """Find events by time, topic, type, agency or identifier."""
    zone = zone_of(session.settings.zone)
    words = Words(session.catalogue, lang_of(asked.lang, session.settings.lang))
    wanted = Wanted(
        window=window(asked.start, asked.end, asked.by, zone=zone),
        topic=asked.topic, type=asked.type, agency=asked.agency,
    )  # fmt: skip
    matches, covered = _searched(session, wanted, asked)
    coverage = _attributed(session, covered, wanted.window, asked.topic)
    data = search_answer(matches.happenings, matches.total, coverage)
    lines = [line for one in matches.happenings for line in found_lines(one, words, zone)]
    lines.extend(_nothing(data, words, _unknown_type(session, asked.type)))
    if matches.total > len(matches.happenings):
        lines.append(words.say("matched", matched=matches.total, shown=len(matches.happenings)))
    lines.extend(statement(coverage, coverage.unreadable, words, zone))
    return Reply(data=data, lines=lines, code=code_of(data))


def look_up(session: Session, wanted: Identifier) -> Found:
    """Ask the index, which first catches up with the log."""
    settings = session.settings
    index = open_index(session.standing_engine, session.wire, settings.index, settings.index_key)
    try:
        with progress_bar("Reading the log into the index") as progress:
            return index.find(wanted, progress=progress)
    finally:
        index.close()


def wanted_identifier(session: Session, text: str) -> Identifier:
    """Return what ``KIND:VALUE`` means; ``KIND:-`` reads the value from stdin, so that no process list shows it.

    Raises ConfigError, which never tells the value.
    """
    kind, colon, value = text.partition(":")
    known = sorted(kinds(session.catalogue))
    if not colon or kind not in known:
        sample = f"Write one of them and its value, as `--id {DOSSIER}:H56.14-261124-0001`."
        hint = did_you_mean(kind, known, otherwise=sample) if colon else sample
        raise ConfigError(f"--id must be KIND:VALUE, with a kind out of {', '.join(known)}", hint=hint)
    if value == "-":
        value = sys.stdin.readline(_LONGEST_VALUE)
    if not value.strip():
        raise ConfigError(
            "--id has no value after its kind", hint=f"Write `--id {kind}:VALUE`, or `{kind}:-` for stdin."
        )
    return identifier(kind, value)


def _with_buried(found: Found) -> Coverage:
    """Return a find's coverage, in which the open dead letters that name the identifier count as unread, too."""
    events = {one.event.id for one in found.told if one.event is not None}
    return replace(found.coverage, unreadable=[*found.coverage.unreadable, *buried(found.told, events)])


def _searched(session: Session, wanted: Wanted, asked: Asked) -> tuple[Matches, Coverage]:
    if asked.topic is not None:
        checked_topic(session, asked.topic)
    if asked.id is None:
        with progress_bar("Searching") as progress:
            return search(session.standing_engine, session.wire, wanted, asked.most, progress)
    if asked.topic is not None and is_replay_topic(asked.topic):
        raise ConfigError(
            f"--id asks the index, which does not know the copies in {asked.topic}",
            hint="Leave out `--topic` to find the events themselves, or `--id` to search the copies.",
        )
    found = look_up(session, wanted_identifier(session, asked.id))
    happenings, total = first_by_time((one for one in found.told if wanted.matches(one)), wanted.window, asked.most)
    coverage = wanted.coverage(_with_buried(found))
    return Matches(happenings=happenings, total=total, unreadable=coverage.unreadable), coverage


def _attributed(session: Session, coverage: Coverage, within: Window, topic: str | None = None) -> Coverage:
    """Return the coverage with the number of letters that may be about anyone."""
    log, spans = session.standing_engine.log, spans_of(session.standing_engine, topic)
    return replace(coverage, unattributed=unattributed_letters(log, spans, within, topic))


def _nothing(data: dict[str, Any], words: Words, mistyped: Mistyped | None = None) -> Iterator[str]:
    """A mistyped type finds nothing: say so, rather than let the reader believe that nothing happened."""
    if not data["events"]:
        yield words.say("nothing")
        if mistyped is not None:
            name = "unknown_type" if mistyped.nearest is None else "mistyped"
            yield words.say(name, type=mistyped.type, nearest=mistyped.nearest)


def _unknown_type(session: Session, asked: str | None) -> Mistyped | None:
    known = [entry.type for entry in session.catalogue.events]
    return None if asked is None or asked in known else Mistyped(asked, nearest(asked, known))
