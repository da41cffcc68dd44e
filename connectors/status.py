"""How the sources of an installation stand, from the log alone: cursors, claims, and dead letters to settle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from bus.redrive import letter_topics, letters
from bus.transport import Engine

_LONGEST = 120


class Status(Struct, frozen=True, kw_only=True):
    """One source: whether a living process runs it, its bookmark as text, and how many letters it left open.

    A process that lives is no sign of progress; ``moved_at`` is, when the bookmark last moved (milliseconds UTC).
    """

    source: str
    is_running: bool
    cursor: str | None
    moved_at: int | None
    epoch: int
    dead_letters: int


def statuses(engine: Engine) -> Sequence[Status]:
    """Return the sources that have ever run, by name."""
    left = Counter(standing.letter.by for standing in letters(engine, letter_topics(engine)) if standing.is_open)
    return [
        Status(
            source=state.name,
            is_running=state.held,
            cursor=_shown(state.value),
            moved_at=state.moved_at,
            epoch=state.epoch,
            dead_letters=left[state.name],
        )
        for state in engine.admin.cursors()
    ]


def _shown(cursor: bytes | None) -> str | None:
    """A bookmark is the connector's own; most are short text."""
    if cursor is None:
        return None
    text = cursor.decode("utf-8", "backslashreplace")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
