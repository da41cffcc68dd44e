"""The bookmark of a run: a cursor of the log that one process holds, and the commits that move it.

What a target's records need to be given once is in the same commit; so are the events that the run tells of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bus import retry
from bus.cli.session import Session
from bus.envelope import Envelope, format_time
from bus.records import NewRecord
from bus.replays import CURSOR
from bus.transport import Commit, CursorClaim, Saved
from replay.runs import state
from replay.runs.books import ended, started
from replay.runs.plan import Plan
from replay.runs.state import State


class Bookmark:
    """Holds the run of a plan for ``who`` until it is closed. Belongs to one thread.

    ``key_check`` goes into the state of a new run. Raises :class:`~bus.errors.Claimed` while another process holds it,
    and :class:`~bus.errors.PlanOutdated` where another version of the software has left it.
    """

    def __init__(self, session: Session, plan: Plan, who: str, key_check: bytes) -> None:
        self._session, self._plan, self._who = session, plan, who
        self._claim: CursorClaim = session.standing_engine.claim(CURSOR + plan.run)
        try:
            value = self._claim.value
            began = format_time(datetime.now(UTC))
            self.state: State = state.first_state(plan, began, key_check) if value is None else state.read(value)
            # Before anything is given: a run that cannot tell of itself does not begin.
            self._first = (
                [] if value is not None else [self._encoded(started(plan, datetime.fromisoformat(began), who))]
            )
        except BaseException:
            self._claim.release()
            raise
        self._kept = state.write(self.state)

    def begin(self) -> None:
        """Tell that the run begins, if it does; whoever goes on with one has nothing to tell."""
        if self._first:
            self.save(self._first)
            self._first = []

    def save(self, appends: Sequence[NewRecord] = ()) -> None:
        """Move the bookmark to the state as it is, in one commit with these records."""
        value = state.write(self.state)
        saved = Saved(name=CURSOR + self._plan.run, value=value, epoch=self._claim.epoch)
        log = self._session.standing_engine.log
        retry.call(lambda: log.commit(Commit(appends=appends, cursor=saved)))
        self._kept = value

    def go_back(self) -> None:
        """Forget what has come since the bookmark was moved last."""
        self.state = state.read(self._kept)

    def end(self, outcome: str) -> None:
        """Tell how the run has ended, and that it is over."""
        self.state.outcome = outcome
        self.save([self._encoded(ended(self._plan, self.state, self._who, datetime.now(UTC)))])

    def close(self) -> None:
        """Let another process hold it. May be repeated."""
        self._claim.release()

    def _encoded(self, event: Envelope) -> NewRecord:
        return self._session.wire.encode(event)
