"""A page within a transaction of the agency's own: both hold all of it, or neither does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bus.consumer import Consumer, Subscription
from bus.errors import ContractError, TransportUnavailable
from bus.retry import RetryPolicy
from bus.transport import Engine
from tests.bus.doubles import TOPIC, JsonWire, Recorder, an_event, append_broken, codes_of_letters, committed, publish

ONCE = RetryPolicy(attempts=1)


class Agency(Recorder):
    """A handler whose effects count only once its transaction has ended well."""

    def __init__(self, *errors: Exception, breaks: int = 0) -> None:
        super().__init__(*errors)  # type: ignore[arg-type]
        self.kept: list[int] = []
        self.breaks = breaks

    @contextmanager
    def page(self) -> Iterator[None]:
        self.handled = []
        yield
        if self.breaks:
            self.breaks -= 1
            raise TransportUnavailable("no room in the agency's database")
        self.kept += self.handled


def a_consumer(engine: Engine, agency: Agency) -> Consumer:
    about = Subscription(group="g", topics=(TOPIC,), policy=ONCE)
    return Consumer(engine, JsonWire(), about, agency, around=agency.page)


def test_a_page_is_one_transaction_and_the_offset_follows_it(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    agency = Agency()
    a_consumer(engine, agency).step()
    assert (agency.kept, committed(engine, "g")) == ([1, 2], 2)


def test_where_the_transaction_fails_no_offset_moves_and_all_comes_again(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    agency = Agency(breaks=1)
    consumer = a_consumer(engine, agency)
    with pytest.raises(TransportUnavailable):
        consumer.step()
    assert committed(engine, "g") == 0
    consumer.step()
    assert (agency.kept, committed(engine, "g")) == ([1, 2], 2)


class Failing(Agency):
    """Fails at its second event, once."""

    def __call__(self, event, record):  # type: ignore[no-untyped-def]
        if event.payload["n"] == 2 and self.errors:
            raise self.errors.pop(0)
        self.handled.append(event.payload["n"])
        return ()


def test_an_outage_in_the_middle_undoes_the_page_and_commits_nothing_of_it(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    agency = Failing(TransportUnavailable("away"))
    consumer = a_consumer(engine, agency)
    with pytest.raises(TransportUnavailable):
        consumer.step()
    assert (agency.kept, committed(engine, "g")) == ([], 0)
    consumer.step()
    assert (agency.kept, committed(engine, "g")) == ([1, 2], 2)


def test_bad_data_is_buried_and_the_page_goes_on(engine: Engine) -> None:
    publish(engine, an_event(1))
    append_broken(engine)
    publish(engine, an_event(2), an_event(3))
    agency = Failing(ContractError("no such procedure"))
    a_consumer(engine, agency).step()
    assert (agency.kept, codes_of_letters(engine)) == ([1, 3], ["LT-E2102", "LT-E2001"])


def test_no_transaction_is_opened_for_nothing(engine: Engine) -> None:
    agency = Agency(breaks=1)
    assert a_consumer(engine, agency).step() == 0
