"""The books of runs: the events that a run writes about itself, and what they tell when they are read back.

The bookmark says how far a run has come; the books say that it was, who ran it, and what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bus.envelope import Envelope, event_id
from bus.errors import PlanOutdated
from bus.pages import pages
from bus.replays import BOOKS, CURSOR
from bus.transport import CursorState, Engine
from replay.index.identifiers import DOSSIER
from replay.moments import By
from replay.reading import Unreadable, told, unreadable
from replay.runs import state
from replay.runs.plan import Plan
from replay.runs.state import State

if TYPE_CHECKING:
    from bus.wire import Wire

TOPIC, SOURCE = BOOKS, "replay"
STARTED, ENDED = "ReplayStarted", "ReplayEnded"
RUNNING, INTERRUPTED = "running", "interrupted"
"""How a run stands that has not ended: a living process has it, or none. One that has ended stands as its outcome."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def started(plan: Plan, began: datetime, who: str) -> Envelope:
    """Return the event that tells the beginning of a plan's run, which ``who`` began."""
    asked, target = plan.asked, plan.target
    payload = {
        **_head(plan),
        "who": who,
        "plannedBy": plan.who,
        "reason": plan.reason,
        "mask": _code("VN-REPLAY-MASK", plan.mask),
        "targetKind": _code("VN-REPLAY-TARGET", target.kind),
        "target": target.where,
        "records": plan.records,
        "sizeBytes": plan.bytes,
        "topics": list(plan.topics),
        "classes": sorted(plan.classes),
        "types": list(asked.types),
        "askedAgency": None if asked.agency is None else _code("VN-AGENCY", asked.agency),
        "identity": None if asked.about is None else asked.about.kind,
        **_range("occurred", plan),
        **_range("accepted", plan),
        "sourceTime": None,
        "rawHash": None,
    }
    return _event(plan, STARTED, began, payload)


def ended(plan: Plan, reached: State, who: str, at: datetime) -> Envelope:
    """Return the event that tells the end of a plan's run, which ``who`` ended, with the outcome that was reached."""
    payload = {
        **_head(plan),
        "who": who,
        "reason": plan.reason,
        "outcome": _code("VN-REPLAY-OUTCOME", reached.outcome),
        "records": reached.given,
        "leftOut": reached.left_out,
        "sizeBytes": reached.size,
        "sourceTime": None,
        "rawHash": None,
    }
    return _event(plan, ENDED, at, payload)


# -- reading back ---------------------------------------------------------------------------------------


class Run(Struct, frozen=True, kw_only=True):
    """One run as the books tell it: its two events, and ``reached``, its bookmark, where this version can read it."""

    id: str
    started: Envelope
    ended: Envelope | None
    reached: State | None
    held: bool

    @property
    def state(self) -> str:
        """How it stands: ``running``, ``interrupted``, or its outcome."""
        if self.ended is not None:
            outcome: str = self.ended.payload["outcome"]["code"]
            return outcome
        return RUNNING if self.held else INTERRUPTED

    @property
    def given(self) -> int | None:
        """How many records it has given; None where nobody can tell."""
        if self.ended is not None:
            records: int = self.ended.payload["records"]
            return records
        return None if self.reached is None else self.reached.given


class Books(Struct, frozen=True, kw_only=True):
    """All runs, newest first, and the records between them that could not be read."""

    runs: Sequence[Run]
    unreadable: Sequence[Unreadable]


def read_books(engine: Engine, wire: Wire) -> Books:
    """Return what ``audit.events`` tells of runs up to now; nothing where the topic was not made yet."""
    events: dict[str, dict[str, Envelope]] = {}
    unread: list[Unreadable] = []
    for one in _entries(engine, wire):
        if isinstance(one, Unreadable):
            unread.append(one)
        elif one.type in (STARTED, ENDED):
            events.setdefault(one.payload["run"], {}).setdefault(one.type, one)
    cursors = {one.name.removeprefix(CURSOR): one for one in engine.admin.cursors() if one.name.startswith(CURSOR)}
    runs = [_run(run, found, cursors.get(run)) for run, found in events.items() if STARTED in found]
    return Books(runs=sorted(runs, key=lambda run: (run.started.time, run.id), reverse=True), unreadable=unread)


def _run(run: str, found: Mapping[str, Envelope], cursor: CursorState | None) -> Run:
    return Run(
        id=run,
        started=found[STARTED],
        ended=found.get(ENDED),
        reached=None if cursor is None or cursor.value is None else _reached(cursor.value),
        held=cursor is not None and cursor.held,
    )


def _reached(value: bytes) -> State | None:
    """Return the bookmark; None for another version's, which must not keep a list from being shown."""
    try:
        return state.read(value)
    except PlanOutdated:
        return None


def _entries(engine: Engine, wire: Wire) -> Iterator[Envelope | Unreadable]:
    if TOPIC not in (spec.name for spec in engine.admin.topics()):
        return
    for name, span in sorted(engine.log.ends(TOPIC).items()):
        for page in pages(engine.log, name, span.first, span.end):
            if page.damaged is not None:
                yield Unreadable(place=page.damaged.place, code=page.damaged.error.code)
            for record in page.records:
                one = told(wire, record)
                yield unreadable(one) if one.event is None else one.event


# -- the parts of an event ------------------------------------------------------------------------------


def _event(plan: Plan, event_type: str, at: datetime, payload: dict[str, Any]) -> Envelope:
    part = event_type.removeprefix("Replay").lower()
    return Envelope(
        id=event_id(SOURCE, plan.run, part), type=event_type, source=SOURCE, key=plan.run, time=at,
        correlation=_dossier(plan), payload=payload,
    )  # fmt: skip


def _head(plan: Plan) -> dict[str, Any]:
    dossier = _dossier(plan)
    return {
        "dossierCode": None if dossier is None else _code("VN-DOSSIER", dossier),
        "run": plan.run,
        "planDigest": plan.digest,
    }


def _dossier(plan: Plan) -> str | None:
    about = plan.asked.about
    return about.value if about is not None and about.kind == DOSSIER else None


def _code(system: str, code: str) -> dict[str, Any]:
    return {"code": code, "codeSystem": system, "validAt": None}


def _range(by: By, plan: Plan) -> dict[str, Any]:
    """Return the bounds that were asked for by this time; those of the other time are open."""
    asked = plan.asked
    first, last = (asked.first, asked.last) if asked.by == by else (None, None)
    return {f"{by}From": _moment(first), f"{by}To": _moment(last)}


def _moment(milliseconds: int | None) -> dict[str, Any] | None:
    return None if milliseconds is None else {"at": _EPOCH + timedelta(milliseconds=milliseconds), "text": None}
