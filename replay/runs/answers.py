"""Plans and runs as JSON with stable keys, and the exit code that goes with them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from bus.cli.exits import CONFLICT, INTERRUPTED, PARTIAL
from bus.cli.moments import as_text
from bus.envelope import format_time
from replay.runs.books import Run
from replay.runs.plan import Plan

if TYPE_CHECKING:
    from replay.runs.running import Result

PLANNED = "planned"

WITHDRAWN = "withdrawn"
"""What came of cancelling a plan that was never run: it is on the shelf no more."""

_CODES = {"done": 0, "partial": PARTIAL, "interrupted": INTERRUPTED, "cancelled": INTERRUPTED}
_CODES_OVER = {"done": 0, "partial": PARTIAL, "cancelled": CONFLICT}


class Entry(Struct, frozen=True, kw_only=True):
    """A plan with its run: either may not be there, since a plan may not have run, and one that has may be deleted."""

    plan: Plan | None
    run: Run | None

    @property
    def id(self) -> str:
        """The run's id."""
        if self.plan is not None:
            return self.plan.run
        return "" if self.run is None else self.run.id

    @property
    def state(self) -> str:
        """How it stands: ``planned``, or as its run does."""
        return PLANNED if self.run is None else self.run.state

    @property
    def at(self) -> int:
        """When the plan was made, or its run began; milliseconds since 1970, UTC."""
        if self.plan is not None:
            return self.plan.made
        return 0 if self.run is None else round(self.run.started.time.timestamp() * 1000)


def entries(plans: Sequence[Plan], runs: Sequence[Run]) -> Sequence[Entry]:
    """Return plans and runs as one list, newest first."""
    by_id = {run.id: run for run in runs}
    both = [Entry(plan=plan, run=by_id.pop(plan.run, None)) for plan in plans]
    both += [Entry(plan=None, run=run) for run in by_id.values()]
    return sorted(both, key=lambda one: (one.at, one.id), reverse=True)


def run_code(result: Result) -> int:
    """Return the exit code of a run: 7 where something is missing, 130 where it was stopped.

    One that had ended before has the code of how it did: whoever waits for the records learns whether they are there.
    A cancelled one is 9, since they will never be.
    """
    return _CODES_OVER[result.ended] if result.outcome == "already" else _CODES[result.outcome]


def cancel_code(result: Result) -> int:
    """Return the exit code of a cancellation: 9 where the run had ended otherwise before."""
    return CONFLICT if result.outcome == "already" and result.ended != "cancelled" else 0


def plan_answer(plan: Plan) -> dict[str, Any]:
    """Return a plan. ``bytes`` are those of keys and values, as they stand in the log."""
    return {
        "run": plan.run,
        "digest": plan.digest,
        "made": as_text(plan.made),
        "who": plan.who,
        "reason": plan.reason,
        "asked": _asked(plan),
        "target": msgspec.to_builtins(plan.target),
        "mask": plan.mask,
        "pace": msgspec.to_builtins(plan.pace),
        "records": plan.records,
        "bytes": plan.bytes,
        "undated": plan.undated,
        "occurred": _between(plan.occurred),
        "accepted": _between(plan.accepted),
        "takes_s": plan.takes_s,
        "topics": list(plan.topics),
        "types": plan.types,
        "classes": msgspec.to_builtins(plan.classes),
        "contracts": msgspec.to_builtins(plan.contracts),
        "ranges": [
            {"topic": one.topic, "partition": one.partition, "first": one.first, "end": one.end, "records": one.records}
            for one in plan.stretches
        ],
        "missing": msgspec.to_builtins(plan.missing),
    }


def run_answer(run: Run) -> dict[str, Any]:
    """Return a run: how it stands, how far it has come, who began and who ended it. None is what nobody can tell."""
    begun, ended, reached = run.started.payload, run.ended, run.reached
    return {
        "run": run.id,
        "state": run.state,
        "began": format_time(run.started.time),
        "who": begun["who"],
        "planned_by": begun["plannedBy"],
        "reason": begun["reason"],
        "digest": begun["planDigest"],
        "target": {"kind": begun["targetKind"]["code"], "where": begun["target"]},
        "mask": begun["mask"]["code"],
        "topics": list(begun["topics"]),
        "classes": list(begun["classes"]),
        "records": begun["records"],
        "given": run.given,
        "left_out": _left_out(run),
        "left": [] if reached is None else list(reached.left),
        "ended": None if ended is None else format_time(ended.time),
        "ended_by": None if ended is None else ended.payload["who"],
    }


def result_answer(plan: Plan, result: Result, run: Run | None) -> dict[str, Any]:
    """Return what came of running or cancelling; ``state`` is how the run stands after it, ``ended`` since when."""
    known = result.ended or (PLANNED if run is None else run.state)
    ended = None if run is None or run.ended is None else format_time(run.ended.time)
    return {
        "run": result.run,
        "outcome": result.outcome,
        "state": WITHDRAWN if result.outcome == WITHDRAWN else known,
        "planned": plan.records,
        "records": result.records,
        "left_out": result.left_out,
        "left": list(result.left),
        "missing": len(plan.missing),
        "bytes": result.bytes,
        "seconds": result.seconds,
        "target": {"kind": plan.target.kind, "where": result.where},
        "ended": ended,
    }


def list_answer(one: Entry) -> dict[str, Any]:
    """Return one line of the list: the plan's facts, or those that its run told where the plan is gone."""
    told = {} if one.run is None else run_answer(one.run)
    if one.plan is not None:
        plan = plan_answer(one.plan)
        target = {"kind": one.plan.target.kind, "where": one.plan.target.where}
        told = {**told, **{name: plan[name] for name in ("who", "records", "mask", "reason")}, "target": target}
    return {
        "run": one.id,
        "at": as_text(one.at),
        "who": told["who"],
        "records": told["records"],
        "target": told["target"],
        "mask": told["mask"],
        "state": one.state,
        "given": told.get("given", 0),
        "reason": told["reason"],
    }


def _left_out(run: Run) -> int | None:
    if run.ended is not None:
        left_out: int = run.ended.payload["leftOut"]
        return left_out
    return None if run.reached is None else run.reached.left_out


def _asked(plan: Plan) -> dict[str, Any]:
    asked = plan.asked
    about = None if asked.about is None else {"kind": asked.about.kind, "value": asked.about.value}
    return {
        "topics": list(asked.topics),
        "types": list(asked.types),
        "agency": asked.agency,
        "from": None if asked.first is None else as_text(asked.first),
        "to": None if asked.last is None else as_text(asked.last),
        "by": asked.by,
        "identity": about,
    }


def _between(both: tuple[int, int] | None) -> list[str] | None:
    return None if both is None else [as_text(both[0]), as_text(both[1])]
