"""A change of the simulated system's store: a row's new content, when, and which facts it brought about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Change(Struct, frozen=True, kw_only=True):
    """``at`` is the time that the row carries; ``seen_at`` is when others can first see it, later where it is late.

    ``facts`` are (event type, own name) of what became true by this change, ``undone`` what is told no longer: the book
    that tests hold against the log. ``is_bad`` if nobody can map the row: it has no facts, and will be a dead letter.
    """

    feed: str
    id: str
    dossier: str
    at: datetime
    seen_at: datetime
    body: dict[str, Any]
    facts: tuple[tuple[str, str], ...] = ()
    undone: tuple[tuple[str, str], ...] = ()
    is_bad: bool = False
