"""What a short text may hold in another form: composed, percent-encoded, as base64 or as hex. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from unicodedata import normalize
from urllib.parse import unquote_to_bytes

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{6,}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NEVER = b"\0\xff\0"
"""Stands between the forms, so that nothing is found across two of them."""

_MOST, _LONGEST = 1024, 256
"""How many texts' forms are kept, of how many bytes at most: the forms of a text take some ten times as many."""


def forms(value: bytes) -> bytes:
    """Return ``value`` and all that it could mean, joined: whatever is found in this is found in the value.

    >>> b"038090001234" in forms(b"urn:MDM4MDkwMDAxMjM0"), b"Th" in forms(b"5468"), b"An" in forms(b"%41n")
    (True, False, True)
    """
    return _NEVER.join(_forms(value))


class Forms(dict[bytes, bytes]):
    """The forms of texts that come again and again, such as sources; what is not kept is worked out again."""

    def __missing__(self, value: bytes) -> bytes:
        found = forms(value)
        if len(value) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[value] = found
        return found


def _forms(value: bytes) -> Iterator[bytes]:
    yield value
    if not value.isascii():
        yield normalize("NFC", value.decode("utf-8", "replace")).encode()
    if b"%" in value:
        yield unquote_to_bytes(value)
    for run in _BASE64.findall(value.translate(_URL_SAFE)):
        # Where the encoded value begins within the run is not known, and each of four beginnings reads another one.
        for start in range(4):
            yield b64decode(run[start:] + b"A" * (-(len(run) - start) % 4))
    for run in _HEX.findall(value):
        for start in range(2):
            yield bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode())
