"""Dead letters by cause, and what redriving them would do or did. Decides and counts; ``bus.redrive`` acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from bus import redrive
from bus.cli.moments import as_text
from bus.cli.progress import progress_bar
from bus.deadletters import Letter, redriven
from bus.errors import CannotRedrive
from bus.redrive import Outcome, Standing
from bus.transport import Engine

WOULD, REDRIVEN, ALREADY, REFUSED = "would", "redriven", "already", "refused"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which letters: of this topic, with this error code, buried since this moment; None is any."""

    topic: str | None = None
    code: str | None = None
    since: int | None = None

    def holds(self, letter: Letter) -> bool:
        """Tell whether a letter is meant; its topic is chosen by what is read."""
        return self.code in (None, letter.code) and (self.since is None or letter.place.timestamp >= self.since)


class Cause(Struct, frozen=True, kw_only=True):
    """Letters of one topic that one fault of one reader or source buried; ``open`` are those not yet redriven."""

    topic: str
    code: str
    stage: str
    by: str
    letters: int
    open: int
    first: int
    last: int
    example: Letter

    def and_(self, standing: Standing) -> Cause:
        """Return the cause with one letter more; the example is one that is open, if there is one."""
        letter = standing.letter
        return Cause(
            topic=self.topic, code=self.code, stage=self.stage, by=self.by,
            letters=self.letters + 1,
            open=self.open + (not standing.is_redriven),
            first=min(self.first, letter.place.timestamp),
            last=max(self.last, letter.place.timestamp),
            example=self.example if self.open or standing.is_redriven else letter,
        )  # fmt: skip


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
    found: dict[tuple[str, str, str, str], Cause] = {}
    for standing in standings:
        letter = standing.letter
        name = (letter.topic, letter.code, letter.stage, letter.by)
        found[name] = found[name].and_(standing) if name in found else _cause(standing)
    return sorted(found.values(), key=lambda cause: (-cause.open, -cause.letters, cause.topic, cause.code))


def rehearse(standing: Standing) -> Outcome:
    """Return what redriving would do, and do nothing."""
    letter = standing.letter
    if standing.is_redriven:
        return Outcome(letter=letter, outcome=ALREADY)
    try:
        redriven(letter)
    except CannotRedrive as error:
        return Outcome(letter=letter, outcome=REFUSED, reason=str(error), hint=error.hint)
    return Outcome(letter=letter, outcome=WOULD)


def redrive_each(engine: Engine, standings: Iterable[Standing], *, dry_run: bool) -> Iterator[Outcome]:
    """Redrive letters one by one, each exactly once, and yield what became of it as soon as it is done."""
    for standing in standings:
        yield rehearse(standing) if dry_run else redrive.redrive(engine, standing.letter)


def cause_answer(cause: Cause) -> dict[str, Any]:
    """Return a cause as JSON."""
    return {
        "topic": cause.topic, "code": cause.code, "stage": cause.stage, "by": cause.by,
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


def _cause(standing: Standing) -> Cause:
    letter = standing.letter
    moment = letter.place.timestamp
    return Cause(
        topic=letter.topic, code=letter.code, stage=letter.stage, by=letter.by,
        letters=1, open=int(not standing.is_redriven), first=moment, last=moment, example=letter,
    )  # fmt: skip
