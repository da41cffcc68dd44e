"""What an incompatibility means for the data, and what would help, in words for people who write schemas."""

from __future__ import annotations

from typing import NamedTuple

from bus.registry import Incompatibility
from registry import avro


class Advice(NamedTuple):
    """``meaning`` is about stored events, ``suggestion`` about the schema's next edit."""

    meaning: str
    suggestion: str


_BY_KIND = {
    "READER_FIELD_MISSING_DEFAULT_VALUE": Advice(
        "Events stored before this change have no such field, and nothing says what to read instead.",
        'Give the new field a default, for example "type": ["null", …], "default": null; '
        'if it was renamed, add "aliases": ["<old name>"].',
    ),
    "TYPE_MISMATCH": Advice(
        "The bytes of stored events were written as another type and cannot be read as this one.",
        "Keep the old type, null where it was allowed; widen only int → long → float → double or between string "
        "and bytes; for anything else add a new field with a default beside the old one.",
    ),
    "MISSING_UNION_BRANCH": Advice(
        "Stored events may hold a branch that this union no longer has.",
        "Put the missing branch back, at any place in the union.",
    ),
    "MISSING_ENUM_SYMBOLS": Advice(
        "Stored events may hold a symbol that this enum no longer knows.",
        'Put the symbols back, or give the enum a "default" symbol that stands for those no longer known.',
    ),
    "NAME_MISMATCH": Advice(
        "A named type has another name now, so it counts as another type.",
        'Keep the old name, or add it under "aliases" with its namespace: "aliases": ["<namespace>.<old name>"].',
    ),
    "FIXED_SIZE_MISMATCH": Advice(
        "Stored events have another number of bytes at this place.",
        'Keep the old size, or add a new field of type "bytes" with a default beside it.',
    ),
    avro.AMBIGUOUS_FIELD: Advice(
        "A field and its aliases fit several fields of stored events, so no reader could tell which one is meant.",
        "Remove the alias that is also the name of another stored field.",
    ),
    avro.TOO_COMPLEX: Advice(
        "The check would take too long or too much memory, so nobody can say whether stored events could be read.",
        "Give the schema fewer types that hold unions of each other, or fewer levels.",
    ),
}

_UNKNOWN = Advice("Stored events could not be read with this schema.", "Undo the change at this place.")


def advise(reason: Incompatibility) -> Advice:
    """Return what a reason means and what would help.

    >>> advise(Incompatibility(kind="MISSING_UNION_BRANCH", pointer="/1", message="")).suggestion
    'Put the missing branch back, at any place in the union.'
    """
    return _BY_KIND.get(reason.kind, _UNKNOWN)
