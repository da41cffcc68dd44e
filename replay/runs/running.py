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
from bus.errors import Claimed, ConfigError, Duplicate
from bus.records import NewRecord, Record
from bus.replays import CURSOR
from bus.transport import Commit, CursorClaim, Saved, Seen
from replay.reading import Progress
from replay.runs import books, state
from replay.runs.checking import Gaps, check_log, check_whole, key_check, mask_secret, rest
from replay.runs.choice import choice_of
from replay.runs.masking import Masking
from replay.runs.pace import Pacer
from replay.runs.plan import Plan
from replay.runs.state import State, Tally
from replay.runs.target import Header, Target
from replay.runs.targets.opening import open_target
from replay.runs.walk import walk

DONE, PARTIAL, CANCELLED = "done", "partial", "cancelled"
"""How a run ends."""

INTERRUPTED, ALREADY, ASKED = "interrupted", "already", "asked"
"""What else can be answered: it may be run on, it had ended before, its process was asked to end it."""

CANCELS = "replay-cancel"
"""The inbox scope that remembers which runs are to be cancelled: a running process looks there."""

_SETTLE_S = 2.0
"""The longest that records which were taken wait for the bookmark."""

_LOOK_S = 0.5


class How(Struct, frozen=True, kw_only=True):
    """How to run: ``stop`` ends it behind the records in hand; ``progress`` hears how far it is; ``who`` runs it."""

    stop: Event
    who: str
    progress: Progress


class Result(Struct, frozen=True, kw_only=True):
    """What came of it: records and bytes given by the whole run, and how many could not be masked, with some places.

    ``seconds`` are those of this process alone.
    """

    run: str
    outcome: str
    records: int
    left_out: int
    left: tuple[str, ...]
    bytes: int
    seconds: float
    where: str


class _Stopped(Exception):
    """The run is to stop here; ``outcome`` says for how long."""

    def __init__(self, outcome: str) -> None:
        super().__init__()
        self.outcome = outcome


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
        with closing(open_target(session, plan.target)) as target:
            run = _Run(session, plan, how, claim, target, known)
            return _result(plan, run.state, run.go(), began)
    finally:
        claim.release()


def cancel(session: Session, plan: Plan, who: str) -> Result:
    """End an unfinished run for good; a process that runs it stops at its next bookmark. May be repeated.

    Raises ConfigError where the plan was never run.
    """
    began = time.monotonic()
    known = _standing(session, plan)
    _ask_to_cancel(session, plan)
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
        self, session: Session, plan: Plan, how: How, claim: CursorClaim, target: Target, known: State | None
    ) -> None:  # fmt: skip
        self._session, self._plan, self._how, self._claim, self._target = session, plan, how, claim, target
        self._log, self._room = session.standing_engine.log, target.room
        secret = mask_secret(session, plan)
        self.state = known or state.first_state(plan, format_time(datetime.now(UTC)), key_check(secret))
        self._is_new = known is None
        self._masking = None if plan.mask == "none" else Masking(session.wire, plan.mask, secret)
        self._tally = Tally(self.state)
        self._held: list[Record] = []
        self._count = self._size = 0
        self._settled_at = time.monotonic()
        check_log(self._log, plan, self.state, secret)

    def go(self) -> str:
        """Give all that is left, and return what came of it."""
        plan = self._plan
        began = datetime.fromisoformat(self.state.began)
        started = self._session.wire.encode(books.started(plan, began, self._how.who))
        self._target.begin(self._header(), self.state.mark)
        if self._is_new:
            self._save([started])
        try:
            for records in self._due(self._left()):
                self._give(records)
                self._look_round()
            self._settle()
        except _Stopped as stopped:
            return self._stop(stopped.outcome)
        check_whole(plan, self.state)
        self._target.finish()
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
                    self._wait_until(due)
                waiting.append(record)
            yield waiting

    def _wait_until(self, due: float) -> None:
        """Wait; what was taken is settled first, so that it arrives when it is due."""
        self._settle()
        while (left := due - time.monotonic()) > 0:
            if self._how.stop.wait(min(left, _LOOK_S)):
                raise _Stopped(INTERRUPTED)
            self._look_for_cancel()

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
        if self._how.stop.is_set():
            raise _Stopped(INTERRUPTED)
        if time.monotonic() - self._settled_at >= _SETTLE_S:
            self._settle()

    def _settle(self) -> None:
        """Have the target make safe what it took, and move the bookmark with it."""
        self._hand_over()
        self._settled_at = time.monotonic()
        if self._count:
            settled = self._target.settle()
            self.state.mark = settled.mark
            self._count = self._size = 0
            self._save(settled.appends)
        self._how.progress(self.state.given, self._plan.records)
        self._look_for_cancel()

    def _save(self, appends: Sequence[NewRecord] = ()) -> None:
        _commit(self._session, self._plan, self._claim, self.state, appends)

    def _look_for_cancel(self) -> None:
        if self._log.seen(CANCELS, [_id16(self._plan)]):
            raise _Stopped(CANCELLED)

    def _stop(self, outcome: str) -> str:
        """Keep what was given, so that another process can go on; a cancelled run ends here."""
        self._hand_over()
        if self._count:
            settled = self._target.settle()
            self.state.mark = settled.mark
            self._save(settled.appends)
        if outcome == CANCELLED:
            _end(self._session, self._plan, self._claim, self.state, outcome, self._how.who)
        return outcome

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


def _ask_to_cancel(session: Session, plan: Plan) -> None:
    seen = Seen(scope=CANCELS, id=_id16(plan))
    log = session.standing_engine.log
    if not log.seen(CANCELS, [seen.id]):
        try:
            retry.call(lambda: log.commit(Commit(seen=[seen])))
        except Duplicate:
            return  # somebody else has asked meanwhile


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
    )  # fmt: skip


def _id16(plan: Plan) -> bytes:
    """Return 16 bytes of the plan's digest, which is what an inbox remembers."""
    return bytes.fromhex(plan.digest)[:16]
