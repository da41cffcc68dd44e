"""What a mask hides in one field may be told again in the text of another: there it is hidden, too.

A request's number that was made of the dossier's code is such a text, and so is a note with somebody's name in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import normalize

from bus.codec import Codec
from schemas.rules.systems import RULES

_LEAST = 6
"""Shorter texts stand in others by chance."""

_PUBLIC = frozenset(system.encode() for system in RULES)
"""Names of code tables: they stand below fields that are hidden, and tell nothing of anybody."""

_SYSTEM = "codeSystem"
_STARS = "***"


def told_again(value: bytes, hidden: Sequence[bytes]) -> list[bytes]:
    """Return what of ``hidden`` stands in the bytes of a masked value, longest first."""
    found = {one for one in hidden if len(one) >= _LEAST and one in value and one not in _PUBLIC}
    return sorted(found, key=len, reverse=True) if found else []


def scrubbed(codec: Codec, value: bytes, start: int, told: Sequence[bytes]) -> bytes:
    """Return a value, which begins at ``start``, with stars for what its texts tell again.

    Raises :class:`~bus.errors.ContractError` where it cannot be written anew.
    """
    texts = [text for one in told if (text := _text(one))]
    return codec.encode(_without(codec.decode(value, start), texts, told), value[:start])


def _without(value: Any, texts: Sequence[str], told: Sequence[bytes]) -> Any:
    if isinstance(value, str):
        return _starred(value, texts)
    if isinstance(value, bytes):
        for one in told:
            value = value.replace(one, b"*" * len(one))  # a fixed keeps its size
        return value
    if isinstance(value, Mapping):
        return {
            _starred(name, texts): inner if name == _SYSTEM else _without(inner, texts, told)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without(inner, texts, told) for inner in value]
    if isinstance(value, tuple):  # a union's record with the name of its branch
        return value[0], _without(value[1], texts, told)
    return value


def _starred(text: str, texts: Sequence[str]) -> str:
    starred = text
    for one in texts:
        starred = starred.replace(one, _STARS)
    return starred if starred == text else normalize("NFC", starred)


def _text(one: bytes) -> str:
    try:
        return one.decode()
    except UnicodeDecodeError:
        return ""
