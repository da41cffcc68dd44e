"""What every sink promises: subclass :class:`SinkContract` and give it the fixture ``partner``.

```python
class TestPostalSink(SinkContract):
    @pytest.fixture
    def partner(self, tmp_path: Path) -> Iterator[Partner]:
        with a_running_simulator(tmp_path) as simulator:
            yield Partner(base_url=simulator.base_url, open_sink=…, open_stranger=…, events=…, bad_events=…, …)
```

The suite stands between sink and simulator by itself, to lose answers and to be down.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import final

import pytest

from bus.envelope import Envelope
from bus.errors import ContractError, CredentialsRefused, LienthongError, PartnerUnavailable
from connectors.attempts import idempotency_key
from connectors.sdk import Delivery, Exchange, Operation, Sink
from tests.contracts.between import RETRY_AFTER_S, Between, between


@dataclass(frozen=True, kw_only=True)
class Partner:
    """A running simulator that nothing was delivered to yet, and how to speak to it. Made anew for each test.

    ``open_sink`` opens the sink, anew, over a partner at the base URL that it is given; ``open_stranger`` with
    credentials that the partner refuses. ``events`` are of accepted types, and each asks for something that acts at
    the partner, under a reference of its own; give one of each operation. ``bad_events`` are refused, by the sink or by
    the partner, for what they say. ``effects`` tells from the simulator's own store how often an operation has acted.
    ``personal`` are texts that the events or the partner's answers hold and that nobody may find afterwards.
    """

    base_url: str
    open_sink: Callable[[str], Sink]
    open_stranger: Callable[[str], Sink]
    events: Sequence[Envelope]
    bad_events: Sequence[Envelope]
    effects: Callable[[Operation], int]
    personal: Sequence[str]


class SinkContract:
    """Each test is a promise of the port; nothing here knows who the partner is."""

    @pytest.fixture
    def sink(self, partner: Partner) -> Iterator[Sink]:
        """The sink, straight at its partner."""
        with closing(partner.open_sink(partner.base_url)) as opened:
            yield opened

    @pytest.fixture
    def other(self, partner: Partner) -> Iterator[Sink]:
        """Another instance, as after a crash."""
        with closing(partner.open_sink(partner.base_url)) as opened:
            yield opened

    @pytest.fixture
    def way(self, partner: Partner) -> Iterator[Between]:
        """What stands before the partner."""
        with between(partner.base_url) as standing:
            yield standing

    @final
    def test_name_topics_and_types_are_settled(self, partner: Partner, sink: Sink, other: Sink) -> None:
        facts = [(each.name, each.topics, each.accepts, each.not_from) for each in (sink, other)]
        assert facts[0] == facts[1]
        assert sink.name
        assert sink.topics
        assert {event.type for event in partner.events} <= sink.accepts
        assert sink.settles_after_s >= 0

    @final
    def test_the_same_event_always_asks_for_the_same(self, partner: Partner, sink: Sink, other: Sink) -> None:
        """Any number of times, in any order, by any instance."""
        asked = [sink.operation(event) for event in partner.events]
        assert [sink.operation(event) for event in reversed(partner.events)] == asked[::-1]
        assert [other.operation(event) for event in partner.events] == asked

    @final
    def test_every_operation_has_a_name_and_a_reference_of_its_own(self, partner: Partner, sink: Sink) -> None:
        asked = [one.operation for one in deliveries(sink, partner)]
        assert asked
        assert all(one.name and 0 < len(one.reference) <= 255 and one.reference.isprintable() for one in asked)
        assert len({(one.name, one.reference) for one in asked}) == len(asked)

    @final
    def test_a_delivery_acts_once(self, partner: Partner, sink: Sink) -> None:
        for delivery in deliveries(sink, partner):
            assert partner.effects(delivery.operation) == 0
            sink.deliver(delivery)
            assert partner.effects(delivery.operation) == 1

    @final
    def test_what_is_repeatable_acts_once_however_often_it_is_called(self, partner: Partner, sink: Sink) -> None:
        for delivery in deliveries(sink, partner, repeatable=True):
            sink.deliver(delivery)
            sink.deliver(delivery)
            assert partner.effects(delivery.operation) == 1

    @final
    def test_a_call_that_was_never_made_is_settled_as_such(self, partner: Partner, sink: Sink) -> None:
        for delivery in deliveries(sink, partner, repeatable=False):
            assert sink.settle(delivery) is None
            assert partner.effects(delivery.operation) == 0

    @final
    def test_settling_gives_the_answer_that_the_delivery_gave(self, partner: Partner, sink: Sink, other: Sink) -> None:
        """By another instance, as after a crash."""
        for delivery in deliveries(sink, partner, repeatable=False):
            answer = sink.deliver(delivery)
            assert other.settle(delivery) == answer
            assert partner.effects(delivery.operation) == 1

    @final
    def test_a_lost_answer_is_found_by_asking_and_nothing_is_repeated(self, partner: Partner, way: Between) -> None:
        with closing(partner.open_sink(way.base_url)) as sink:
            for delivery in deliveries(sink, partner):
                error = lost(sink, delivery, partner, way)
                assert error.may_have_acted
                tells_nothing(error, partner)
                if delivery.operation.repeatable:
                    sink.deliver(delivery)
                else:
                    assert sink.settle(delivery) is not None
                assert partner.effects(delivery.operation) == 1

    @final
    def test_a_partner_that_is_down_is_tried_again_when_it_asks_for_it(self, partner: Partner, way: Between) -> None:
        way.is_down = True
        with closing(partner.open_sink(way.base_url)) as sink:
            for delivery in deliveries(sink, partner):
                with pytest.raises(PartnerUnavailable) as down:
                    sink.deliver(delivery)
                assert (down.value.may_have_acted, down.value.wait_s) == (False, RETRY_AFTER_S)
                assert partner.effects(delivery.operation) == 0

    @final
    def test_a_partner_that_is_not_there_cannot_have_acted(self, partner: Partner) -> None:
        with closing(partner.open_sink(nobodys_address())) as sink:
            for delivery in deliveries(sink, partner):
                with pytest.raises(PartnerUnavailable) as away:
                    sink.deliver(delivery)
                assert not away.value.may_have_acted
                tells_nothing(away.value, partner)

    @final
    def test_refused_credentials_are_named_as_such_and_nothing_acts(self, partner: Partner) -> None:
        with closing(partner.open_stranger(partner.base_url)) as stranger:
            for delivery in deliveries(stranger, partner):
                with pytest.raises(CredentialsRefused) as refused:
                    stranger.deliver(delivery)
                tells_nothing(refused.value, partner)
                assert partner.effects(delivery.operation) == 0

    @final
    def test_bad_data_is_refused_as_such(self, partner: Partner, sink: Sink) -> None:
        assert partner.bad_events
        for event in partner.bad_events:
            with pytest.raises(ContractError) as refused:
                sink.deliver(delivery_of(sink, event))
            tells_nothing(refused.value, partner)

    @final
    def test_what_is_kept_holds_no_personal_data(self, partner: Partner, sink: Sink) -> None:
        assert partner.personal
        kept = [(one.operation, sink.deliver(one)) for one in deliveries(sink, partner)]
        for operation, answer in kept:
            held = b"|".join((operation.name.encode(), operation.reference.encode(), operation.asked, answer))
            assert [text for text in partner.personal if text.encode() in held] == []

    @final
    def test_replies_are_a_function_of_command_and_answer(self, partner: Partner, sink: Sink, other: Sink) -> None:
        """Any number of times, by any instance, one that never called the partner among them."""
        for delivery in deliveries(sink, partner):
            answer = sink.deliver(delivery)
            assert replies(sink, delivery, answer) == replies(sink, delivery, answer)
            assert replies(other, delivery, answer) == replies(sink, delivery, answer)

    @final
    def test_replies_name_the_command_as_their_cause_and_have_ids_of_their_own(
        self, partner: Partner, sink: Sink
    ) -> None:
        told = [(one.event, replies(sink, one, sink.deliver(one))) for one in deliveries(sink, partner)]
        assert all(reply.causation == event.id for event, events in told for reply in events)
        ids = [reply.id for _, events in told for reply in events]
        assert len(set(ids)) == len(ids)

    @final
    def test_replies_do_not_come_back_as_commands(self, partner: Partner, sink: Sink) -> None:
        told = [reply for one in deliveries(sink, partner) for reply in replies(sink, one, sink.deliver(one))]
        back = [reply for reply in told if reply.type in sink.accepts and reply.source not in sink.not_from]
        assert back == []

    @final
    def test_closing_may_be_repeated(self, partner: Partner) -> None:
        for is_used in (False, True):
            sink = partner.open_sink(partner.base_url)
            if is_used:
                sink.deliver(deliveries(sink, partner)[0])
            sink.close()
            sink.close()


def deliveries(sink: Sink, partner: Partner, *, repeatable: bool | None = None) -> list[Delivery]:
    """Return the deliveries of all events, or of those whose operation is repeatable or not."""
    found = [delivery_of(sink, event) for event in partner.events]
    return [one for one in found if repeatable is None or one.operation.repeatable == repeatable]


def delivery_of(sink: Sink, event: Envelope) -> Delivery:
    """Return an event's delivery. Raises ContractError, as the sink does."""
    operation = sink.operation(event)
    assert operation is not None, f"{event.type} asks for nothing"
    return Delivery(event=event, operation=operation, key=idempotency_key(sink.name, operation.name, event.id))


def lost(sink: Sink, delivery: Delivery, partner: Partner, way: Between) -> PartnerUnavailable:
    """Make a call whose answer is lost as soon as the partner has acted, and return what the sink makes of it."""
    before = partner.effects(delivery.operation)
    way.loses_when = lambda: partner.effects(delivery.operation) > before
    with pytest.raises(PartnerUnavailable) as broken:
        sink.deliver(delivery)
    way.loses_when = lambda: False
    return broken.value


def replies(sink: Sink, delivery: Delivery, answer: bytes) -> list[Envelope]:
    """Return what an answer tells; a plain sink's tells nothing."""
    return list(sink.reply(delivery.event, answer)) if isinstance(sink, Exchange) else []


def tells_nothing(error: LienthongError, partner: Partner) -> None:
    """Check that an error holds no personal data."""
    assert [text for text in partner.personal if text in f"{error} {error.hint}"] == []


def nobodys_address() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
