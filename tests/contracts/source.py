"""What every source promises: subclass :class:`SourceContract` and give it ``open_source``."""

from __future__ import annotations

from contextlib import closing
from typing import final

from bus.envelope import Envelope
from connectors.examination.source import OpenSource, SourceExamination, Step, facts, items_of, same, tell
from connectors.sdk import Source

__all__ = ["OpenSource", "SourceContract", "all_events", "facts", "items_of", "same", "tell", "walk"]


class SourceContract:
    """Each test is a promise of the port; nothing here knows who the partner is.

    ``open_source`` opens the source anew over a partner that holds at least three things, at least one of which
    tells an event, and that does not change during the test. ``lienthong connector test`` looks in the same ways.
    """

    @final
    def test_everything_comes_from_the_very_first(self, open_source: OpenSource) -> None:
        with closing(open_source()) as source:
            assert len(items_of(walk(source))) >= 3

    @final
    def test_name_topic_and_interval_are_settled(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).is_settled()

    @final
    def test_a_fetch_with_the_same_cursor_gives_the_same_again(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).repeats()

    @final
    def test_another_instance_goes_on_behind_any_cursor(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).resumes()

    @final
    def test_the_order_is_always_the_same(self, open_source: OpenSource) -> None:
        walks = []
        for _ in range(2):
            with closing(open_source()) as source:
                walks.append(facts(items_of(walk(source))))
        assert walks[0] == walks[1]

    @final
    def test_at_the_end_nothing_new_comes(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).ends()

    @final
    def test_batches_are_bounded(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).is_bounded()

    @final
    def test_mapping_is_pure_and_stable(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).maps_purely()

    @final
    def test_what_cannot_be_read_says_why_and_has_no_value(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).explains()

    @final
    def test_every_item_has_a_place(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).has_places()

    @final
    def test_events_have_their_own_ids_a_key_and_a_time(self, open_source: OpenSource) -> None:
        SourceExamination(open_source).has_sound_events()

    @final
    def test_closing_may_be_repeated(self, open_source: OpenSource) -> None:
        source = open_source()
        source.fetch(None)
        source.close()
        source.close()


def walk(source: Source, cursor: bytes | None = None) -> list[Step]:
    """Fetch to the end; return each batch with the cursor that it was asked for by."""
    steps = SourceExamination(lambda: source).walk(source, cursor)
    assert not steps[-1].batch.more
    return steps


def all_events(open_source: OpenSource) -> list[Envelope]:
    """Return every event that the source tells."""
    return SourceExamination(open_source).events()
