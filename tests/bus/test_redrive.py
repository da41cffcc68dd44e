"""Dead letters are listed as they stand, and each goes back once."""

from __future__ import annotations

import pytest

from bus.consumer import Consumer, Subscription
from bus.deadletters import Failure, source_letter
from bus.errors import ConfigError, OffsetOutOfRange, Rejected, TopicNotFound, Unmappable
from bus.redrive import find_letter, letter_topics, letters, redrive
from bus.transport import Commit, Engine
from tests.bus.doubles import TOPIC, JsonWire, Recorder, an_event, append_broken, publish, records

LETTERS = f"{TOPIC}.dead-letter"


@pytest.fixture
def buried(engine: Engine) -> Engine:
    """A log with two letters of the group ``g``."""
    append_broken(engine)
    append_broken(engine)
    consumer = Consumer(engine, JsonWire(), Subscription(group="g", topics=(TOPIC,)), Recorder())
    consumer.step()
    consumer.close()
    return engine


def test_letters_are_listed_by_place_and_not_yet_redriven(buried: Engine) -> None:
    found = list(letters(buried, letter_topics(buried)))
    assert [(str(one.letter.place), one.closed) for one in found] == [
        (f"{LETTERS}/0/0", ""),
        (f"{LETTERS}/0/1", ""),
    ]


def test_a_redriven_letter_is_back_in_its_topic_and_marked(buried: Engine) -> None:
    outcome = redrive(buried, find_letter(buried, f"{LETTERS}/0/1").letter)
    assert (outcome.outcome, str(outcome.place)) == ("redriven", f"{TOPIC}/0/2")
    assert [one.closed for one in letters(buried, [LETTERS])] == ["", "redriven"]


def test_a_second_redrive_repeats_nothing(buried: Engine) -> None:
    letter = find_letter(buried, f"{LETTERS}/0/0").letter
    outcomes = [redrive(buried, letter).outcome for _ in range(2)]
    assert (outcomes, len(records(buried))) == (["redriven", "already"], 3)


def test_letters_that_a_redrive_causes_are_left_for_the_next_listing(buried: Engine) -> None:
    consumer = Consumer(buried, JsonWire(), Subscription(group="g", topics=(TOPIC,)), Recorder())
    walked = 0
    for standing in letters(buried, [LETTERS]):
        redrive(buried, standing.letter)
        consumer.step()
        walked += 1
    assert walked == 2
    assert [one.letter.redrives for one in letters(buried, [LETTERS])] == [0, 0, 1, 1]


def test_a_sources_item_is_refused_with_what_to_do_instead(engine: Engine) -> None:
    failure = Failure(error=Unmappable("unknown"), stage="map", by="file-drop")
    engine.log.commit(Commit(appends=[source_letter(TOPIC, b"raw", failure, origin="a.csv row 1")]))
    outcome = redrive(engine, find_letter(engine, f"{LETTERS}/0/0").letter)
    assert (outcome.outcome, len(records(engine))) == ("refused", 0)
    assert "mapping" in outcome.hint


def test_a_letters_place_may_be_told_by_its_topic(buried: Engine) -> None:
    assert str(find_letter(buried, f"{TOPIC}/0/1").letter.place) == f"{LETTERS}/0/1"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        (f"{LETTERS}/0/9", OffsetOutOfRange),
        (f"{LETTERS}/7/0", OffsetOutOfRange),
        ("nothing/0/0", TopicNotFound),
        ("nonsense", ConfigError),
    ],
)
def test_a_place_without_a_letter_is_named(buried: Engine, place: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        find_letter(buried, place)


def test_a_redriven_record_is_handled_again_only_by_the_group_that_takes_its_type(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2, type="PaymentRequested"))
    handlers = {"postal": Recorder(Rejected("no")), "payment": Recorder(), "audit": Recorder()}
    types = {"postal": frozenset({"DossierReceived"}), "payment": frozenset({"PaymentRequested"}), "audit": None}
    consumers = [
        Consumer(engine, JsonWire(), Subscription(group=name, topics=(TOPIC,), types=types[name], inbox=True), handler)
        for name, handler in handlers.items()
    ]
    for _ in range(2):
        for consumer in consumers:
            consumer.step()
        redrive(engine, find_letter(engine, f"{LETTERS}/0/0").letter)
    assert {name: handler.handled for name, handler in handlers.items()} == {
        "postal": [1], "payment": [2], "audit": [1, 2],
    }  # fmt: skip
