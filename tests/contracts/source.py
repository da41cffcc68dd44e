"""What every source promises: subclass :class:`SourceContract` and give it ``open_source``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import final

from bus.envelope import Envelope
from bus.errors import ContractError
from connectors.sdk import Batch, Fetched, Source

MAX_ITEMS = 1000
MAX_BYTES = 8 * 1024 * 1024
_MAX_FETCHES = 1000

OpenSource = Callable[[], Source]


class SourceContract:
    """Each test is a promise of the port; nothing here knows who the partner is.

    ``open_source`` opens the source anew over a partner that holds at least three things, at least one of which
    tells an event, and that does not change during the test.
    """

    @final
    def test_everything_comes_from_the_very_first(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source:
            items = items_of(walk(source))
        assert len(items) >= 3

    @final
    def test_a_fetch_with_the_same_cursor_gives_the_same_again(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source:
            for cursor, batch in walk(source):
                assert same(source.fetch(cursor), batch)

    @final
    def test_another_instance_goes_on_behind_any_cursor(self, open_source: OpenSource) -> None:
        """As after a crash: nothing but the cursor is remembered."""
        with closing(open_source()) as source:
            steps = walk(source)
        for place, (cursor, _) in enumerate(steps):
            with closing(open_source()) as other:
                assert facts(items_of(walk(other, cursor))) == facts(items_of(steps[place:]))

    @final
    def test_the_order_is_always_the_same(self, open_source: OpenSource) -> None:
        walks = []
        for _ in range(2):
            with closing(open_source()) as source:
                walks.append(facts(items_of(walk(source))))
        assert walks[0] == walks[1]

    @final
    def test_at_the_end_nothing_new_comes(self, open_source: OpenSource) -> None:
        """A source that looks back over an overlap may bring old things again."""
        with closing(open_source()) as source:
            steps = walk(source)
            batch = source.fetch(steps[-1][1].cursor)
            told = [tell(source, item) for item in items_of(steps)]
            assert all(tell(source, item) in told for item in batch.items)
        assert not batch.more

    @final
    def test_batches_are_bounded(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source:
            batches = [batch for _, batch in walk(source)]
        assert max(len(batch.items) for batch in batches) <= MAX_ITEMS
        assert max(sum(len(item.raw) for item in batch.items) for batch in batches) <= MAX_BYTES

    @final
    def test_mapping_is_pure_and_stable(self, open_source: OpenSource) -> None:
        """Any number of times, in any order, by any instance."""
        with closing(open_source()) as source, closing(open_source()) as other:
            items = items_of(walk(source))
            told = [tell(source, item) for item in items]
            assert [tell(source, item) for item in reversed(items)] == told[::-1]
            assert [tell(other, item) for item in items] == told

    @final
    def test_what_cannot_be_read_says_why_and_has_no_value(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source:
            faulty = [item for item in items_of(walk(source)) if item.fault is not None]
        assert all(item.value is None for item in faulty)

    @final
    def test_every_item_has_a_place(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source:
            assert all(item.place for item in items_of(walk(source)))

    @final
    def test_events_have_their_own_ids_a_key_and_a_time(self, open_source: OpenSource) -> None:
        events = all_events(open_source)
        assert events
        assert len({event.id for event in events}) == len(events)
        assert all(event.key and event.type and event.source for event in events)
        assert all(event.time.tzinfo is not None and event.time.microsecond % 1000 == 0 for event in events)

    @final
    def test_name_topic_and_interval_are_settled(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source, closing(open_source()) as other:
            assert (source.name, source.topic, source.interval_s) == (other.name, other.topic, other.interval_s)
            assert source.name
            assert source.topic
            assert source.interval_s > 0

    @final
    def test_closing_may_be_repeated(self, open_source: OpenSource) -> None:
        source = open_source()
        source.fetch(None)
        source.close()
        source.close()


def walk(source: Source, cursor: bytes | None = None) -> list[tuple[bytes | None, Batch]]:
    """Fetch to the end; return each batch with the cursor that it was asked for by."""
    steps: list[tuple[bytes | None, Batch]] = []
    for _ in range(_MAX_FETCHES):
        batch = source.fetch(cursor)
        steps.append((cursor, batch))
        cursor = batch.cursor
        if not batch.more:
            return steps
    raise AssertionError(f"there is still more after {_MAX_FETCHES} fetches")


def items_of(steps: Sequence[tuple[bytes | None, Batch]]) -> list[Fetched]:
    """Return all items of a walk."""
    return [item for _, batch in steps for item in batch.items]


def facts(items: Sequence[Fetched]) -> list[tuple[object, ...]]:
    """Return what makes items equal: a fault is the same if it says the same."""
    return [(item.raw, item.value, item.place, item.native_id, str(item.fault)) for item in items]


def same(one: Batch, other: Batch) -> bool:
    """Say whether two batches hold the same items and lead to the same cursor."""
    return (facts(one.items), one.cursor, one.more) == (facts(other.items), other.cursor, other.more)


def tell(source: Source, item: Fetched) -> list[Envelope] | str:
    """Return an item's events, or why it has none."""
    try:
        return list(source.map(item)) if item.fault is None else str(item.fault)
    except ContractError as error:
        return f"{error.code}: {error}"


def all_events(open_source: OpenSource) -> list[Envelope]:
    """Return every event that the source tells."""
    with closing(open_source()) as source:
        told = [tell(source, item) for item in items_of(walk(source))]
    return [event for events in told if not isinstance(events, str) for event in events]
