"""Dead letters by cause, and what closing them would do or did. Decides and counts; ``bus.redrive`` acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus import redrive
from bus.cli.moments import as_text
from bus.cli.progress import progress_bar
from bus.deadletters import DECODE, HANDLE, Letter, redriven
from bus.errors import CannotRedrive
from bus.redrive import Outcome, Standing
from bus.transport import Engine

WOULD, ALREADY, REFUSED = "would", "already", "refused"
MOST_CAUSES = 20
"""A reason may hold what differs from item to item. So many causes of a topic are told apart; the rest is one."""

_Name: TypeAlias = tuple[str, str, str, str, str]
"""Topic, code, stage, who buried it, and the bare reason."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which letters: of this topic, with this error code, buried since this moment; None is any."""

    topic: str | None = None
    code: str | None = None
    since: int | None = None

    def holds(self, letter: Letter) -> bool:
        """Tell whether a letter is meant; its topic is chosen by what is read."""
        return self.code in (None, letter.code) and (self.since is None or letter.place.timestamp >= self.since)


class Cause(Struct, frozen=True, kw_only=True):
    """Letters of one topic that one fault of one reader or source buried; ``open`` are those not yet closed.

    Without a ``code`` and a ``reason`` it is the rest of a topic with very many causes.
    """

    topic: str
    code: str
    stage: str
    by: str
    reason: str
    letters: int
    open: int
    first: int
    last: int
    example: Letter

    def and_(self, standing: Standing) -> Cause:
        """Return the cause with one letter more; the example is one that is open, if there is one."""
        letter = standing.letter
        return replace(
            self,
            letters=self.letters + 1,
            open=self.open + standing.is_open,
            first=min(self.first, letter.place.timestamp),
            last=max(self.last, letter.place.timestamp),
            example=self.example if self.open or not standing.is_open else letter,
        )


def bare_reason(letter: Letter) -> str:
    """Return why a letter was buried, without the place that the reason begins with."""
    return letter.reason.removeprefix(f"{letter.origin}: ")


def is_of_group(letter: Letter) -> bool:
    """Say whether a group buried it, so that it can be redriven; a source's item never was a record."""
    return letter.stage in (DECODE, HANDLE)


def standing_letters(engine: Engine, wanted: Wanted) -> Iterator[Standing]:
    """Yield the letters that are meant, with a progress bar. Raises :class:`~bus.errors.TopicNotFound`."""
    topics = redrive.letter_topics(engine, wanted.topic)
    total = sum(span.end - span.first for topic in topics for span in engine.log.ends(topic).values())
    with progress_bar("Reading dead letters") as progress:
        for count, standing in enumerate(redrive.letters(engine, topics), 1):
            progress(count, total)
            if wanted.holds(standing.letter):
                yield standing


def causes(standings: Iterable[Standing]) -> Sequence[Cause]:
    """Return the letters grouped by cause: what is open first, then the most."""
    found: dict[_Name, Cause] = {}
    counts: Counter[str] = Counter()
    for standing in standings:
        letter = standing.letter
        name: _Name = (letter.topic, letter.code, letter.stage, letter.by, bare_reason(letter))
        if name not in found and counts[letter.topic] >= MOST_CAUSES:
            name = (letter.topic, "", "", "", "")
        if name in found:
            found[name] = found[name].and_(standing)
        else:
            counts[letter.topic] += 1
            found[name] = _cause(name, standing)
    return sorted(found.values(), key=lambda cause: (-cause.open, -cause.letters, cause.topic, cause.code))


def redrive_each(engine: Engine, standings: Iterable[Standing], reason: str, *, dry_run: bool) -> Iterator[Outcome]:
    """Redrive letters one by one, each exactly once, and yield what became of it as soon as it is done."""
    for standing in standings:
        yield _rehearsed(standing) if dry_run else redrive.redrive(engine, standing.letter, reason)


def dismiss_each(
    engine: Engine, standings: Iterable[Standing], kind: str, reason: str, *, dry_run: bool
) -> Iterator[Outcome]:
    """Settle or discard letters one by one, each exactly once, and yield what became of it as soon as it is done."""
    for standing in standings:
        if dry_run:
            yield Outcome(letter=standing.letter, outcome=WOULD if standing.is_open else ALREADY)
        else:
            yield redrive.dismiss(engine, standing.letter, kind, reason)


def _rehearsed(standing: Standing) -> Outcome:
    """Return what redriving would do, and do nothing."""
    letter = standing.letter
    if not standing.is_open:
        return Outcome(letter=letter, outcome=ALREADY)
    try:
        redriven(letter)
    except CannotRedrive as error:
        return Outcome(letter=letter, outcome=REFUSED, reason=str(error), hint=error.hint)
    return Outcome(letter=letter, outcome=WOULD)


def cause_answer(cause: Cause) -> dict[str, Any]:
    """Return a cause as JSON."""
    return {
        "topic": cause.topic, "code": cause.code, "stage": cause.stage, "by": cause.by, "reason": cause.reason,
        "letters": cause.letters, "open": cause.open,
        "first": as_text(cause.first), "last": as_text(cause.last),
        "example": {"place": str(cause.example.place), "reason": cause.example.reason},
    }  # fmt: skip


def outcome_answer(outcome: Outcome) -> dict[str, Any]:
    """Return what became of a letter as JSON."""
    return {
        "letter": str(outcome.letter.place), "outcome": outcome.outcome,
        "place": str(outcome.place) if outcome.place else None,
        "reason": outcome.reason, "hint": outcome.hint,
    }  # fmt: skip


def _cause(name: _Name, standing: Standing) -> Cause:
    topic, code, stage, by, reason = name
    moment = standing.letter.place.timestamp
    return Cause(
        topic=topic, code=code, stage=stage, by=by, reason=reason,
        letters=1, open=int(standing.is_open), first=moment, last=moment, example=standing.letter,
    )  # fmt: skip
