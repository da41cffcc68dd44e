"""What every source promises, as checks. ``open_source`` opens it anew; the partner must not change meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

from bus import retry
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.producer import Check as Rules
from bus.producer import Encoder
from bus.retry import RetryPolicy
from connectors.examination.checks import Broken, Check, NothingToExamine, Remark
from connectors.sdk import Batch, Fetched, Source
from connectors.telling import Refused
from connectors.telling import tell as tell_whole

MAX_ITEMS = 1000
MAX_BYTES = 8 * 1024 * 1024

_PATIENCE = RetryPolicy(attempts=4, timeout_s=15.0, first_wait_s=0.2, max_wait_s=2.0)

OpenSource = Callable[[], Source]


class Step(NamedTuple):
    """A fetch on the way: the cursor that was asked with, and what came."""

    cursor: bytes | None
    batch: Batch


class SourceExamination:
    """Looks at one source; walks no further than ``most`` fetches from the very first."""

    def __init__(self, open_source: OpenSource, most: int = 1000) -> None:
        self._open, self._most = open_source, most

    def checks(self) -> Sequence[Check]:
        """Return the promises of the port, in the order in which a person would look."""
        return [
            Check("things come from the very first", self.things_come),
            Check("name, topic and interval are settled", self.is_settled),
            Check("a fetch with the same cursor gives the same again", self.repeats),
            Check("another instance goes on behind any cursor", self.resumes),
            Check("at the end nothing new comes", self.ends),
            Check("batches are bounded", self.is_bounded),
            Check("mapping is pure and stable", self.maps_purely),
            Check("what cannot be read says why and has no value", self.explains),
            Check("every thing has a place", self.has_places),
            Check("events have ids of their own, a key, and a time in whole milliseconds", self.has_sound_events),
        ]

    def things_come(self) -> None:
        """Raise where the partner has nothing."""
        self._items()

    def is_settled(self) -> None:
        """Compare two instances."""
        with closing(self._open()) as one, closing(self._open()) as other:
            facts = [(each.name, each.topic, each.interval_s) for each in (one, other)]
        name, topic, interval_s = facts[0]
        if facts[0] != facts[1] or not name or not topic or interval_s <= 0:
            raise Broken("name or topic is empty, the interval is not above 0, or two instances differ in them")

    def repeats(self) -> None:
        """Fetch everything twice, by the same cursors."""
        with closing(self._open()) as source:
            for place, step in enumerate(self.walk(source)):
                if not same(fetched(source, step.cursor), step.batch):
                    raise Broken(f"fetch {place + 1} gave other things, or another cursor, the second time")

    def resumes(self) -> None:
        """As after a crash: nothing but the cursor is remembered."""
        with closing(self._open()) as source:
            steps = self.walk(source)
        for place, step in enumerate(steps):
            with closing(self._open()) as other:
                walked = self.walk(other, step.cursor, len(steps) - place)
                if facts(items_of(walked)) != facts(items_of(steps[place:])):
                    raise Broken(f"a new instance with the cursor of fetch {place + 1} brings other things")

    def ends(self) -> None:
        """A source that looks back over an overlap may bring old things again."""
        with closing(self._open()) as source:
            steps = self.walk(source)
            if steps[-1].batch.more:
                raise NothingToExamine(f"there is still more after {len(steps)} fetches")
            told = [tell(source, item) for item in items_of(steps)]
            batch = fetched(source, steps[-1].batch.cursor)
            if batch.more or not all(tell(source, item) in told for item in batch.items):
                raise Broken("a fetch behind the end brought something new, or says that there is more")

    def is_bounded(self) -> None:
        """Look at the largest batch."""
        with closing(self._open()) as source:
            batches = [step.batch for step in self.walk(source)]
        for batch in batches:
            size = sum(len(item.raw) for item in batch.items)
            if len(batch.items) > MAX_ITEMS or size > MAX_BYTES:
                raise Broken(f"a batch has {len(batch.items)} things and {size} bytes; {MAX_ITEMS} and {MAX_BYTES} are "
                             "the most")  # fmt: skip

    def maps_purely(self) -> None:
        """Map any number of times, in any order, by any instance."""
        with closing(self._open()) as source, closing(self._open()) as other:
            items = items_of(self.walk(source))
            told = [tell(source, item) for item in items]
            again = [tell(source, item) for item in reversed(items)][::-1]
            if not told == again == [tell(other, item) for item in items]:
                raise Broken("the same thing gave other events the second time, or in another order")

    def explains(self) -> None:
        """Look at the faults."""
        if any(item.value is not None for item in self._items() if item.fault is not None):
            raise Broken("a thing with a fault has a value all the same")

    def has_places(self) -> None:
        """Look at the places."""
        if not all(item.place for item in self._items()):
            raise Broken("a thing has no place, so nobody could find it again")

    def has_sound_events(self) -> None:
        """Look at the envelopes."""
        events = self.events()
        if not events:
            raise NothingToExamine("none of the things tells an event")
        if len({event.id for event in events}) < len(events):
            raise Broken("two events of one walk have the same id")
        for event in events:
            if not (event.key and event.type and event.source):
                raise Broken("an event lacks its key, type or source")
            if event.time.tzinfo is None or event.time.microsecond % 1000:
                raise Broken("an event's time has no zone, or more than whole milliseconds")

    def fits(self, wire: Encoder, rules: Rules) -> None:
        """Hold every event against its contract and its value rules.

        Rows that are bad are the partner's; only where nothing fits it is the mapping's fault.
        """
        with closing(self._open()) as source:
            items = items_of(self.walk(source))
            bad = [each for item in items if (each := _refusal(item, source, wire, rules))]
        if not items:
            raise NothingToExamine("the partner has nothing to fetch")
        if not bad:
            return
        text = f"{len(bad)} of {len(items)} things would be buried, the first: {bad[0]}"
        raise Broken(text) if len(bad) == len(items) else Remark(text)

    def events(self) -> list[Envelope]:
        """Return every event that the walk tells."""
        with closing(self._open()) as source:
            told = [tell(source, item) for item in items_of(self.walk(source))]
        return [event for events in told if not isinstance(events, str) for event in events]

    def walk(self, source: Source, cursor: bytes | None = None, most: int | None = None) -> list[Step]:
        """Fetch to the end, or as far as is looked."""
        steps: list[Step] = []
        for _ in range(most or self._most):
            steps.append(Step(cursor, fetched(source, cursor)))
            cursor = steps[-1].batch.cursor
            if not steps[-1].batch.more:
                break
        return steps

    def _items(self) -> list[Fetched]:
        with closing(self._open()) as source:
            items = items_of(self.walk(source))
        if not items:
            raise NothingToExamine("the partner has nothing to fetch")
        return items


def fetched(source: Source, cursor: bytes | None) -> Batch:
    """Fetch as the runtime does: an outage that passes soon is waited for, and so is Retry-After."""
    return retry.call(lambda: source.fetch(cursor), _PATIENCE)


def _refusal(item: Fetched, source: Source, wire: Encoder, rules: Rules) -> str:
    try:
        tell_whole(item, source, wire, rules)
    except Refused as refused:
        return f"{item.place} ({refused.stage}, {refused.error.code}): {refused.error}"
    return ""


def items_of(steps: Sequence[Step]) -> list[Fetched]:
    """Return all things of a walk."""
    return [item for step in steps for item in step.batch.items]


def facts(items: Sequence[Fetched]) -> list[tuple[object, ...]]:
    """Return what makes things equal: a fault is the same if it says the same."""
    return [(item.raw, item.value, item.place, item.native_id, str(item.fault)) for item in items]


def same(one: Batch, other: Batch) -> bool:
    """Say whether two batches hold the same things and lead to the same cursor."""
    return (facts(one.items), one.cursor, one.more) == (facts(other.items), other.cursor, other.more)


def tell(source: Source, item: Fetched) -> list[Envelope] | str:
    """Return a thing's events, or why it has none."""
    try:
        return list(source.map(item)) if item.fault is None else str(item.fault)
    except ContractError as error:
        return f"{error.code}: {error}"
