"""Making a plan: what is asked for is looked up and read through once, and nothing goes anywhere."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bus.cli.moments import zone_of
from bus.cli.overview import checked_topic
from bus.cli.session import Session
from bus.deadletters import SUFFIX
from bus.errors import ConfigError, TopicNotFound
from bus.nearest import did_you_mean
from bus.records import TopicPartition
from bus.replays import PREFIX, is_replay_topic
from bus.transport import Span
from replay.asking import look_up, wanted_identifier
from replay.index.identifiers import DOSSIER, Identifier, identifier
from replay.index.keys import fold, hidden, load_key
from replay.index.lookup import Found
from replay.moments import By, window
from replay.reading import Progress, Spans, spans_of
from replay.runs.books import TOPIC as BOOKS
from replay.runs.choice import Choice, choice_of
from replay.runs.plan import About, Asked, Mask, Missing, Pace, Plan, TargetSpec, runs_of, sealed
from replay.runs.survey import Survey
from replay.runs.targets.growing import check_free
from replay.runs.walk import Part, walk

KEY = "key"
_NONCE_BYTES = 8
_GIVING_S = {"avro": 8e-6, "jsonl": 20e-6, "topic": 20e-6, "http": 200e-6}
"""Seconds that a record takes at its target beside reading and masking, as measured on two cores; bench/replay.py."""


class Wish(Struct, frozen=True, kw_only=True):
    """What a person asks for, as it was typed. Of ``key``, ``dossier`` and ``id`` (``KIND:VALUE``) one may be given."""

    target: TargetSpec
    who: str
    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    agency: str | None = None
    key: str | None = None
    dossier: str | None = None
    id: str | None = None
    start: str | None = None
    end: str | None = None
    by: By = "occurred"
    mask: Mask = "all"
    reason: str | None = None
    pace: Pace = Pace()


class _Meant(Struct, frozen=True, kw_only=True):
    """What has to be read, and what of it is meant; ``picked`` where the plan must hold the offsets themselves."""

    asked: Asked
    spans: Mapping[TopicPartition, Span]
    parts: Sequence[Part]
    choice: Choice
    picked: bool
    missing: Sequence[Missing] = ()


def make_plan(session: Session, wish: Wish, progress: Progress) -> Plan:
    """Return a plan for what is in the log now, sealed; it may be for no records at all.

    Raises ConfigError for a wish that cannot be, TopicNotFound, and what the log and the index raise.
    """
    _check(session, wish)
    began = time.monotonic()
    meant = _meant(session, wish)
    survey = Survey(session.wire, session.standing_engine, wish.mask, wish.pace, picks=meant.picked)
    total = sum(end - first for part in meant.parts for first, end in part.runs)
    log = session.standing_engine.log
    for records in walk(log, meant.parts, meant.choice, survey.gap):
        survey.take(records)
        progress(survey.records, total)
    waits_s, reads_s = survey.waits_s, time.monotonic() - began
    return sealed(
        Plan(
            made=round(time.time() * 1000),
            nonce=secrets.token_hex(_NONCE_BYTES),
            who=wish.who,
            reason=wish.reason,
            asked=meant.asked,
            target=wish.target,
            mask=wish.mask,
            pace=wish.pace,
            stretches=survey.stretches(meant.parts),
            missing=(*_retained(meant), *meant.missing, *survey.missing),
            records=survey.records,
            bytes=survey.bytes,
            undated=survey.undated,
            occurred=survey.occurred,
            accepted=survey.accepted,
            types=dict(survey.types.most_common()),
            contracts=survey.contracts(),
            classes=survey.classes(),
            takes_s=round(waits_s + reads_s + survey.records * _GIVING_S[wish.target.kind], 1),
        )
    )


# -- may it be asked for --------------------------------------------------------------------------------


def _check(session: Session, wish: Wish) -> None:
    if wish.mask == "none" and not (wish.reason or "").strip():
        raise ConfigError(
            "to hide nothing needs a reason, which is recorded", hint="Add `--reason TEXT`, or leave `--mask none` out."
        )
    if sum(one is not None for one in (wish.key, wish.dossier, wish.id)) > 1:
        raise ConfigError("of --key, --dossier and --id one can be asked for", hint="Make a plan for each.")
    for topic in wish.topics:
        checked_topic(session, topic)
    known = [entry.type for entry in session.catalogue.events]
    for name in wish.types:
        if name not in known:
            hint = did_you_mean(name, known, otherwise="`lienthong schema list` has them all.")
            raise ConfigError(f"the contracts have no event type `{name}`", hint=hint)
    if wish.target.kind == "topic":
        _check_topic(session, wish)
    if wish.target.kind in ("avro", "jsonl"):
        check_free(Path(wish.target.where))


def _check_topic(session: Session, wish: Wish) -> None:
    name = wish.target.where
    if not is_replay_topic(name):
        raise ConfigError(
            f"a replay goes to no topic but `{PREFIX}…`: `{name}` holds what happens now, or happened",
            hint=f"`--target {PREFIX}NAME`; `lienthong topic apply --replay {PREFIX}NAME` makes one.",
        )
    if name in wish.topics:
        raise ConfigError(f"`{name}` cannot be replayed into itself", hint="Name another topic as the target.")
    if name not in [spec.name for spec in session.standing_engine.admin.topics()]:
        raise TopicNotFound(f"there is no topic `{name}`", hint=f"`lienthong topic apply --replay {name}` makes it.")


# -- what is meant --------------------------------------------------------------------------------------


def _meant(session: Session, wish: Wish) -> _Meant:
    spans = _spans(session, wish.topics)
    within = window(wish.start, wish.end, wish.by, zone=zone_of(session.settings.zone))
    wanted = _wanted(session, wish)
    asked = Asked(
        topics=wish.topics, types=wish.types, agency=wish.agency, first=within.first, last=within.last, by=wish.by,
        about=None if wanted is None else _about(session, wish, wanted),
    )  # fmt: skip
    key = None if wish.key is None else wish.key.encode()
    choice = choice_of(asked, key)
    if wanted is None or wanted.kind == KEY:
        parts = [Part(name=name, runs=[_cut(session, asked, name, span)]) for name, span in spans.items()]
        return _Meant(asked=asked, spans=spans, parts=parts, choice=choice, picked=key is not None)
    found = look_up(session, wanted)
    return _Meant(
        asked=asked, spans=spans, parts=_found_parts(found, spans), choice=choice, picked=True,
        missing=list(_unsearched(found, spans)),
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
    return [Part(name=name, runs=runs_of(iter(sorted(set(offsets))))) for name, offsets in places.items()]


# -- what is missing ------------------------------------------------------------------------------------


def _retained(meant: _Meant) -> Iterator[Missing]:
    """Yield what retention has removed of partitions, where it may have been asked for."""
    if meant.asked.first is not None and meant.asked.by == "accepted":
        # Whether the range reaches back to what was removed shows at the first record that is left.
        begins = {part.name: part.runs[0][0] for part in meant.parts if part.runs}
        spans = {name: span for name, span in meant.spans.items() if begins.get(name) == span.first}
    else:
        spans = dict(meant.spans)
    for (topic, partition), span in spans.items():
        if span.first > 0:
            yield Missing(topic=topic, partition=partition, first=0, end=span.first, reason="retention")


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
