"""One row of the ledger, as frozen data."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

SENDING, DONE, REFUSED, AMBIGUOUS = "sending", "done", "refused", "ambiguous"
"""The states: on its way or broken off, acted, refused by the partner, and left for a person to find out."""


class Entry(Struct, frozen=True, kw_only=True):
    """What one event asked of a partner, under its idempotency ``key``, and what became of it.

    ``operation`` is empty and ``attempts`` 0 for an event that asked for nothing. ``topic``, ``partition`` and
    ``offset`` are of the record for which the last call was made. ``begun_at`` is when that was, ``ended_at`` when its
    outcome was known, in milliseconds UTC; an entry that is ``sending`` and has ended made no call that can have acted.
    ``ordinal`` rises with each entry that becomes ``done``, over all connectors: the order of effects.
    """

    connector: str
    operation: str
    reference: str
    key: str
    event_id: UUID
    topic: str
    partition: int
    offset: int
    record_key: bytes
    state: str
    attempts: int
    asked: bytes
    answer: bytes
    begun_at: int
    ended_at: int | None
    ordinal: int | None

    @property
    def may_have_acted(self) -> bool:
        """Whether a call may have been made whose outcome nobody knows."""
        return self.state == SENDING and self.ended_at is None
