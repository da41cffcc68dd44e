"""Dead letters of a source: what could not be read or mapped, and the id under which each is buried only once."""

from __future__ import annotations

import hashlib
from uuid import UUID

from bus.deadletters import Failure, source_letter
from bus.envelope import event_id
from bus.errors import ContractError
from bus.records import NewRecord
from connectors.sdk import Fetched

_MAX_KEY = 1000
"""Characters. A longer key names nothing that anybody asks for, and a letter has little room beside its item."""


def letter(item: Fetched, failure: Failure, topic: str) -> NewRecord:
    """Return the record that buries ``item`` in the dead letters of ``topic``."""
    key = item.key.encode("utf-8", "replace") if 0 < len(item.key) <= _MAX_KEY else None
    return source_letter(topic, item.raw, failure, origin=item.place, key=key)


def letter_id(item: Fetched, error: ContractError, source: str) -> UUID:
    """Return the id under which the inbox remembers this letter: the same thing and fault are buried once."""
    content = item.proof or hashlib.sha256(item.raw).hexdigest()
    return event_id(source, f"letter:{item.native_id}:{content}", error.code)
