"""From what a person typed to a plan, a run, and what is told of them: the walk behind the commands of replays."""

from __future__ import annotations

import math
import os
import pwd
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bus.cli.exits import NOT_FOUND, PARTIAL
from bus.cli.moments import zone_of
from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.errors import ConfigError, TopicNotFound
from bus.replays import CURSOR
from replay.asking import Reply
from replay.index.identifiers import DOSSIER
from replay.moments import By
from replay.runs import shelf
from replay.runs.answers import (
    WITHDRAWN,
    Entry,
    cancel_code,
    entries,
    list_answer,
    plan_answer,
    result_answer,
    run_answer,
    run_code,
)
from replay.runs.books import Books, read_books
from replay.runs.plan import Codec, Mask, Pace, Plan
from replay.runs.planning import make_plan
from replay.runs.targets.naming import target_of
from replay.runs.telling import entry_lines, list_row, nothing_lines, plan_lines, result_lines, unreadable_line
from replay.runs.wish import Wish
from replay.runs.words import Speech
from replay.words import lang_of

if TYPE_CHECKING:
    from threading import Event

    from replay.runs.running import Result

FLAT = "flat"
_SLOWEST, _FASTEST = 1e-6, 1e6
_SPEED = re.compile(r"(\d+(?:\.\d+)?)x?")
_LONGEST_REASON = 1000
_LONGEST_KEY = 4096


class Typed(Struct, frozen=True, kw_only=True):
    """The options of ``replay plan``, as they were typed."""

    target: str
    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    key: str | None = None
    dossier: str | None = None
    id: str | None = None
    agency: str | None = None
    start: str | None = None
    end: str | None = None
    by: By = "occurred"
    mask: Mask = "all"
    reason: str | None = None
    pace: str = FLAT
    max_gap: float | None = None
    codec: Codec | None = None
    token: str | None = None
    ca_file: Path | None = None
    allow_http: bool = False


class Overview(Struct, frozen=True, kw_only=True):
    """The answer of ``replay list``: as JSON, as rows of a table with its head, and what else is to be said."""

    data: dict[str, Any]
    head: list[str]
    rows: list[Any]
    talk: list[str]
    code: int


def ask_plan(session: Session, typed: Typed, out: Path | None, lang: str | None) -> Reply:
    """Make a plan and put it on the shelf, and into ``out`` where it is given; one of no records is not kept."""
    if out is not None and out.exists():
        raise ConfigError(f"{out} is there already", hint="Name another file, or delete that one.")
    speech = speech_of(session, lang)
    wish = wish_of(typed, whoami())
    with progress_bar(f"{wish.target.kind}: planning") as progress:
        plan = make_plan(session, wish, progress)
    if not plan.records:
        data = plan_answer(plan) | {"run": None, "digest": None}
        return Reply(data=data, lines=list(nothing_lines(plan, speech)), code=NOT_FOUND)
    _keep(session.settings.data, plan, out)
    lines = [*plan_lines(plan, speech), speech.say("next_run", run=plan.run)]
    return Reply(data=plan_answer(plan), lines=lines, code=PARTIAL if plan.missing else 0)


def ask_run(session: Session, text: str, stop: Event, lang: str | None) -> Reply:
    """Run a plan, or go on with it."""
    from replay.runs.running import How, run_plan

    plan = shelf.find(session.settings.data, text)
    shelf.keep(session.settings.data, plan)  # so that one that was named by its file is listed, too
    with progress_bar(f"Replaying {plan.run}") as progress:
        result = run_plan(session, plan, How(stop=stop, who=whoami(), progress=progress))
    return _result_reply(session, plan, result, lang, run_code(result))


def ask_cancel(session: Session, text: str, lang: str | None) -> Reply:
    """End an unfinished run for good; a plan that was never run is withdrawn."""
    from replay.runs.running import cancel

    plan = shelf.find(session.settings.data, text)
    result = _withdrawn(session, plan) or cancel(session, plan, whoami())
    return _result_reply(session, plan, result, lang, cancel_code(result))


def ask_list(session: Session, lang: str | None) -> Overview:
    """Tell all plans and runs, newest first."""
    speech = speech_of(session, lang)
    shelved, books = shelf.plans(session.settings.data), _books(session)
    found = entries(shelved.plans, books.runs)
    talk = [*shelved.faults, *_unreadable(books, speech)]
    if not found:
        talk.append(speech.say("none_yet"))
    data = {
        "runs": [list_answer(one) for one in found],
        "faults": list(shelved.faults),
        "unreadable": [one.place for one in books.unreadable],
    }
    columns = ("run", "time", "who", "records", "target", "mask", "state", "given", "reason")
    return Overview(
        data=data, head=[speech.say(f"column_{name}") for name in columns],
        rows=[list_row(one, speech) for one in found], talk=talk,
        code=PARTIAL if shelved.faults or books.unreadable else 0,
    )  # fmt: skip


def ask_show(session: Session, text: str, lang: str | None) -> Reply:
    """Tell everything of one plan and its run; of a run whose plan is gone, what the books tell."""
    speech, books = speech_of(session, lang), _books(session)
    one = _entry(session.settings.data, text, books)
    data = {
        "run": one.id,
        "state": one.state,
        "plan": None if one.plan is None else plan_answer(one.plan),
        "progress": None if one.run is None else run_answer(one.run),
        "unreadable": [one.place for one in books.unreadable],
    }
    lines = [*entry_lines(one, speech), *_unreadable(books, speech)]
    return Reply(data=data, lines=lines, code=PARTIAL if books.unreadable else 0)


def wish_of(typed: Typed, who: str) -> Wish:
    """Return what was typed as a wish. Raises ConfigError."""
    reason = (typed.reason or "").strip() or None
    if reason is not None and len(reason) > _LONGEST_REASON:
        raise ConfigError(f"--reason is longer than {_LONGEST_REASON:,} characters", hint="Say it in fewer words.")
    dossier, other = _dossier_and_other(typed)
    return Wish(
        target=target_of(
            typed.target, codec=typed.codec, token=typed.token, ca_file=typed.ca_file, allow_http=typed.allow_http
        ),
        who=who, topics=typed.topics, types=typed.types, agency=typed.agency, key=_key(typed.key), dossier=dossier,
        id=other, start=typed.start, end=typed.end, by=typed.by, mask=typed.mask, reason=reason,
        pace=pace_of(typed.pace, typed.by, typed.max_gap),
    )  # fmt: skip


def _key(text: str | None) -> str | None:
    """Return the key that was typed; ``-`` reads it from stdin, so that no process list shows it."""
    if text != "-":
        return text
    key = sys.stdin.readline(_LONGEST_KEY).strip()
    if not key:
        raise ConfigError("--key - found no key on stdin", hint="Write it as the first line.")
    return key


def _dossier_and_other(typed: Typed) -> tuple[str | None, str | None]:
    """Return the dossier and the other identity that were asked for.

    `--id dossier:CODE` is `--dossier CODE`, so that the run is told in that dossier's history.
    """
    kind, _, value = (typed.id or "").partition(":")
    if kind == DOSSIER and value.strip() not in ("", "-") and typed.dossier is None:
        return value, None
    return typed.dossier, typed.id


def pace_of(text: str, by: By, max_gap: float | None) -> Pace:
    """Return the pace that ``flat``, ``10`` or ``10x`` means; waits of over ``max_gap`` seconds are shortened.

    >>> pace_of("0.5x", "occurred", None).speed
    0.5
    """
    if text == FLAT:
        if max_gap is not None:
            raise ConfigError("--max-gap shortens waits, and a flat pace has none", hint="Give a pace: `--pace 10x`.")
        return Pace(by=by)
    match = _SPEED.fullmatch(text)
    if match is None or not _SLOWEST <= float(match[1]) <= _FASTEST:
        hint = f"Write `{FLAT}`, or how many times as fast, as `10x`: from {_SLOWEST:g} to {_FASTEST:g}."
        raise ConfigError(f"--pace `{text}` is no pace", hint=hint)
    if max_gap is not None and not math.isfinite(max_gap):
        raise ConfigError("--max-gap is no number of seconds", hint="Leave it out, and no wait is shortened.")
    return Pace(speed=float(match[1]), by=by, max_gap_s=max_gap)


def whoami() -> str:
    """Return who runs this process, by the system's own list of users: a variable could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def speech_of(session: Session, lang: str | None) -> Speech:
    """Return who speaks to this person."""
    return Speech(lang_of(lang, session.settings.lang), zone_of(session.settings.zone))


def _keep(data: Path, plan: Plan, out: Path | None) -> None:
    shelf.keep(data, plan)
    if out is None:
        return
    try:
        shelf.write(out, plan)
    except OSError as error:
        raise ConfigError(
            f"the plan cannot be written to {out}: {error.strerror}", hint=f"It stands on the shelf as {plan.run}."
        ) from error


def _withdrawn(session: Session, plan: Plan) -> Result | None:
    """Take a plan that was never run off the shelf; None where its run has begun.

    No run begins meanwhile, since the claim is held. Raises :class:`~bus.errors.Claimed` for one that begins now.
    """
    from replay.runs.running import Result

    name, engine = CURSOR + plan.run, session.standing_engine
    if any(one.name == name and one.value is not None for one in engine.admin.cursors()):
        return None
    claim = engine.claim(name)
    try:
        if claim.value is not None:
            return None
        shelf.withdraw(session.settings.data, plan)
    finally:
        claim.release()
    return Result(
        run=plan.run, outcome=WITHDRAWN, records=0, left_out=0, left=(), bytes=0, seconds=0.0, where=plan.target.where
    )


def _result_reply(session: Session, plan: Plan, result: Result, lang: str | None, code: int) -> Reply:
    run = next((one for one in _books(session).runs if one.id == plan.run), None)
    lines = list(result_lines(plan, result, run, speech_of(session, lang)))
    return Reply(data=result_answer(plan, result, run), lines=lines, code=code)


def _books(session: Session) -> Books:
    """Return the books; without a log nothing was ever run."""
    try:
        engine = session.standing_engine
    except TopicNotFound:
        return Books(runs=(), unreadable=())
    return read_books(engine, session.wire)


def _entry(data: Path, text: str, books: Books) -> Entry:
    """Return what is meant: a plan on the shelf or in a file, or a run whose plan is gone."""
    runs, on_shelf = {run.id: run for run in books.runs}, shelf.ids(data)
    if not shelf.is_file(text):
        text = shelf.id_of(text, [*on_shelf, *runs])
        if text not in on_shelf:
            return Entry(plan=None, run=runs[text])
    plan = shelf.find(data, text)
    return Entry(plan=plan, run=runs.get(plan.run))


def _unreadable(books: Books, speech: Speech) -> Iterator[str]:
    if books.unreadable:
        yield unreadable_line(books.unreadable, speech)
