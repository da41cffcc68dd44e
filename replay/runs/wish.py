"""What a person asks for when planning a replay. Frozen data."""

from __future__ import annotations

from msgspec import Struct

from replay.moments import By
from replay.runs.plan import Mask, Pace, TargetSpec

KEY = "key"
"""How a record's key is told among the kinds of identities."""


class Wish(Struct, frozen=True, kw_only=True):
    """What a person asks for, as it was typed. Of ``key``, ``dossier`` and ``id`` (``KIND:VALUE``) one may be given."""

    target: TargetSpec
    who: str
    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    agency: str | None = None
    key: str | None = None
    dossier: str | None = None
    id: str | None = None
    start: str | None = None
    end: str | None = None
    by: By = "occurred"
    mask: Mask = "all"
    reason: str | None = None
    pace: Pace = Pace()
