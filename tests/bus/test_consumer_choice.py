"""A group may choose types and sources, may tell each event once, and may end at what was there."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from bus import metrics
from bus.consumer import Consumer, Subscription, concerns
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.records import Record
from bus.retry import RetryPolicy
from bus.transport import Commit, Engine, Seen
from tests.bus.doubles import (
    TOPIC,
    JsonWire,
    Recorder,
    an_event,
    append_broken,
    codes_of_letters,
    committed,
    make_topics,
    publish,
    records,
)

QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, max_wait_s=0.001)
FEES = frozenset({"FeeAsked"})


def about(**choices: object) -> Subscription:
    return Subscription(**{"group": "g", "topics": (TOPIC,), "policy": QUICK, **choices})  # type: ignore[arg-type]


def run_once(engine: Engine, handler: object, **choices: object) -> None:
    Consumer(engine, JsonWire(), about(**choices), handler).run(Event(), once=True)  # type: ignore[arg-type]


def a_record(**headers: str) -> Record:
    pairs = tuple((name, text.encode()) for name, text in headers.items())
    return Record(topic=TOPIC, partition=0, offset=0, timestamp=0, key=b"k", value=b"", headers=pairs)


def test_only_chosen_types_are_handled_and_all_are_passed(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2, type="FeeAsked"), an_event(3))
    handler = Recorder()
    run_once(engine, handler, types=FEES)
    assert (handler.handled, committed(engine, "g")) == ([2], 3)


def test_events_from_sources_that_are_left_out_are_passed(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2, source="g"))
    handler = Recorder()
    run_once(engine, handler, not_from=frozenset({"g"}))
    assert (handler.handled, committed(engine, "g")) == ([1], 2)


@pytest.mark.parametrize("choice", [{"types": FEES}, {"not_from": frozenset({"one-stop"})}])
def test_what_is_passed_over_is_not_even_decoded(engine: Engine, choice: dict[str, object]) -> None:
    append_broken(engine, ce_type="DossierReceived", ce_source="one-stop")
    run_once(engine, Recorder(), **choice)
    assert (codes_of_letters(engine), committed(engine, "g")) == ([], 1)


def test_bad_bytes_of_a_chosen_type_are_buried(engine: Engine) -> None:
    append_broken(engine, ce_type="FeeAsked", ce_source="one-stop")
    run_once(engine, Recorder(), types=FEES)
    assert codes_of_letters(engine) == ["LT-E2102"]


def test_a_record_that_does_not_tell_its_type_is_buried_and_not_passed_over(engine: Engine) -> None:
    append_broken(engine)
    run_once(engine, Recorder(), types=FEES, not_from=frozenset({"g"}))
    assert codes_of_letters(engine) == ["LT-E2102"]


@pytest.mark.parametrize(
    ("headers", "is_concerned"),
    [
        ({"ce_type": "FeeAsked", "ce_source": "one-stop"}, True),
        ({"ce_type": "DossierReceived", "ce_source": "one-stop"}, False),
        ({"ce_type": "FeeAsked", "ce_source": "g"}, False),
        ({"ce_source": "one-stop"}, True),
        ({"ce_source": "g"}, False),
        ({"ce_type": "FeeAsked"}, True),
        ({}, True),
    ],
)
def test_headers_tell_whom_a_record_concerns(headers: dict[str, str], is_concerned: bool) -> None:
    assert concerns(about(types=FEES, not_from=frozenset({"g"})), a_record(**headers)) is is_concerned


def test_a_type_in_no_known_encoding_concerns_nobody_who_chooses() -> None:
    broken = Record(
        topic=TOPIC, partition=0, offset=0, timestamp=0, key=None, value=b"", headers=(("ce_type", b"\xff"),)
    )
    assert not concerns(about(types=FEES), broken)
    assert concerns(about(), broken)


def test_what_was_passed_over_is_counted_as_such(engine: Engine) -> None:
    publish(engine, an_event(1))
    run_once(engine, Recorder(), group="passing", types=FEES)
    line = f'lienthong_consumed_total{{group="passing",outcome="other",topic="{TOPIC}"}} 1.0'
    assert line in metrics.exposition().decode()


def an_answer(n: int = 9) -> Envelope:
    return an_event(n, source="g", type="DossierResolved")


def answers(engine: Engine) -> int:
    return len([record for record in records(engine) if record.text("ce_source") == "g"])


def test_an_event_that_is_told_once_is_told_once_within_a_page_and_later(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    choice = {"tells_once": True, "not_from": frozenset({"g"})}
    run_once(engine, Recorder(tells=[an_answer()]), **choice)
    publish(engine, an_event(3))
    run_once(engine, Recorder(tells=[an_answer()]), **choice)
    assert (answers(engine), committed(engine, "g")) == (1, 4)


def test_what_is_new_beside_what_was_told_is_told(engine: Engine) -> None:
    choice = {"tells_once": True, "not_from": frozenset({"g"})}
    publish(engine, an_event(1))
    run_once(engine, Recorder(tells=[an_answer(9)]), **choice)
    publish(engine, an_event(2))
    run_once(engine, Recorder(tells=[an_answer(8), an_answer(9), an_answer(10)]), **choice)
    assert answers(engine) == 3


def test_what_another_told_under_the_same_source_is_not_told_again(engine: Engine) -> None:
    """As where a source finds by asking what the exchange beside it hears by a notice."""
    engine.log.commit(Commit(appends=[JsonWire().encode(an_answer())], seen=[Seen(scope="g", id=an_answer().id.bytes)]))
    publish(engine, an_event(1))
    run_once(engine, Recorder(tells=[an_answer()]), tells_once=True, not_from=frozenset({"g"}))
    assert answers(engine) == 1


def test_without_it_the_same_event_is_told_again(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    run_once(engine, Recorder(tells=[an_answer()]), not_from=frozenset({"g"}))
    assert answers(engine) == 2


def test_letters_are_written_beside_what_was_told_before(engine: Engine) -> None:
    choice = {"tells_once": True, "not_from": frozenset({"g"})}
    publish(engine, an_event(1))
    run_once(engine, Recorder(tells=[an_answer()]), **choice)
    publish(engine, an_event(2), an_event(3))
    run_once(engine, Recorder(ContractError("no"), tells=[an_answer()]), **choice)
    assert (answers(engine), codes_of_letters(engine)) == (1, ["LT-E2001"])


def test_an_inbox_goes_together_with_telling_once(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(1), an_event(2))
    handler = Recorder(tells=[an_answer()])
    run_once(engine, handler, inbox=True, tells_once=True, not_from=frozenset({"g"}))
    assert (handler.handled, answers(engine), committed(engine, "g")) == ([1, 2], 1, 3)


def test_once_ends_at_what_was_there_though_there_is_always_more(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    handled: list[int] = []

    def bring_more(event: Envelope, _: Record) -> None:
        handled.append(event.payload["n"])
        publish(engine, an_event(event.payload["n"] + 2))

    run_once(engine, bring_more, page=1)
    assert handled == [1, 2]


def test_once_ends_at_once_where_nothing_is(engine: Engine) -> None:
    run_once(engine, Recorder())


def test_once_waits_for_what_another_member_holds(engine: Engine) -> None:
    """The group has to have handled it, whoever does."""
    make_topics(engine)
    publish(engine, an_event(1))
    other = Consumer(engine, JsonWire(), about(), Recorder())
    other._joined().assignment()
    waiting = Thread(target=run_once, args=[engine, Recorder()])
    waiting.start()
    other.step()
    other.close()
    waiting.join(10)
    assert not waiting.is_alive()
    assert committed(engine, "g") == 1


def test_once_is_stopped_like_any_run(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    stop, handled = Event(), []

    def stop_at_once(event: Envelope, _: Record) -> None:
        handled.append(event.payload["n"])
        stop.set()

    Consumer(engine, JsonWire(), about(), stop_at_once).run(stop, once=True)
    assert (handled, committed(engine, "g")) == ([1], 1)
