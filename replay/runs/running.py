"""The loop of a run: read on, mask, give, and move the bookmark. Whatever kills it, the next one goes on behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from threading import Event

from msgspec import Struct

from bus.cli.session import Session
from bus.errors import Claimed, ConfigError
from bus.records import Record
from bus.replays import CURSOR
from replay.index.keys import load_key
from replay.reading import Progress
from replay.runs import shelf, state
from replay.runs.bookmark import Bookmark
from replay.runs.checking import Gaps, check_log, check_whole, key_check, rest
from replay.runs.choice import choice_of
from replay.runs.giving import Giver
from replay.runs.masking import Masking
from replay.runs.pace import Pacer
from replay.runs.plan import Plan
from replay.runs.pseudonyms import secret_of_run
from replay.runs.state import State
from replay.runs.stopping import CANCELLED, Stopped, Watch, ask_to_cancel
from replay.runs.target import RunFacts
from replay.runs.targets.opening import open_target
from replay.runs.walk import walk

DONE, PARTIAL = "done", "partial"
"""How a run ends that is not cancelled."""

ALREADY, ASKED = "already", "asked"
"""What else can be answered: it had ended before, or its process was asked to end it."""


class How(Struct, frozen=True, kw_only=True):
    """How to run: ``stop`` ends it behind the records in hand; ``progress`` hears how far it is; ``who`` runs it."""

    stop: Event
    who: str
    progress: Progress


class Result(Struct, frozen=True, kw_only=True):
    """What came of it: records and bytes given by the whole run, and how many could not be masked, with some places.

    ``seconds`` are those of this process alone; ``ended`` is how the run has ended, empty before.
    """

    run: str
    outcome: str
    records: int
    left_out: int
    left: tuple[str, ...]
    bytes: int
    seconds: float
    where: str
    ended: str = ""


def run_plan(session: Session, plan: Plan, how: How) -> Result:
    """Run a plan to its end, or go on with it; a plan is run once.

    Raises :class:`~bus.errors.Claimed` while another process runs it, :class:`~bus.errors.PlanOutdated`, and what the
    log and the target raise: then nothing is lost, and the same call goes on.
    """
    began, log = time.monotonic(), session.standing_engine.log
    secret = secret_of_run(load_key(session.settings.index_key), plan.digest)
    with closing(Bookmark(session, plan, how.who, key_check(secret))) as bookmark:
        if bookmark.state.is_over:
            return _result(plan, bookmark.state, ALREADY, began)
        shelf.keep(session.settings.data, plan)  # whoever goes on looks for it there, wherever it came from
        check_log(log, plan, bookmark.state, secret)
        watch = Watch(how.stop, log, plan)
        masking = None if plan.mask == "none" else Masking(session.wire, plan.mask, secret)
        with closing(open_target(session, plan.target, watch.rest)) as target:
            giver = Giver(target, bookmark, masking, lambda reached: _hear(reached, plan, how, watch))
            outcome = _run(session, plan, bookmark, giver, watch)
            return _result(plan, bookmark.state, outcome, began)


def cancel(session: Session, plan: Plan, who: str) -> Result:
    """End an unfinished run for good; a process that runs it stops at its next bookmark. May be repeated.

    Raises ConfigError where the plan was never run.
    """
    began = time.monotonic()
    known = _standing(session, plan)
    ask_to_cancel(session.standing_engine.log, plan)
    try:
        bookmark = Bookmark(session, plan, who, known.key_check)
    except Claimed:
        return _result(plan, known, ASKED, began)
    with closing(bookmark):
        if bookmark.state.is_over:
            return _result(plan, bookmark.state, ALREADY, began)
        bookmark.end(CANCELLED)
        return _result(plan, bookmark.state, CANCELLED, began)


def _run(session: Session, plan: Plan, bookmark: Bookmark, giver: Giver, watch: Watch) -> str:
    """Give all that is left, and return what came of it."""
    try:
        giver.begin(_facts(session, plan, bookmark.state))
        for records in _due(_left(session, plan, bookmark.state), plan, giver, watch):
            giver.give(records)
            if watch.is_asked_to_end or giver.is_due:
                giver.settle()
        giver.settle()
        check_whole(plan, bookmark.state)
        giver.finish()
    except Stopped as stopped:
        return _stop(stopped, bookmark)
    outcome = PARTIAL if bookmark.state.left_out or plan.missing else DONE
    bookmark.end(outcome)
    return outcome


def _stop(stopped: Stopped, bookmark: Bookmark) -> str:
    """Go back to the last bookmark where the target was at work; a cancelled run ends here."""
    if stopped.is_midway:
        bookmark.go_back()
    if stopped.outcome == CANCELLED:
        bookmark.end(CANCELLED)
    return stopped.outcome


def _left(session: Session, plan: Plan, reached: State) -> Iterator[Sequence[Record]]:
    """Yield what is left of the plan, in order."""
    parts = {part.name: part for part in reached.parts}
    left = [rest(stretch, parts[stretch.name]) for stretch in plan.stretches]
    engine = session.standing_engine
    compacted = {spec.name for spec in engine.admin.topics() if spec.compacted}
    return walk(engine.log, left, choice_of(plan.asked), Gaps(plan, compacted))


def _due(
    walked: Iterator[Sequence[Record]], plan: Plan, giver: Giver, watch: Watch
) -> Iterator[Sequence[Record]]:  # fmt: skip
    """Yield records as they come, or when each is due; before a wait, what was taken is made safe, so it arrives."""
    pacer = Pacer(plan.pace)
    if pacer.is_flat:
        yield from walked
        return
    origin = time.monotonic()
    for records in walked:
        waiting: list[Record] = []
        for record in records:
            due = origin + pacer.due_s(record)
            if due > time.monotonic():
                yield waiting
                waiting = []
                giver.settle()
                watch.wait_until(due)
            waiting.append(record)
        yield waiting


def _hear(reached: State, plan: Plan, how: How, watch: Watch) -> None:
    """Tell how far the run is, and stop where that is wished."""
    how.progress(reached.given, plan.records)
    watch.look()


def _facts(session: Session, plan: Plan, reached: State) -> RunFacts:
    schemas = {one.schema_id: session.registry.schema(one.schema_id) for one in plan.contracts if one.name}
    return RunFacts(run=plan.run, digest=plan.digest, began=reached.began, records=plan.records, schemas=schemas)


def _standing(session: Session, plan: Plan) -> State:
    """Return how far a run has come, without taking it from its process. Raises ConfigError where it never began."""
    for cursor in session.standing_engine.admin.cursors():
        if cursor.name == CURSOR + plan.run and cursor.value is not None:
            return state.read(cursor.value)
    raise ConfigError(f"the plan {plan.run} was never run", hint="`lienthong replay list` shows what was.")


def _result(plan: Plan, reached: State, outcome: str, began: float) -> Result:
    return Result(
        run=plan.run, outcome=outcome, records=reached.given, left_out=reached.left_out, left=tuple(reached.left),
        bytes=reached.size, seconds=round(time.monotonic() - began, 3), where=plan.target.where,
        ended=reached.outcome,
    )  # fmt: skip
