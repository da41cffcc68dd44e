"""Leases, fencing, stopping and retention: what happens to a consumer from outside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope
from bus.errors import TransportUnavailable
from bus.records import Record, TopicPartition
from bus.retry import RetryPolicy
from bus.transport import Commit, Engine, Moved, TopicSpec
from bus.transports import open_engine
from tests.bus.doubles import TOPIC, JsonWire, Recorder, an_event, committed, make_topics, publish

ABOUT = Subscription(group="g", topics=(TOPIC,))


class Hanging:
    """A handler during which another member takes over, once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.handled: list[int] = []

    def __call__(self, event: Envelope, record: Record) -> None:
        """Handle one event; at the first, hang beyond the lease."""
        self.handled.append(event.payload["n"])
        if len(self.handled) == 1:
            steal(self.engine)


def steal(engine: Engine) -> None:
    """Let time pass beyond the lease, and another member take the partition, move on by one, and leave."""
    Event().wait(0.4)
    other = engine.join("g", [TOPIC])
    held = other.assignment()[TopicPartition(TOPIC, 0)]
    moved = Moved(group="g", partition=TopicPartition(TOPIC, 0), next=1, epoch=held.epoch)
    engine.log.commit(Commit(offsets=[moved]))
    other.leave()


@pytest.fixture
def brief() -> Iterator[Engine]:
    """A log whose leases are short."""
    engine = open_engine("sqlite://", lease_s=0.2)
    make_topics(engine)
    yield engine
    engine.close()


def test_a_fenced_member_drops_its_page_and_joins_again(brief: Engine) -> None:
    publish(brief, an_event(1), an_event(2))
    handler = Hanging(brief)
    consumer = Consumer(brief, JsonWire(), ABOUT, handler)
    while consumer.step():
        pass
    assert (handler.handled, committed(brief, "g")) == ([1, 2, 2], 2)


def test_a_slow_handler_keeps_its_partitions(brief: Engine) -> None:
    publish(brief, *(an_event(n) for n in range(8)))
    about = Subscription(group="g", topics=(TOPIC,), renew_s=0.02)
    taken: list[int] = []

    def handle(event: Envelope, record: Record) -> None:
        Event().wait(0.06)
        other = brief.join("g", [TOPIC])
        taken.append(len(other.assignment()))
        other.leave()

    Consumer(brief, JsonWire(), about, handle).step()
    assert (taken, committed(brief, "g")) == ([0] * 8, 8)


def test_waiting_to_try_again_keeps_the_lease(brief: Engine) -> None:
    publish(brief, an_event(1))
    policy = RetryPolicy(attempts=40, first_wait_s=0.2, max_wait_s=0.2)
    about = Subscription(group="g", topics=(TOPIC,), renew_s=0.02, policy=policy)
    handler = Recorder(*(TransportUnavailable("down") for _ in range(8)))
    Consumer(brief, JsonWire(), about, handler).step()
    assert (handler.handled, committed(brief, "g")) == ([1], 1)


def test_run_handles_what_comes_until_it_is_stopped(engine: Engine) -> None:
    stop, handled = Event(), Event()

    def handle(event: Envelope, record: Record) -> None:
        handled.set()

    thread = Thread(target=Consumer(engine, JsonWire(), ABOUT, handle).run, args=(stop,))
    thread.start()
    publish(engine, an_event(1))
    assert handled.wait(10)
    stop.set()
    thread.join(10)
    assert (thread.is_alive(), committed(engine, "g")) == (False, 1)


def test_a_stop_in_the_middle_of_a_page_commits_what_was_handled(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2), an_event(3))
    stop = Event()

    def handle(event: Envelope, record: Record) -> None:
        if event.payload["n"] == 2:
            stop.set()

    Consumer(engine, JsonWire(), ABOUT, handle).run(stop)
    assert committed(engine, "g") == 2


def test_a_stop_while_waiting_to_try_again_ends_the_run(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    stop = Event()
    about = Subscription(
        group="g", topics=(TOPIC,), policy=RetryPolicy(timeout_s=1e9, first_wait_s=999, max_wait_s=999)
    )

    def handle(event: Envelope, record: Record) -> None:
        if event.payload["n"] == 2:
            stop.set()
            raise TransportUnavailable("down")

    Consumer(engine, JsonWire(), about, handle).run(stop)
    assert committed(engine, "g") == 1


def test_two_members_handle_every_record_once(engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="wide", partitions=4))
    publish(engine, *(an_event(n, key=f"k{n}") for n in range(40)))
    first, second = Recorder(), Recorder()
    members = [Consumer(engine, JsonWire(), ABOUT, handler) for handler in (first, second)]
    for _ in range(3):
        for member in members:
            member.step()
    assert sorted(first.handled + second.handled) == list(range(40))


def test_records_that_retention_removed_unread_are_told(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.admin.create_topic(TopicSpec(name=TOPIC, partitions=1, retention_ms=1000))
    consumer = Consumer(engine, JsonWire(), ABOUT, Recorder())
    consumer.step()
    places = publish(engine, an_event(1), an_event(2))
    engine.admin.clean(now=places[-1].timestamp + 5000)
    publish(engine, an_event(3))
    monkeypatch.setattr(logging.getLogger("lienthong"), "propagate", True)
    consumer.step()
    assert "retention removed records that this group had not read" in caplog.messages
