"""Pseudonyms: for each text another one that is the same whenever the text is, and tells nothing of it.

They are made under a secret of the run, so that two runs cannot be joined and nobody can try numbers one by one.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from unicodedata import normalize

_BYTES = 10
"""Of the hash, 16 letters and digits: among a million texts, two are the same in one run of a trillion."""

_MOST, _LONGEST = 16_384, 64
"""How many are kept, of texts of how many bytes at most: some 4 MB."""


class Pseudonyms(dict[bytes, bytes]):
    """The pseudonyms of one run by their texts: ``~`` and 16 small letters and digits, by HMAC-SHA256. One thread's.

    A text is UTF-8, and one pseudonym stands for all spellings that NFC makes one; other bytes have theirs, too. What
    is not kept is made again.

    >>> len(Pseudonyms(b"secret")["Nguyễn Văn An".encode()])
    17
    """

    def __init__(self, secret: bytes) -> None:
        super().__init__()
        self._secret = secret

    def __missing__(self, text: bytes) -> bytes:
        found = b"~" + b32encode(hmac.digest(self._secret, _composed(text), "sha256")[:_BYTES]).lower()
        if len(text) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[text] = found
        return found


def secret_of_run(key: bytes, digest: str) -> bytes:
    """Return what the pseudonyms of one run are made under; from the same key it is the same, after a crash too."""
    return hmac.digest(key, b"replay\0" + digest.encode(), "sha256")


def _composed(text: bytes) -> bytes:
    if text.isascii():
        return text
    try:
        return normalize("NFC", text.decode()).encode()
    except UnicodeDecodeError:
        return text
