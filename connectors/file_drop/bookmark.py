"""The cursor: how far each file has been read, and by what that file is known again."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from bus.errors import CursorLost

OPEN = "open:"
_VERSION = 1


class FilePlace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place in a file: so many bytes, lines and rows lie before it, and ``sha256`` is that of those bytes.

    ``stamp`` tells how the file looked when nothing more was to be read, behind ``open:`` if a last line without
    its end was left; it is looked into again once it looks otherwise. ``size`` is how long it was then.
    """

    offset: int = 0
    line: int = 0
    row: int = 0
    sha256: str = ""
    size: int = 0
    stamp: str = ""

    @property
    def is_done(self) -> bool:
        """Say whether the file, as it was then, was read to its end."""
        return not self.offset or (bool(self.stamp) and not self.stamp.startswith(OPEN))

    def looks_read(self, stamp: str, waits: bool) -> bool:
        """Say whether a file that looks like ``stamp`` has nothing new; if ``waits``, an open line is nothing."""
        return stamp == self.stamp or (waits and self.stamp == OPEN + stamp)


class Bookmark(Struct, frozen=True, kw_only=True):
    """The places in all files that are there, by name; ``mapping`` is the mapping's digest."""

    version: int = _VERSION
    mapping: str
    files: dict[str, FilePlace]


def encode(mapping: str, files: dict[str, FilePlace]) -> bytes:
    """Return the cursor: JSON, so that a person can read how far it came."""
    return msgspec.json.encode(Bookmark(mapping=mapping, files=files), order="sorted")


def decode(cursor: bytes | None, mapping: str) -> dict[str, FilePlace]:
    """Return the places that a cursor holds.

    None for all files where another mapping wrote it: rows that were buried may fit now, so everything is read again
    and the inbox leaves out what is known. Raises :class:`~bus.errors.CursorLost` for what is no cursor of ours.
    """
    if cursor is None:
        return {}
    try:
        found = msgspec.json.decode(cursor, type=Bookmark)
    except msgspec.DecodeError as error:
        hint = "Another kind of connector has run under this `source:` name; give the mapping a name of its own."
        raise CursorLost("the cursor is none of the file drop's", hint=hint) from error
    if found.version != _VERSION:
        raise CursorLost(f"the cursor has version {found.version}, not {_VERSION}", hint="Run the newer lienthong.")
    return dict(found.files) if found.mapping == mapping else {}
