"""From what a person typed to an answer: the walk behind ``dossier history`` and ``event search``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from bus.cli.exits import NOT_FOUND
from bus.cli.moments import zone_of
from bus.cli.overview import checked_topic
from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.errors import ConfigError
from bus.nearest import nearest
from replay.answers import code_of, history_answer, search_answer
from replay.index.identifiers import DOSSIER, Identifier, identifier, kinds
from replay.index.lookup import Found, open_index
from replay.moments import By, window
from replay.reading import Coverage
from replay.search import Matches, Wanted, first_by_time, search
from replay.telling import event_lines, history_lines, history_statement, statement
from replay.timeline import timeline
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
    line = timeline(found.told, found.coverage, within)
    data = history_answer(dossier, line, found.coverage, within)
    lines = [*history_lines(dossier, line, within, words, zone), *_nothing(data, words)]
    lines.extend(history_statement(line, found.coverage, words, zone))
    return Reply(data=data, lines=lines, code=code_of(data))


def ask_search(session: Session, asked: Asked) -> Reply:
    """Find events by time, topic, type, agency or identifier."""
    zone = zone_of(session.settings.zone)
    words = Words(session.catalogue, lang_of(asked.lang, session.settings.lang))
    wanted = Wanted(
        window=window(asked.start, asked.end, asked.by, zone=zone),
        topic=asked.topic, type=asked.type, agency=asked.agency,
    )  # fmt: skip
    matches, coverage = _searched(session, wanted, asked)
    data = search_answer(matches.happenings, matches.total, coverage)
    lines = [line for one in matches.happenings for line in event_lines(one, words, zone)]
    lines.extend(_nothing(data, words))
    if matches.total > len(matches.happenings):
        lines.append(words.say("matched", matched=matches.total, shown=len(matches.happenings)))
    lines.extend(statement(coverage, coverage.unreadable, words, zone))
    lines.extend(_unknown_type(session, asked.type, data, words))
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
        alike = nearest(kind if colon else "", known, cutoff=0.0)
        raise ConfigError(
            f"--id must be KIND:VALUE, with a kind out of {', '.join(known)}", hint=f"Write `--id {alike}:…`."
        )
    if value == "-":
        value = sys.stdin.readline(_LONGEST_VALUE)
    if not value.strip():
        raise ConfigError(
            "--id has no value after its kind", hint=f"Write `--id {kind}:VALUE`, or `{kind}:-` for stdin."
        )
    return identifier(kind, value)


def _searched(session: Session, wanted: Wanted, asked: Asked) -> tuple[Matches, Coverage]:
    if asked.topic is not None:
        checked_topic(session, asked.topic)
    if asked.id is None:
        with progress_bar("Searching") as progress:
            return search(session.standing_engine, session.wire, wanted, asked.most, progress)
    found = look_up(session, wanted_identifier(session, asked.id))
    happenings, total = first_by_time((one for one in found.told if wanted.matches(one)), wanted.window, asked.most)
    coverage = wanted.coverage(found.coverage)
    return Matches(happenings=happenings, total=total, unreadable=coverage.unreadable), coverage


def _nothing(data: dict[str, Any], words: Words) -> Iterator[str]:
    if not data["events"]:
        yield words.say("nothing")


def _unknown_type(session: Session, asked: str | None, data: dict[str, Any], words: Words) -> Iterator[str]:
    """A mistyped type finds nothing: say so, rather than let the reader believe that nothing happened."""
    known = [entry.type for entry in session.catalogue.events]
    if asked is not None and asked not in known and code_of(data) == NOT_FOUND:
        yield words.say("unknown_type", type=asked, nearest=nearest(asked, known, cutoff=0.0))
