"""A dossier's story: once each, in order, within the time asked for, and nothing missing in silence."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bus.envelope import Envelope, event_id, to_headers
from bus.records import Record
from replay.moments import Window
from replay.reading import Coverage, Told, Unreadable
from replay.timeline import Timeline, timeline
from tests.replay.doubles import an_event, later

EMPTY = Coverage(searched_at=0, spans={})
NOON_MS = round(later(0).timestamp() * 1000)


def told(event: Envelope | None, offset: int, *, accepted: int | None = None, **changes: Any) -> Told:
    facts = {"topic": "dossier.events", "partition": 0, "headers": to_headers(event) if event else ()} | changes
    timestamp = NOON_MS + offset if accepted is None else accepted
    return Told(record=Record(offset=offset, timestamp=timestamp, key=b"k", value=b"", **facts), event=event)


def story(*ones: Told, coverage: Coverage = EMPTY, **window: Any) -> Timeline:
    return timeline(ones, coverage, Window(**window))


def places(line: Timeline) -> list[str]:
    return [one.place for one in line.happenings]


def test_events_stand_in_the_order_in_which_they_happened() -> None:
    line = story(told(an_event("1", time=later(9)), 0), told(an_event("2", time=later(3)), 1))
    assert places(line) == ["dossier.events/0/1", "dossier.events/0/0"]


def test_of_events_at_one_time_the_first_accepted_comes_first() -> None:
    line = story(told(an_event("1"), 12, accepted=20), told(an_event("2"), 3, accepted=10, topic="payment.events"))
    assert places(line) == ["payment.events/0/3", "dossier.events/0/12"]


def test_offsets_are_ordered_as_numbers() -> None:
    line = story(told(an_event("1"), 10, accepted=5), told(an_event("2"), 9, accepted=5))
    assert places(line) == ["dossier.events/0/9", "dossier.events/0/10"]


def test_an_event_told_twice_is_shown_once_where_it_was_accepted_first() -> None:
    line = story(told(an_event(), 8), told(an_event(), 2))
    assert (places(line), line.repeats) == (["dossier.events/0/2"], 1)


def test_an_event_told_twice_with_another_content_is_named() -> None:
    line = story(told(an_event(), 2), told(an_event(payload={"dossierCode": "changed"}), 8))
    assert line.conflicts == ["dossier.events/0/8"]


def test_as_of_leaves_out_what_the_bus_accepted_later() -> None:
    line = story(told(an_event("1"), 1, accepted=100), told(an_event("2"), 2, accepted=101), as_of=100)
    assert places(line) == ["dossier.events/0/1"]


@pytest.mark.parametrize(("by", "shown"), [("occurred", "dossier.events/0/1"), ("accepted", "dossier.events/0/2")])
def test_the_range_goes_by_the_time_that_was_asked_for(by: str, shown: str) -> None:
    early = told(an_event("1", time=later(0)), 1, accepted=NOON_MS + 900_000)
    late = told(an_event("2", time=later(15)), 2, accepted=NOON_MS)
    line = story(early, late, last=NOON_MS + 1, by=by)
    assert (places(line), line.outside) == ([shown], 1)


def test_the_event_that_led_to_another_is_named() -> None:
    effect = an_event("2", time=later(1), causation=event_id("one-stop", "1"))
    line = story(told(an_event("1"), 0), told(effect, 1))
    assert [one.because for one in line.happenings] == [None, "dossier.events/0/0"]


def test_what_could_not_be_read_is_named_once() -> None:
    coverage = Coverage(searched_at=0, spans={}, unreadable=[Unreadable(place="dossier.events/0/4", code="LT-E2102")])
    line = story(told(None, 4), coverage=coverage)
    assert [one.place for one in line.unreadable] == ["dossier.events/0/4"]


def test_an_unreadable_record_outside_of_the_range_is_not_counted() -> None:
    coverage = Coverage(
        searched_at=0, spans={}, unreadable=[Unreadable(place="a/0/4", code="", accepted=9, occurred=5)]
    )
    assert story(coverage=coverage, first=6).unreadable == []


def test_what_the_bus_accepted_later_is_counted_by_its_events() -> None:
    ones = [told(an_event("1"), 1, accepted=100), told(an_event("1"), 2, accepted=101)]
    later_ones = [told(an_event("2"), 3, accepted=101), told(an_event("2"), 4, accepted=102)]
    assert story(*ones, *later_ones, as_of=100).later == 1


def test_a_dead_letter_that_was_settled_is_not_missing() -> None:
    letter = told(None, 3, topic="dossier.events.dead-letter")
    assert story(replace(letter, is_closed=True)).dead_letters == []


def test_a_dead_letter_stays_named_until_its_event_is_back() -> None:
    letter = told(None, 3, topic="dossier.events.dead-letter", headers=to_headers(an_event()))
    buried, redriven = story(letter), story(letter, told(an_event(), 7))
    assert ([one.place for one in buried.dead_letters], redriven.dead_letters) == (
        ["dossier.events.dead-letter/0/3"],
        [],
    )
