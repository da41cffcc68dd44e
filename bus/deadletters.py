"""Dead letters: what bad data stopped, as the bytes that came, with the reason in headers. Pure; nothing here writes.

The letters of a topic stand in ``<topic>.dead-letter``. One kind is made of a *record* that a group could not read
or handle: it keeps key, value and headers, and can be redriven. The other is made of a *source's* raw item: it was
never a record, so a corrected mapping brings it in again. ``bus.redrive`` lists and closes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from bus.envelope import format_time
from bus.errors import CannotRedrive, ConfigError, LienthongError
from bus.records import Header, NewRecord, Place, Record

SUFFIX = ".dead-letter"
PREFIX = "lt_error_"
CODE = PREFIX + "code"
"""Every letter that the bus writes has this header."""

DECODE, HANDLE = "decode", "handle"
"""The stages at which a group fails; a source fails at ``read``, ``map``, ``rules`` or ``encode``."""

REDRIVES = "lt_redrive_count"
REDRIVEN_FOR = "lt_redrive_group"
"""The group for which a letter came back. Others have had the record already, or have a letter of their own."""

MAX_RAW_BYTES = 512 * 1024
_MAX_REASON = 1000
_MAX_EXTRA_BYTES = 56 * 1024
"""For the key and the headers that a letter keeps, so that with the reason it stays below an engine's limit."""

_LEFT_OUT = PREFIX + "left_out"


class Failure(Struct, frozen=True, kw_only=True):
    """Why something is buried: the error, the stage, how often it was tried, and who tried (group or source)."""

    error: LienthongError
    stage: str
    by: str
    attempts: int = 1
    time: datetime | None = None


class Letter(Struct, frozen=True, kw_only=True):
    """A dead letter as read from the log; what a header doesn't tell is empty.

    ``topic`` is the one that it was meant for, ``origin`` the place of the record or the source's place,
    ``redrives`` how often it had been redriven before.
    """

    place: Place
    topic: str
    code: str
    reason: str
    stage: str
    origin: str
    attempts: int
    time: str
    by: str
    redrives: int
    record: Record


def dead_letter_topic(topic: str) -> str:
    """Return the name of a topic's dead letters; a dead-letter topic's own name stays as it is.

    >>> dead_letter_topic("dossier.events")
    'dossier.events.dead-letter'
    """
    return topic if topic.endswith(SUFFIX) else topic + SUFFIX


def record_letter(record: Record, failure: Failure) -> NewRecord:
    """Return the letter for a record: its key, value and headers untouched, and the reason behind them."""
    kept = _fitting(record.key, record.headers)
    left_out = len(record.headers) - len(kept)
    key = record.key if record.key is None or len(record.key) <= _MAX_EXTRA_BYTES else None
    headers = [*kept, *_reason_headers(failure, str(record.place), str(failure.error))]
    if left_out or key is not record.key:
        headers.append((_LEFT_OUT, str(left_out).encode()))
    return NewRecord(topic=dead_letter_topic(record.topic), key=key, value=record.value, headers=tuple(headers))


def source_letter(topic: str, raw: bytes, failure: Failure, *, origin: str, key: bytes | None = None) -> NewRecord:
    """Return the letter for a source's raw item; ``topic`` is the one its events go to.

    ``origin`` tells a person where the item stands (``fines.csv row 12``). Of a huge item only the head is kept.
    """
    message = f"{origin}: {failure.error}"
    if len(raw) > MAX_RAW_BYTES:
        message += f". Only the first {MAX_RAW_BYTES} of its {len(raw)} bytes are kept here."
    headers = tuple(_reason_headers(failure, origin, message))
    return NewRecord(topic=dead_letter_topic(topic), key=key, value=raw[:MAX_RAW_BYTES], headers=headers)


def read_letter(record: Record) -> Letter:
    """Return a record of a dead-letter topic as a letter; nothing in it is trusted, so nothing makes it fail."""
    return Letter(
        place=record.place,
        topic=record.topic.removesuffix(SUFFIX),
        code=record.text(CODE),
        reason=record.text(PREFIX + "reason"),
        stage=record.text(PREFIX + "stage"),
        origin=record.text(PREFIX + "origin"),
        attempts=_number(record.text(PREFIX + "attempts")),
        time=record.text(PREFIX + "time"),
        by=record.text(PREFIX + "group"),
        redrives=_number(record.text(REDRIVES)),
        record=record,
    )


def redriven(letter: Letter) -> NewRecord:
    """Return the record that goes back: the same partition, key and value, without the reason, its returns counted.

    Raises :class:`~bus.errors.CannotRedrive` for a source's item, and for a record that was too large to keep whole.
    """
    if letter.stage not in (DECODE, HANDLE):
        raise CannotRedrive(f"{letter.place} is a source's raw item and was never a record of {letter.topic}")
    if letter.record.header(_LEFT_OUT) is not None:
        raise CannotRedrive(
            f"{letter.place} is not whole: its headers were too large to be kept beside the reason",
            hint=f"The whole record stands at {letter.origin} until its topic's retention removes it.",
        )
    origin = parse_place(letter.origin)
    if origin[0] != letter.topic:
        raise CannotRedrive(f"{letter.place} does not come from {letter.topic}")
    kept = [header for header in letter.record.headers if not header[0].startswith((PREFIX, "lt_redrive_"))]
    marks: list[Header] = [(REDRIVES, str(letter.redrives + 1).encode()), (REDRIVEN_FOR, letter.by.encode())]
    return NewRecord(
        topic=letter.topic,
        key=letter.record.key,
        value=letter.record.value,
        headers=(*kept, *marks),
        partition=origin[1],
    )


def letter_id(place: Place) -> bytes:
    """Return the 16 bytes under which a letter's redrive is remembered."""
    # The time keeps a letter apart from one that is given the same offset after a restored backup.
    return hashlib.sha256(f"{place}@{place.timestamp}".encode()).digest()[:16]


def parse_place(text: str) -> tuple[str, int, int]:
    """Return topic, partition and offset. Raises :class:`~bus.errors.ConfigError`.

    >>> parse_place("dossier.events/0/41")
    ('dossier.events', 0, 41)
    """
    topic, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    if not (topic and partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise ConfigError("that is no place of a record", hint="Write TOPIC/PARTITION/OFFSET, as dossier.events/0/41.")
    if len(partition) > 9 or len(offset) > 18:
        raise ConfigError("that place's numbers are larger than any log's", hint="Write TOPIC/PARTITION/OFFSET.")
    return topic, int(partition), int(offset)


def _reason_headers(failure: Failure, origin: str, message: str) -> Iterable[Header]:
    hint = f". Next: {failure.error.hint}" if failure.error.hint else ""
    told = {
        "code": failure.error.code,
        "reason": (message.removesuffix(".") + hint)[:_MAX_REASON],
        "stage": failure.stage,
        "origin": origin[:_MAX_REASON],
        "attempts": str(failure.attempts),
        "time": format_time(failure.time or datetime.now(UTC)),
        "group": failure.by,
    }
    return [(PREFIX + name, text.encode("utf-8", "replace")) for name, text in told.items()]


def _fitting(key: bytes | None, headers: tuple[Header, ...]) -> list[Header]:
    """Return the headers that fit beside the key: all, but for a record at the very limit of its engine."""
    room = _MAX_EXTRA_BYTES - len(key or b"")
    kept = []
    for name, value in headers:
        room -= len(name.encode()) + len(value or b"") + 8
        if room >= 0:
            kept.append((name, value))
    return kept


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
