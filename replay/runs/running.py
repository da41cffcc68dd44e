"""The loop of a run: read on, mask, give, and move the bookmark. Whatever kills it, the next one goes on behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from threading import Event

from msgspec import Struct

from bus import retry
from bus.cli.session import Session
from bus.envelope import format_time
from bus.errors import Claimed, ConfigError
from bus.records import NewRecord, Record
from bus.replays import CURSOR
from bus.transport import Commit, CursorClaim, Saved
from replay.reading import Progress
from replay.runs import books, state
from replay.runs.checking import Gaps, check_log, check_whole, key_check, mask_secret, rest
from replay.runs.choice import choice_of
from replay.runs.masking import Masking
from replay.runs.pace import Pacer
from replay.runs.plan import Plan
from replay.runs.state import State, Tally
from replay.runs.stopping import CANCELLED, Stopped, Watch, ask_to_cancel
from replay.runs.target import Header, Target
from replay.runs.targets.opening import open_target
from replay.runs.walk import walk

DONE, PARTIAL = "done", "partial"
"""How a run ends that is not cancelled."""

ALREADY, ASKED = "already", "asked"
"""What else can be answered: it had ended before, or its process was asked to end it."""

_SETTLE_S = 2.0
"""The longest that records which were taken wait for the bookmark."""


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
    began = time.monotonic()
    claim = session.standing_engine.claim(CURSOR + plan.run)
    try:
        known = None if claim.value is None else state.read(claim.value)
        if known is not None and known.is_over:
            return _result(plan, known, ALREADY, began)
        watch = Watch(how.stop, session.standing_engine.log, plan)
        with closing(open_target(session, plan.target, watch.rest)) as target:
            run = _Run(session, plan, how, claim, known, watch, target)
            outcome = run.go()
            return _result(plan, run.state, outcome, began)
    finally:
        claim.release()


def cancel(session: Session, plan: Plan, who: str) -> Result:
    """End an unfinished run for good; a process that runs it stops at its next bookmark. May be repeated.

    Raises ConfigError where the plan was never run.
    """
    began = time.monotonic()
    known = _standing(session, plan)
    ask_to_cancel(session.standing_engine.log, plan)
    try:
        claim = session.standing_engine.claim(CURSOR + plan.run)
    except Claimed:
        return _result(plan, known, ASKED, began)
    try:
        known = state.read(claim.value or b"")
        if known.is_over:
            return _result(plan, known, ALREADY, began)
        _end(session, plan, claim, known, CANCELLED, who)
        return _result(plan, known, CANCELLED, began)
    finally:
        claim.release()


class _Run:
    """One process's part of a run."""

    def __init__(
        self, session: Session, plan: Plan, how: How, claim: CursorClaim, known: State | None, watch: Watch,
        target: Target,
    ) -> None:  # fmt: skip
        self._session, self._plan, self._how, self._claim = session, plan, how, claim
        self._watch, self._target, self._room = watch, target, target.room
        self._log = session.standing_engine.log
        secret = mask_secret(session, plan)
        self.state = known or state.first_state(plan, format_time(datetime.now(UTC)), key_check(secret))
        self._is_new, self._kept = known is None, state.write(self.state)
        self._masking = None if plan.mask == "none" else Masking(session.wire, plan.mask, secret)
        self._tally = Tally(self.state)
        self._held: list[Record] = []
        self._count = self._size = 0
        self._settled_at = time.monotonic()
        check_log(self._log, plan, self.state, secret)

    def go(self) -> str:
        """Give all that is left, and return what came of it."""
        plan, began = self._plan, datetime.fromisoformat(self.state.began)
        started = self._session.wire.encode(books.started(plan, began, self._how.who))
        try:
            self._target.begin(self._header(), self.state.mark)
            if self._is_new:
                self._save([started])
            for records in self._due(self._left()):
                self._give(records)
                self._look_round()
            self._settle()
            check_whole(plan, self.state)
            self._target.finish()
        except Stopped as stopped:
            return self._stop(stopped)
        outcome = PARTIAL if self.state.left_out or plan.missing else DONE
        _end(self._session, plan, self._claim, self.state, outcome, self._how.who)
        return outcome

    # -- from the log -----------------------------------------------------------------------------------

    def _left(self) -> Iterator[Sequence[Record]]:
        plan = self._plan
        parts = [rest(stretch, self._tally.parts[stretch.name]) for stretch in plan.stretches]
        compacted = {spec.name for spec in self._session.standing_engine.admin.topics() if spec.compacted}
        return walk(self._log, parts, choice_of(plan.asked), Gaps(plan, compacted))

    def _due(self, walked: Iterator[Sequence[Record]]) -> Iterator[Sequence[Record]]:
        """Yield records as they come, or when each is due."""
        pacer = Pacer(self._plan.pace)
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
                    self._settle()  # so that what was taken arrives when it is due
                    self._watch.wait_until(due)
                waiting.append(record)
            yield waiting

    # -- to the target ----------------------------------------------------------------------------------

    def _give(self, records: Sequence[Record]) -> None:
        """Give records, in pieces that fit the target's room."""
        mask, held, tally, room = self._masking, self._held, self._tally, self._room
        for record in records:
            given = record if mask is None else tally.masked(mask, record)
            if given is None:
                continue
            size = len(given.value or b"") + len(given.key or b"")
            if self._count and (self._count >= room.records or self._size + size > room.bytes):
                self._settle()
            tally.give(record, size)
            held.append(given)
            self._count += 1
            self._size += size
        self._hand_over()

    def _hand_over(self) -> None:
        if self._held:
            self._target.take(self._held)
            self._held.clear()

    def _look_round(self) -> None:
        """Settle what has waited long enough, and stop where that is wished."""
        if self._watch.is_asked_to_end or time.monotonic() - self._settled_at >= _SETTLE_S:
            self._settle()

    def _settle(self) -> None:
        """Secure what was given, tell how far that is, and stop where that is wished."""
        self._secure()
        self._how.progress(self.state.given, self._plan.records)
        self._watch.look()

    def _secure(self) -> None:
        """Have the target make safe what it took, and move the bookmark with it."""
        self._hand_over()
        self._settled_at = time.monotonic()
        if self._count:
            settled = self._target.settle()
            self.state.mark = settled.mark
            self._count = self._size = 0
            self._save(settled.appends)

    def _save(self, appends: Sequence[NewRecord] = ()) -> None:
        _commit(self._session, self._plan, self._claim, self.state, appends)
        self._kept = state.write(self.state)

    def _stop(self, stopped: Stopped) -> str:
        """Go back to the last bookmark where the target was at work; a cancelled run ends here."""
        if stopped.is_midway:
            self.state = state.read(self._kept)
        if stopped.outcome == CANCELLED:
            _end(self._session, self._plan, self._claim, self.state, CANCELLED, self._how.who)
        return stopped.outcome

    def _header(self) -> Header:
        plan, registry = self._plan, self._session.registry
        schemas = {one.schema_id: registry.schema(one.schema_id) for one in plan.contracts if one.name}
        return Header(run=plan.run, digest=plan.digest, began=self.state.began, records=plan.records, schemas=schemas)


def _commit(
    session: Session, plan: Plan, claim: CursorClaim, reached: State, appends: Sequence[NewRecord]
) -> None:  # fmt: skip
    saved = Saved(name=CURSOR + plan.run, value=state.write(reached), epoch=claim.epoch)
    log = session.standing_engine.log
    retry.call(lambda: log.commit(Commit(appends=appends, cursor=saved)))


def _end(session: Session, plan: Plan, claim: CursorClaim, reached: State, outcome: str, who: str) -> None:
    """Write the run's last event, with the bookmark that says that it is over."""
    reached.outcome = outcome
    ended = books.ended(
        plan, outcome=outcome, records=reached.given, left_out=reached.left_out, size=reached.size, who=who,
        at=datetime.now(UTC),
    )  # fmt: skip
    _commit(session, plan, claim, reached, [session.wire.encode(ended)])


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
