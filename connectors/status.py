"""How the connectors of an installation stand: what their processes tell, and what the log knows of their progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus import replays
from bus.cli.burials import is_of_group
from bus.cli.moments import as_text
from bus.redrive import letter_topics, letters
from bus.transport import CursorState, Engine
from connectors.health import RETRYING, RUNNING, STOPPED, Standing
from connectors.notebook import Page

AT_REST = "at_rest"

_LONGEST = 120
_RANKS = {RUNNING: 0, RETRYING: 1, STOPPED: 2, AT_REST: 3}
"""Of several processes that have the same part, the one that runs it tells."""


_Part: TypeAlias = tuple[str, str]
"""Its kind and its name."""


class Status(Struct, frozen=True, kw_only=True):
    """One part: its state and why, and how far it has come.

    A process that lives is no sign of progress. Of a source, ``moved_at`` is one, when its bookmark last moved
    (milliseconds UTC); of a sink, ``lag``, the records that its group has yet to handle. ``dead_letters`` are those
    that it left to settle, ``passed_over`` the replayed records that a sink has not taken since its process started,
    of all processes that have it now. ``connector`` is empty for a source that only ``connector run`` has run.
    """

    connector: str
    kind: str
    name: str
    state: str
    since: int | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    failures: int = 0
    cursor: str | None = None
    moved_at: int | None = None
    epoch: int | None = None
    lag: int | None = None
    dead_letters: int = 0
    passed_over: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether a living process runs it, even if it has to try again and again."""
        return self.state in (RUNNING, RETRYING)


class _Known(NamedTuple):
    """What the log knows."""

    cursors: Mapping[str, CursorState]
    lags: Mapping[str, int]
    letters: Mapping[tuple[str, bool], int]
    """Open letters by who buried them, those of groups apart from items that never were records."""


def statuses(engine: Engine, pages: Iterable[Page] = ()) -> Sequence[Status]:
    """Return all parts that ``pages`` tell of, and all sources that have ever run, by name."""
    known = _known(engine)
    told = _told(list(pages))
    found = [_status(standing, state, known) for state, standing in told.values()]
    sources = {standing.name for _, standing in told.values() if standing.kind == "source"}
    found += [_source_alone(state, known) for name, state in known.cursors.items() if name not in sources]
    return sorted(found, key=lambda one: (one.name, one.kind))


def answer_of(status: Status) -> dict[str, Any]:
    """Return a status as JSON."""
    return {
        "source": status.name if status.kind == "source" else None,
        "connector": status.connector or None,
        "kind": status.kind,
        "name": status.name,
        "state": status.state,
        "since": None if status.since is None else as_text(status.since),
        "code": status.code or None,
        "message": status.message or None,
        "hint": status.hint or None,
        "failures": status.failures,
        "running": status.is_running,
        "cursor": status.cursor,
        "moved": None if status.moved_at is None else as_text(status.moved_at),
        "epoch": status.epoch,
        "lag": status.lag,
        "dead_letters": status.dead_letters,
        "passed_over": status.passed_over,
    }


def _known(engine: Engine) -> _Known:
    lags: Counter[str] = Counter()
    for group in engine.admin.groups():
        lags[group.group] += group.end - group.next
    left = Counter(
        (standing.letter.by, is_of_group(standing.letter))
        for standing in letters(engine, letter_topics(engine))
        if standing.is_open
    )
    cursors = {state.name: state for state in engine.admin.cursors() if not state.name.startswith(replays.CURSOR)}
    return _Known(cursors, lags, left)


def _told(pages: Sequence[Page]) -> Mapping[_Part, tuple[str, Standing]]:
    """Return each part once, with its state as it is now: what a dead process ran is at rest."""
    found: dict[_Part, tuple[str, Standing]] = {}
    for state, standing in _states(pages):
        part = standing.kind, standing.name
        if part not in found or _RANKS[state] < _RANKS[found[part][0]]:
            found[part] = state, standing
    passed_over = _passed_over(pages)
    return {part: (state, replace(one, passed_over=passed_over[part])) for part, (state, one) in found.items()}


def _passed_over(pages: Sequence[Page]) -> Mapping[_Part, int]:
    """Return what the processes of each part have passed over: those that live now, else those that lived last."""
    found: dict[_Part, int] = {}
    for is_alive in (False, True):
        counts: dict[_Part, int] = {}
        for standing in (one for page in pages if page.is_alive == is_alive for one in page.standings):
            part = standing.kind, standing.name
            counts[part] = counts.get(part, 0) + standing.passed_over
        found |= counts
    return found


def _states(pages: Sequence[Page]) -> Iterator[tuple[str, Standing]]:
    for page in pages:
        for standing in page.standings:
            yield standing.state if page.is_alive or standing.state == STOPPED else AT_REST, standing


def _status(standing: Standing, state: str, known: _Known) -> Status:
    why = {} if state == AT_REST else {
        name: getattr(standing, name) for name in ("since", "code", "message", "hint", "failures")
    }  # fmt: skip
    name, kind = standing.name, standing.kind
    is_group = kind in ("sink", "exchange")
    cursor = known.cursors.get(name) if kind == "source" else None
    if state == AT_REST and cursor is not None and cursor.held:
        state = RUNNING
    return Status(
        connector=standing.connector, kind=kind, name=name, state=state,
        lag=known.lags.get(name, 0) if is_group else None, passed_over=standing.passed_over if is_group else None,
        dead_letters=known.letters.get((name, is_group), 0), **why, **_progress(cursor),
    )  # fmt: skip


def _source_alone(state: CursorState, known: _Known) -> Status:
    return Status(
        connector="", kind="source", name=state.name, state=RUNNING if state.held else AT_REST,
        dead_letters=known.letters.get((state.name, False), 0), **_progress(state),
    )  # fmt: skip


def _progress(state: CursorState | None) -> dict[str, Any]:
    if state is None:
        return {}
    return {"cursor": _shown(state.value), "moved_at": state.moved_at, "epoch": state.epoch}


def _shown(cursor: bytes | None) -> str | None:
    """A bookmark is the connector's own; most are short text."""
    if cursor is None:
        return None
    text = cursor.decode("utf-8", "backslashreplace")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
