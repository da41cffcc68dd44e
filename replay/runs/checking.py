"""Whether a log still is what a plan was made from, and whether a run has given all of it."""

from __future__ import annotations

import hmac
from collections.abc import Collection

from bus.errors import PlanOutdated
from bus.pages import Damaged
from bus.records import TopicPartition
from bus.transport import Transport
from replay.runs.offsets import Runs
from replay.runs.plan import Plan, Stretch
from replay.runs.state import Reached, State, checksum_of
from replay.runs.walk import Part


def key_check(secret: bytes) -> bytes:
    """Return what tells whether a secret is the same, and nothing else about it."""
    return hmac.digest(secret, b"check", "sha256")[:8]


def check_log(log: Transport, plan: Plan, reached: State, secret: bytes) -> None:
    """Raise :class:`~bus.errors.PlanOutdated` where the run cannot go on as planned."""
    if reached.key_check != key_check(secret):
        raise PlanOutdated(
            f"run {plan.run} began under another index key, so the same person would get another pseudonym",
            hint="Put the key back (setting `index_key`), or cancel the run and plan anew.",
        )
    parts = {part.name: part for part in reached.parts}
    spans = {name: span for topic in plan.topics for name, span in log.ends(topic).items()}
    for stretch in plan.stretches:
        if not stretch.records:
            continue
        span, following = spans.get(stretch.name), parts[stretch.name].next
        if span is None or span.end < stretch.end:
            raise PlanOutdated(f"{stretch.name} ended at {stretch.end} or later when the plan was made, and now before")
        if following < min(span.first, stretch.end):
            raise PlanOutdated(
                f"retention has removed {stretch.name}/{following} and what follows since the plan was made"
            )
        if stretch.tail is not None and stretch.tail[0] >= span.first:
            _check_tail(log, stretch, *stretch.tail)


def _check_tail(log: Transport, stretch: Stretch, offset: int, checksum: int) -> None:
    """See before anything is given whether the log went another way since: restored from a copy, and grown again."""
    found = log.read(stretch.name, offset, 1)
    if not found or found[0].offset != offset or checksum_of(found[0]) != checksum:
        raise PlanOutdated(f"{stretch.name}/{offset} is another record than when the plan was made")


def check_whole(plan: Plan, reached: State) -> None:
    """Raise :class:`~bus.errors.PlanOutdated` where what was given is not what was planned, by number or content."""
    parts = {part.name: part for part in reached.parts}
    for stretch in plan.stretches:
        part = parts[stretch.name]
        if part.records != stretch.records:
            raise PlanOutdated(f"{stretch.name} gave {part.records} records, and the plan has {stretch.records}")
        if part.checksum != stretch.checksum:
            raise PlanOutdated(f"{stretch.name} holds other keys or values than when the plan was made")


def rest(stretch: Stretch, reached: Reached) -> Part:
    """Return what is left to read of a partition."""
    whole = ((stretch.first, stretch.end),)
    runs = whole if stretch.picks is None else Runs.unpacked(stretch.picks, stretch.records)
    return Part(name=stretch.name, runs=runs, start=reached.next, high=reached.high)


class Gaps:
    """Hears of what is not there: what the plan told, or compaction took, is passed over; anything else ends the run.

    What compaction took since the plan was made shows in the end, when all is counted.
    """

    def __init__(self, plan: Plan, compacted: Collection[str]) -> None:
        self._compacted = compacted
        self._ranges = [(one.topic, one.partition, one.first, one.end) for one in plan.missing]

    def __call__(self, name: TopicPartition, first: int, end: int, damaged: Damaged | None) -> None:
        """Raise :class:`~bus.errors.PlanOutdated` for a gap that is new."""
        if damaged is None and name.topic in self._compacted:
            return
        if not any(
            (topic, partition) == name and start <= first and end <= stop
            for topic, partition, start, stop in self._ranges
        ):
            what = f"{name}/{first} is damaged" if damaged else f"{name}/{first} to {end - 1} are gone"
            raise PlanOutdated(f"{what}, and stood there when the plan was made")
