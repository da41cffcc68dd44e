"""Settlements: records among the dead letters that say of one why it is closed. Pure; nothing writes.

A letter is closed by a redrive, or by a person's word: it was *settled* (somebody has dealt with what it holds: a
source's item never was a record, so no redrive closes it), or *discarded* (nobody needs it any more). That is a fact of
its own, told beside the letter, by whom and why in the reason. A redrive only leaves one where a reason was given.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from bus.deadletters import CODE, Letter
from bus.envelope import format_time
from bus.errors import ConfigError
from bus.records import NewRecord, Record

REDRIVEN, SETTLED, DISCARDED = "redriven", "settled", "discarded"
"""The kinds of settlements, as they stand in the log. One without a kind is older than that, and was settled."""

_OF, _KIND, _REASON, _TIME = "lt_settle_of", "lt_settle_kind", "lt_settle_reason", "lt_settle_time"
_MAX_REASON = 500


class Settlement(Struct, frozen=True, kw_only=True):
    """A letter's place as text, and how, why and when it was closed."""

    letter: str
    kind: str
    reason: str
    time: str


def checked_reason(reason: str) -> str:
    """Return the reason if a log may hold it. Raises :class:`~bus.errors.ConfigError`."""
    text = reason.strip()
    if not 0 < len(text) <= _MAX_REASON or not text.isprintable():
        raise ConfigError(
            f"a reason has 1 to {_MAX_REASON} printable characters", hint="Say shortly who has done what about it."
        )
    return text


def settlement_of(letter: Letter, kind: str, reason: str, time: datetime) -> NewRecord:
    """Return the record that closes a letter; it stands in the letter's partition. Raises ConfigError."""
    told = {_OF: str(letter.place), _KIND: kind, _REASON: checked_reason(reason), _TIME: format_time(time)}
    return NewRecord(
        topic=letter.place.topic,
        key=None,
        value=b"",
        headers=tuple((name, text.encode()) for name, text in told.items()),
        partition=letter.place.partition,
    )


def read_settlement(record: Record) -> Settlement | None:
    """Return a record of a dead-letter topic as a settlement; None for a letter, whose record may bear any header."""
    if record.header(_OF) is None or record.header(CODE) is not None:
        return None
    return Settlement(
        letter=record.text(_OF),
        kind=record.text(_KIND) or SETTLED,
        reason=record.text(_REASON),
        time=record.text(_TIME),
    )
