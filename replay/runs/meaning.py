"""What a wish means in the log as it is now: which records to read, which of them are meant, and what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from bus.cli.moments import zone_of
from bus.cli.session import Session
from bus.deadletters import SUFFIX
from bus.records import TopicPartition
from bus.replays import BOOKS, is_replay_topic
from bus.transport import Span
from replay.asking import look_up, wanted_identifier
from replay.index.identifiers import DOSSIER, Identifier, identifier
from replay.index.keys import fold, hidden, load_key
from replay.index.lookup import Found
from replay.moments import window
from replay.reading import Spans, spans_of
from replay.runs.choice import Choice, choice_of
from replay.runs.offsets import Runs
from replay.runs.plan import About, Asked, Missing
from replay.runs.walk import Part
from replay.runs.wish import KEY, Wish


class Meant(Struct, frozen=True, kw_only=True):
    """What has to be read, and what of it is meant; ``picked`` where the plan must hold the offsets themselves.

    ``missing`` is what may have been asked for and cannot be given.
    """

    asked: Asked
    parts: Sequence[Part]
    choice: Choice
    picked: bool
    missing: Sequence[Missing]


def meant_by(session: Session, wish: Wish) -> Meant:
    """Return what a wish means now. Raises ConfigError, and what the log and the index raise."""
    within = window(wish.start, wish.end, wish.by, zone=zone_of(session.settings.zone))
    wanted = _wanted(session, wish)
    asked = Asked(
        topics=wish.topics, types=wish.types, agency=wish.agency, first=within.first, last=within.last, by=wish.by,
        about=None if wanted is None else _about(session, wish, wanted),
    )  # fmt: skip
    key = None if wish.key is None else wish.key.encode()
    choice = choice_of(asked, key)
    spans = _spans(session, wish.topics)
    cuts = {name: _cut(session, asked, name, span) for name, span in spans.items()}
    gone = list(_retained(spans, cuts))
    if wanted is None or wanted.kind == KEY:
        parts = [Part(name=name, runs=[cut]) for name, cut in cuts.items()]
        return Meant(asked=asked, parts=parts, choice=choice, picked=key is not None, missing=gone)
    found = look_up(session, wanted)
    return Meant(
        asked=asked, parts=_found_parts(found, spans), choice=choice, picked=True,
        missing=[*gone, *_unsearched(found, spans)],
    )  # fmt: skip


def _spans(session: Session, topics: Sequence[str]) -> Spans:
    """Return what to look at: the topics asked for, else all that carry events and are no copies."""
    engine = session.standing_engine
    if topics:
        return {name: span for topic in topics for name, span in sorted(engine.log.ends(topic).items())}
    return {name: span for name, span in spans_of(engine).items() if _is_history(name.topic)}


def _is_history(topic: str) -> bool:
    """Tell what is meant where no topic is named: copies are not, nor what runs have told of themselves."""
    return not topic.endswith(SUFFIX) and not is_replay_topic(topic) and topic != BOOKS


def _cut(session: Session, asked: Asked, name: TopicPartition, span: Span) -> tuple[int, int]:
    """Return the span without what was accepted outside of the time that is asked for."""
    first, last = asked.window.accepted_first, asked.window.accepted_last
    log = session.standing_engine.log
    start = span.first if first is None else log.offset_at(name, first)
    end = span.end if last is None else log.offset_at(name, last + 1)
    start = min(max(start, span.first), span.end)
    return start, max(start, min(end, span.end))


def _wanted(session: Session, wish: Wish) -> Identifier | None:
    """Return the one identity that is asked for; a record's key counts as one."""
    if wish.key is not None:
        return Identifier(KEY, fold(wish.key))
    if wish.dossier is not None:
        return identifier(DOSSIER, wish.dossier)
    return None if wish.id is None else wanted_identifier(session, wish.id)


def _about(session: Session, wish: Wish, wanted: Identifier) -> About:
    hash_of = hidden(load_key(session.settings.index_key), wanted.kind, wanted.value)
    value = wish.dossier.strip() if wish.dossier is not None else None
    return About(kind=wanted.kind, hidden=f"{hash_of & (1 << 64) - 1:016x}", value=value)


def _found_parts(found: Found, spans: Spans) -> list[Part]:
    places: dict[TopicPartition, list[int]] = {}
    for one in found.told:
        name = TopicPartition(one.record.topic, one.record.partition)
        if name in spans:
            places.setdefault(name, []).append(one.record.offset)
    return [Part(name=name, runs=Runs.of(sorted(set(offsets)))) for name, offsets in places.items()]


# -- what is missing ------------------------------------------------------------------------------------


def _retained(spans: Spans, cuts: Mapping[TopicPartition, tuple[int, int]]) -> Iterator[Missing]:
    """Yield what retention has removed of partitions, where what is asked for reaches back to it."""
    for name, span in spans.items():
        if span.first > 0 and cuts[name][0] == span.first:
            yield Missing(topic=name.topic, partition=name.partition, first=0, end=span.first, reason="retention")


def _unsearched(found: Found, spans: Spans) -> Iterator[Missing]:
    """Yield what the index could not look at, or could not read: it may be about whom was asked for."""
    for gap in found.coverage.gaps:
        if gap.partition in spans:
            yield Missing(
                topic=gap.partition.topic, partition=gap.partition.partition, first=gap.first, end=gap.end,
                reason="unsearched",
            )  # fmt: skip
    for one in found.coverage.unreadable:
        topic, partition, offset = one.place.rsplit("/", 2)
        if TopicPartition(topic, int(partition)) in spans:
            yield Missing(
                topic=topic, partition=int(partition), first=int(offset), end=int(offset) + 1, reason="unreadable",
                code=one.code,
            )  # fmt: skip
