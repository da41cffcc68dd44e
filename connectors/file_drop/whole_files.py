"""Letters about a whole file: one that cannot be used, and one that did not stay to be read."""

from __future__ import annotations

import hashlib

from bus.errors import ConfigError, Unreadable
from connectors.file_drop.bookmark import FilePlace
from connectors.file_drop.folder import Found
from connectors.sdk import Fetched

_HEAD_BYTES = 64 * 1024


def unusable(file: Found, error: ConfigError) -> Fetched:
    """Return what is buried for a file whose header does not fit: its head, once for all of its rows."""
    with file.path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    fault = Unreadable(f"none of its rows can be read: {error}", hint=f"{error.hint} Then run again: it is read anew.")
    native_id = f"file:{file.name}:{hashlib.sha256(head).hexdigest()}"
    return Fetched(raw=head, value=None, place=file.name, fault=fault, native_id=native_id)


def cut_short(name: str, place: FilePlace, what: str) -> Fetched:
    """Return what is buried for a file that ``went away`` or ``was replaced`` before its end."""
    fault = Unreadable(
        f"the file {what} when {place.offset} of its {place.size} bytes had been read",
        hint="Put it back, under any name: rows that are known are left out.",
    )
    native_id = f"file:{name}:{place.offset}:{place.sha256}"
    return Fetched(
        raw=name.encode(), value=None, place=f"{name} after row {place.row}", fault=fault, native_id=native_id
    )
