"""Dead letters of a source: what could not be read or mapped, as the bytes that came, with the reason in headers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from bus.envelope import event_id, format_time
from bus.errors import ContractError
from bus.records import NewRecord
from connectors.sdk import Fetched

SUFFIX = ".dead-letter"
_MAX_RAW_BYTES = 512 * 1024
_MAX_REASON = 1000


def letter(item: Fetched, error: ContractError, *, topic: str, source: str, stage: str) -> NewRecord:
    """Return the record that buries ``item`` in the dead letters of ``topic``.

    ``stage`` is where it failed: ``read``, ``map``, ``rules`` or ``encode``.
    """
    return NewRecord(
        topic=topic + SUFFIX,
        key=None,
        value=item.raw[:_MAX_RAW_BYTES],
        headers=(
            ("lt_error_code", error.code.encode()),
            ("lt_error_reason", _reason(item, error).encode("utf-8", "replace")),
            ("lt_error_stage", stage.encode()),
            ("lt_error_origin", item.place.encode("utf-8", "replace")),
            ("lt_error_attempts", b"1"),
            ("lt_error_time", format_time(datetime.now(UTC)).encode()),
            ("lt_error_group", source.encode()),
        ),
    )


def letter_id(item: Fetched, error: ContractError, source: str) -> UUID:
    """Return the id under which the inbox remembers this letter: the same thing and fault are buried once."""
    raw = hashlib.sha256(item.raw).hexdigest()
    return event_id(source, f"letter:{item.native_id}:{raw}", error.code)


def _reason(item: Fetched, error: ContractError) -> str:
    parts = [f"{item.place}: {error}."]
    if len(item.raw) > _MAX_RAW_BYTES:
        parts.append(f"Only the first {_MAX_RAW_BYTES} of its {len(item.raw)} bytes are kept here.")
    if error.hint:
        parts.append(f"Next: {error.hint}")
    return " ".join(parts)[:_MAX_REASON]
