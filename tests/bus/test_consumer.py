"""A page is handled in order, and its offset moves with all that came of it."""

from __future__ import annotations

import pytest

from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope
from bus.errors import ConfigError, ContractError, CredentialsRefused, NotApplied, TransportUnavailable
from bus.records import Record
from bus.retry import RetryPolicy
from bus.transport import Engine
from tests.bus.doubles import (
    TOPIC,
    JsonWire,
    Recorder,
    an_event,
    append_broken,
    codes_of_letters,
    committed,
    publish,
    records,
)

QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, max_wait_s=0.001)


def a_consumer(engine: Engine, handler: Recorder, **about: object) -> Consumer:
    facts = {"group": "g", "topics": (TOPIC,), "policy": QUICK, **about}
    return Consumer(engine, JsonWire(), Subscription(**facts), handler)  # type: ignore[arg-type]


def test_records_are_handled_in_order_and_committed(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2), an_event(3))
    handler = Recorder()
    assert a_consumer(engine, handler).step() == 3
    assert (handler.handled, committed(engine, "g")) == ([1, 2, 3], 3)


def test_a_new_member_goes_on_where_the_group_stood(engine: Engine) -> None:
    publish(engine, an_event(1))
    first = a_consumer(engine, Recorder())
    first.step()
    first.close()
    publish(engine, an_event(2))
    handler = Recorder()
    a_consumer(engine, handler).step()
    assert handler.handled == [2]


def test_a_page_is_no_longer_than_asked(engine: Engine) -> None:
    publish(engine, *(an_event(n) for n in range(5)))
    assert a_consumer(engine, Recorder(), page=2).step() == 2


def test_nothing_new_is_nothing_handled(engine: Engine) -> None:
    assert a_consumer(engine, Recorder()).step() == 0


def test_what_cannot_be_read_is_buried_and_those_around_it_go_on(engine: Engine) -> None:
    publish(engine, an_event(1))
    append_broken(engine)
    publish(engine, an_event(2))
    handler = Recorder()
    a_consumer(engine, handler).step()
    assert (handler.handled, codes_of_letters(engine), committed(engine, "g")) == ([1, 2], ["LT-E2102"], 3)


def test_what_a_handler_refuses_is_buried_with_its_attempts(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    handler = Recorder(TransportUnavailable("busy"), ContractError("no such procedure"))
    a_consumer(engine, handler).step()
    letter = records(engine, f"{TOPIC}.dead-letter")[0]
    assert (handler.handled, letter.header("lt_error_stage"), letter.header("lt_error_attempts")) == (
        [2],
        b"handle",
        b"2",
    )


def test_an_outage_that_passes_is_not_noticed(engine: Engine) -> None:
    publish(engine, an_event(1))
    handler = Recorder(TransportUnavailable("down"))
    a_consumer(engine, handler).step()
    assert (handler.handled, codes_of_letters(engine)) == ([1], [])


def test_an_outage_stops_the_loop_before_the_commit(engine: Engine) -> None:
    publish(engine, an_event(1))
    consumer = a_consumer(engine, Recorder(*(TransportUnavailable("down") for _ in range(3))))
    with pytest.raises(TransportUnavailable):
        consumer.step()
    assert (codes_of_letters(engine), committed(engine, "g")) == ([], 0)


@pytest.mark.parametrize("error", [CredentialsRefused("who are you?"), ZeroDivisionError()])
def test_what_stood_before_a_failure_is_committed_and_the_rest_comes_again(engine: Engine, error: Exception) -> None:
    publish(engine, an_event(1), an_event(2))
    handled: list[int] = []
    errors = [error]

    def fail_once_at_two(event, record) -> None:  # type: ignore[no-untyped-def]
        if event.payload["n"] == 2 and errors:
            raise errors.pop()
        handled.append(event.payload["n"])

    consumer = Consumer(engine, JsonWire(), Subscription(group="g", topics=(TOPIC,)), fail_once_at_two)
    with pytest.raises(type(error)):
        consumer.step()
    consumer.step()
    assert handled == [1, 2]


def test_what_a_handler_tells_is_published_with_the_offset(engine: Engine) -> None:
    publish(engine, an_event(1))
    consumer = a_consumer(engine, Recorder(tells=[an_event(2)]), page=1)
    consumer.step()
    assert (len(records(engine)), committed(engine, "g")) == (2, 1)


def test_a_handlers_event_that_does_not_fit_buries_the_record_that_led_to_it(engine: Engine) -> None:
    publish(engine, an_event(1))
    a_consumer(engine, Recorder(tells=[an_event(2, payload={"misfit": 1})])).step()
    assert (len(records(engine)), codes_of_letters(engine)) == (1, ["LT-E2101"])


def test_an_inbox_handles_an_event_once_within_a_page_and_later(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(1))
    handler = Recorder()
    consumer = a_consumer(engine, handler, inbox=True)
    consumer.step()
    publish(engine, an_event(1), an_event(2))
    consumer.step()
    assert (handler.handled, committed(engine, "g")) == ([1, 2], 4)


def test_without_an_inbox_a_source_that_repeats_itself_is_heard_twice(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(1))
    handler = Recorder()
    a_consumer(engine, handler).step()
    assert handler.handled == [1, 1]


def test_a_buried_event_is_not_remembered_so_that_its_redrive_is_handled(engine: Engine) -> None:
    publish(engine, an_event(1))
    handler = Recorder(ContractError("no"))
    consumer = a_consumer(engine, handler, inbox=True)
    consumer.step()
    publish(engine, an_event(1))
    consumer.step()
    assert handler.handled == [1]


def test_a_letter_redriven_for_one_group_leaves_the_others_alone(engine: Engine) -> None:
    publish(engine, an_event(1, extra=(("lt_redrive_group", b"g"),)))
    mine, others = Recorder(), Recorder()
    a_consumer(engine, mine).step()
    a_consumer(engine, others, group="h").step()
    assert (mine.handled, others.handled) == ([1], [])


@pytest.mark.parametrize("topics", [(), (f"{TOPIC}.dead-letter",)])
def test_dead_letters_and_nothing_are_not_subscribed_to(topics: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        Subscription(group="g", topics=topics)


class UnappliedWire(JsonWire):
    """Knows a contract that nobody has registered."""

    def decode(self, record: Record) -> Envelope:
        raise NotApplied("the contract of DossierReceived that this program knows is not registered")


def test_a_contract_that_is_not_registered_stops_the_consumer_and_buries_nothing(engine: Engine) -> None:
    publish(engine, an_event(1))
    about = Subscription(group="g", topics=(TOPIC,), policy=QUICK)
    with pytest.raises(NotApplied):
        Consumer(engine, UnappliedWire(), about, Recorder()).step()
    assert (codes_of_letters(engine), committed(engine, "g")) == ([], 0)
