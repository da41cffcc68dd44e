"""What a mask hides in one field may be told again in the text of another: there it is hidden, too.

A request's number that was made of the dossier's code is such a text, and so is a note with somebody's name in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import normalize
from uuid import UUID

from bus.codec import MASK, Codec
from bus.codec.explain import choose
from bus.codec.plan import (
    ArrayType,
    AvroType,
    FixedType,
    MapType,
    Plan,
    RecordRef,
    RecordType,
    Scalar,
    UnionType,
)  # fmt: skip
from bus.codec.planning import make_plan
from schemas.rules.systems import RULES

_LEAST = 6
"""Shorter texts stand in others by chance."""

_PUBLIC = frozenset(system.encode() for system in RULES)
"""Names of code tables: they stand below fields that are hidden, and tell nothing of anybody."""


def told_again(value: bytes, hidden: Sequence[bytes]) -> list[bytes]:
    """Return what of ``hidden`` stands in the bytes of a masked value, longest first."""
    found = {one for one in hidden if len(one) >= _LEAST and one in value and one not in _PUBLIC}
    return sorted(found, key=len, reverse=True) if found else []


def scrubbed(codec: Codec, value: bytes, start: int, told: Sequence[bytes]) -> bytes:
    """Return a value, which begins at ``start``, with stars for what its texts tell again.

    Raises :class:`~bus.errors.ContractError` where it cannot be written anew.
    """
    plan = make_plan(codec.schema)
    return codec.encode(_Scrubber(plan, told).part(plan.root, codec.decode(value, start)), value[:start])


class _Scrubber:
    """Goes by the schema: names of fields and symbols look like texts, and are none."""

    def __init__(self, plan: Plan, told: Sequence[bytes]) -> None:
        self._records, self._told = plan.records, told
        self._texts = [text for one in told if (text := _text(one))]

    def part(self, node: AvroType, value: Any) -> Any:
        match node:
            case RecordType() | RecordRef():
                return {name: self.part(part, value[name]) for name, part in self._records[node.name].fields}
            case UnionType():
                branch, inner = choose(node, value)
                found = value if branch is None else self.part(branch, inner)
                return found if inner is value else (value[0], found)
            case ArrayType():
                return [self.part(node.items, item) for item in value]
            case MapType():
                return {self._starred(name): self.part(node.values, item) for name, item in value.items()}
            case Scalar("string"):
                return self._starred(value)
            case Scalar("uuid"):
                return UUID(int=0) if str(value) in self._texts else value
            case Scalar("bytes") | FixedType():
                return self._blotted(value)
        return value

    def _starred(self, text: str) -> str:
        starred = text
        for one in self._texts:
            starred = starred.replace(one, MASK)
        return starred if starred == text else normalize("NFC", starred)

    def _blotted(self, data: bytes) -> bytes:
        for one in self._told:
            data = data.replace(one, b"*" * len(one))  # a fixed keeps its size
        return data


def _text(one: bytes) -> str:
    try:
        return one.decode()
    except UnicodeDecodeError:
        return ""
