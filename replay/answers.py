"""Answers as JSON with stable keys, and the exit code that goes with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bus.cli.exits import NOT_FOUND, PARTIAL
from bus.cli.moments import as_text
from bus.cli.plain import plain_event
from replay.moments import Window
from replay.reading import Coverage, Gap, Unreadable
from replay.timeline import Happening, Timeline


def history_answer(dossier: str, line: Timeline, coverage: Coverage, window: Window) -> dict[str, Any]:
    """Return a dossier's history."""
    told = completeness(coverage, line.unreadable)
    told |= {
        "complete": told["complete"] and not line.dead_letters,
        "dead_letters": [_unreadable(one) for one in line.dead_letters],
        "repeats": line.repeats,
        "conflicts": list(line.conflicts),
        "outside_range": line.outside,
        "accepted_later": line.later,
    }
    return {
        "dossier": dossier,
        "as_of": None if window.as_of is None else as_text(window.as_of),
        "events": [event_answer(one) for one in line.happenings],
        "completeness": told,
    }


def search_answer(happenings: Sequence[Happening], total: int, coverage: Coverage) -> dict[str, Any]:
    """Return what a search found; ``matched`` counts all, of which the first are shown."""
    told = completeness(coverage, coverage.unreadable)
    return {
        "events": [event_answer(one) for one in happenings],
        "completeness": told | {"matched": total, "shown": len(happenings)},
    }


def event_answer(one: Happening) -> dict[str, Any]:
    """Return one event, with its place and both of its times."""
    return {"place": one.place, **plain_event(one.event, as_text(one.accepted))}


def completeness(coverage: Coverage, unreadable: Sequence[Unreadable]) -> dict[str, Any]:
    """Return what was searched and what was not. ``complete`` claims that nothing at all is missing in between."""
    return {
        "complete": not coverage.gaps and not unreadable and not coverage.unattributed,
        "searched_at": as_text(coverage.searched_at),
        "partitions": len(coverage.spans),
        "records": sum(span.end - span.first for span in coverage.spans.values()),
        "ranges": [
            {"topic": name.topic, "partition": name.partition, "first": span.first, "end": span.end}
            for name, span in coverage.spans.items()
        ],
        "not_searched": [_gap(gap) for gap in coverage.gaps],
        "unreadable": [_unreadable(one) for one in unreadable],
        "unattributed_letters": coverage.unattributed,
        "notes": list(coverage.notes),
    }


def code_of(answer: Mapping[str, Any]) -> int:
    """Return the exit code: 7 if something may be missing, else 3 if there is nothing, else 0."""
    if not answer["completeness"]["complete"]:
        return PARTIAL
    return 0 if answer["events"] else NOT_FOUND


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "topic": gap.partition.topic, "partition": gap.partition.partition,
        "first": gap.first, "end": gap.end, "reason": gap.reason,
    }  # fmt: skip


def _unreadable(one: Unreadable) -> dict[str, Any]:
    return {"place": one.place, "code": one.code}
