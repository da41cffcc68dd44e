"""Things of a partner's, read from JSON into types: what polled sources and webhooks share."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Raw

from bus.errors import Unreadable

T = TypeVar("T")
_TELLS_NO_VALUE = ("Expected", "Object missing", "JSON is malformed", "Input data was truncated")


def read_item(raw: bytes | Raw, kind: type[T]) -> T:
    """Return one thing as a ``kind`` of msgspec's.

    Raises :class:`~bus.errors.Unreadable`, which names the field and what it should be, and never its value.

    >>> read_item(b'{"n": 5}', dict[str, int])
    {'n': 5}
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = f": {error}" if str(error).startswith(_TELLS_NO_VALUE) else ""
        raise Unreadable(f"a thing of the partner's cannot be read{why}") from error
