"""The index key: 32 random bytes under which identifiers are hidden, so that the index file names nobody.

Losing the key loses nothing but time: the index is rebuilt from the log under a new one.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import unicodedata
from pathlib import Path

from bus.errors import ConfigError

_KEY_BYTES = 32
_HASH_BYTES = 8


def fold(value: str) -> str:
    """Return the form in which identifiers are compared: one spelling for what people take as the same.

    >>> fold(" h56.14-261124-0001 ") == fold("H56.14-261124-0001")
    True
    """
    return unicodedata.normalize("NFC", value.strip()).casefold()


def hidden(key: bytes, kind: str, folded: str) -> int:
    """Return the 8 bytes that stand in the index for an identifier, as a signed number; collisions can happen."""
    digest = hmac.digest(key, f"{kind}\0{folded}".encode("utf-8", "surrogatepass"), "sha256")
    return int.from_bytes(digest[:_HASH_BYTES], "big", signed=True)


def fingerprint(key: bytes, content: bytes) -> bytes:
    """Return 16 bytes that tell whether ``content`` is still the same, and nothing else about it."""
    return hmac.digest(key, b"content\0" + content, "sha256")[:16]


def load_key(path: Path) -> bytes:
    """Return the key that ``path`` holds; made at once, for its owner's eyes only, if there is none.

    Of several processes that come first, one makes the key and all return it. Raises ConfigError.
    """
    try:
        if not path.exists():
            _create(path)
        return _read(path)
    except OSError as error:
        raise ConfigError(
            f"the index key {path} cannot be read or made: {error.strerror}",
            hint="Make its folder writable, or set `index_key` to another place.",
        ) from error


def _create(path: Path) -> None:
    """Write a whole file beside the place, then link it there: nobody ever sees half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first: its key is the key
    finally:
        draft.unlink()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise ConfigError(f"others than its owner may read the index key {path}", hint=f"Run `chmod 600 {path}`.")
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            f"{path} is not an index key of {_KEY_BYTES} bytes",
            hint="Delete it: a new key is made, and the index is rebuilt from the log.",
        )
    return key
