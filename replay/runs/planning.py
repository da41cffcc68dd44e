"""Making a plan: what is asked for is looked up and read through once, and nothing goes anywhere."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from bus.cli.overview import checked_topic
from bus.cli.session import Session
from bus.errors import ConfigError, TopicNotFound
from bus.nearest import did_you_mean
from replay.reading import Progress
from replay.runs.meaning import meant_by
from replay.runs.plan import Plan, sealed
from replay.runs.survey import Survey
from replay.runs.targets.growing import check_free
from replay.runs.targets.topic import how_to_make
from replay.runs.walk import walk
from replay.runs.wish import Wish

_NONCE_BYTES = 8
_GIVING_S = {"avro": 8e-6, "jsonl": 20e-6, "topic": 20e-6, "http": 200e-6}
"""Seconds that a record takes at its target beside reading and masking, as measured on two cores; bench/replay.py."""


def make_plan(session: Session, wish: Wish, progress: Progress) -> Plan:
    """Return a plan for what is in the log now, sealed; it may be for no records at all.

    Raises ConfigError for a wish that cannot be, TopicNotFound, and what the log and the index raise.
    """
    _check(session, wish)
    began = time.monotonic()
    meant = meant_by(session, wish)
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
            missing=(*meant.missing, *survey.missing),
            records=survey.records,
            bytes=survey.bytes,
            undated=survey.undated,
            occurred=survey.occurred,
            accepted=survey.accepted,
            types=survey.types(),
            contracts=survey.contracts(),
            classes=survey.classes(),
            takes_s=round(waits_s + reads_s + survey.records * _GIVING_S[wish.target.kind], 1),
        )
    )


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
    if name in wish.topics:
        raise ConfigError(f"`{name}` cannot be replayed into itself", hint="Name another topic as the target.")
    if name not in [spec.name for spec in session.standing_engine.admin.topics()]:
        raise TopicNotFound(f"there is no topic `{name}`", hint=how_to_make(name))
