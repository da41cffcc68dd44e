"""Trying a connector without moving anything: what each thing would become, or why it would be buried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bus.errors import ContractError
from bus.producer import Check, Encoder
from connectors.sdk import Fetched, Source
from connectors.telling import Refused, Told, tell


class Trial(Struct, frozen=True, kw_only=True):
    """One thing and what it would become; ``error`` and its stage say why it would be buried instead."""

    place: str
    told: Sequence[Told] = ()
    stage: str = ""
    error: ContractError | None = None


def trials(source: Source, wire: Encoder, check: Check | None, most: int) -> Iterator[Trial]:
    """Fetch up to ``most`` things from the very first on, and yield a trial of each; no cursor moves.

    Raises what the source's ``fetch`` raises.
    """
    cursor: bytes | None = None
    tried, more = 0, True
    while more and tried < most:
        batch = source.fetch(cursor)
        for item in batch.items[: most - tried]:
            yield _tried(source, wire, check, item)
        tried += len(batch.items)
        cursor, more = batch.cursor, batch.more


def _tried(source: Source, wire: Encoder, check: Check | None, item: Fetched) -> Trial:
    try:
        return Trial(place=item.place, told=tell(item, source, wire, check))
    except Refused as refused:
        return Trial(place=item.place, stage=refused.stage, error=refused.error)
