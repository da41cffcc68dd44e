"""What became of an emitted event, for people and as JSON."""

from __future__ import annotations

from typing import Any

import click
from msgspec import Struct

from bus.cli.output import described, line, printable, talk, wants_json
from bus.envelope import Envelope
from bus.errors import LienthongError

PUBLISHED, KNOWN, CHECKED, REFUSED = "published", "known", "checked", "refused"


class Emitted(Struct, frozen=True, kw_only=True):
    """What became of one object of the input; ``at`` is where its event stands, now or since an earlier time."""

    place: str
    outcome: str
    event: Envelope | None = None
    at: str | None = None
    error: LienthongError | None = None


def show_emitted(emitted: Emitted) -> None:
    """Tell one outcome: data to stdout, a refusal to stderr."""
    if wants_json():
        line(_answer(emitted))
        return
    if emitted.error is not None:
        place = f"{emitted.place}: " if emitted.place else ""
        talk(f"{place}Error {emitted.error.code}: {emitted.error}")
        if emitted.error.hint:
            talk(f"  Next: {emitted.error.hint}")
    elif emitted.event is not None:
        event = emitted.event
        at = emitted.at or ("" if emitted.outcome == CHECKED else "no longer in the log")
        click.echo(printable("  ".join((f"{emitted.outcome:<9}", at, event.type, event.key, str(event.id)))))


def _answer(emitted: Emitted) -> dict[str, Any]:
    event = emitted.event
    return {
        "input": emitted.place or None,
        "outcome": emitted.outcome,
        "id": str(event.id) if event else None,
        "type": event.type if event else None,
        "source": event.source if event else None,
        "key": event.key if event else None,
        "place": emitted.at,
        "error": described(emitted.error) if emitted.error else None,
    }
