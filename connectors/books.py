"""The books of a run: what came, and what became of it. Plain data that adds up."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

MAX_KINDS = 20


class Burial(Struct, frozen=True, kw_only=True):
    """Why, and where first, things of one fault were buried."""

    code: str
    stage: str
    place: str
    message: str
    hint: str
    count: int = 1


class Tally(Struct, frozen=True, kw_only=True):
    """Counts of a run: ``rows`` are things fetched; each of their events is one of the other three.

    ``deduplicated`` are events that the log has already, and letters that were buried before. A thing that tells
    nothing counts as a row only; ``burials`` has one line for each kind of fault.
    """

    rows: int = 0
    published: int = 0
    deduplicated: int = 0
    dead_lettered: int = 0
    burials: tuple[Burial, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        """Return the books of both, burials of one kind counted together."""
        return Tally(
            rows=self.rows + other.rows,
            published=self.published + other.published,
            deduplicated=self.deduplicated + other.deduplicated,
            dead_lettered=self.dead_lettered + other.dead_lettered,
            burials=_by_kind((*self.burials, *other.burials)),
        )

    def counts(self) -> dict[str, int]:
        """Return the four counts by name: what ``connector run`` prints."""
        return {name: getattr(self, name) for name in ("rows", "published", "deduplicated", "dead_lettered")}


class Books:
    """The books of a run while it goes on: what was committed so far, whatever happens next."""

    def __init__(self) -> None:
        self.so_far = Tally()

    def add(self, books: Tally) -> None:
        """Add the books of one commit."""
        self.so_far = self.so_far + books


def _by_kind(burials: Iterable[Burial]) -> tuple[Burial, ...]:
    """Count burials of one message together; where there are too many messages, by their code and stage alone."""
    found: dict[tuple[str, str, str], Burial] = {}
    for burial in burials:
        kind = burial.code, burial.stage, burial.message
        if kind not in found and len(found) >= MAX_KINDS:
            kind = burial.code, burial.stage, ""
        first = found.get(kind)
        found[kind] = burial if first is None else replace(first, count=first.count + burial.count)
    return tuple(found.values())
