"""What a replay wrote is passed over, undecoded and counted, by every group that does not accept replays."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from bus import metrics, replays
from bus.consumer import Consumer, Subscription, concerns, passes_over
from bus.errors import ContractError
from bus.records import Header, NewRecord, Record
from bus.retry import RetryPolicy
from bus.transport import Commit, Engine, TopicSpec
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
PRIVATE = "replay.study"
ORIGIN = f"{TOPIC}/0/17"


@pytest.fixture(autouse=True)
def _topics(engine: Engine) -> None:
    for name in (replays.TOPIC, f"{replays.TOPIC}.dead-letter", PRIVATE):
        engine.admin.create_topic(TopicSpec(name=name, partitions=1))


def about(**choices: object) -> Subscription:
    facts = {"group": "g", "topics": (TOPIC, replays.TOPIC), "policy": QUICK, **choices}
    return Subscription(**facts)  # type: ignore[arg-type]


def a_consumer(engine: Engine, handler: Recorder, **choices: object) -> Consumer:
    return Consumer(engine, JsonWire(), about(**choices), handler)


def marked(run: str = "r1", origin: str = ORIGIN) -> tuple[Header, ...]:
    return (replays.RUN, run.encode()), (replays.ORIGIN, origin.encode()), (replays.TIME, b"2026-11-24T05:00:00.000Z")


def replay(engine: Engine, n: int, *extra: Header, topic: str = replays.TOPIC) -> None:
    """Append a copy of event ``n``, with these headers besides."""
    new = JsonWire().encode(an_event(n))
    copy = NewRecord(topic=topic, key=new.key, value=new.value, headers=(*new.headers, *extra))
    engine.log.commit(Commit(appends=[copy]))


def a_record(topic: str, *headers: Header) -> Record:
    return Record(topic=topic, partition=0, offset=0, timestamp=0, key=b"k", value=b"", headers=headers)


def test_marked_records_are_skipped_wherever_they_stand(engine: Engine) -> None:
    publish(engine, an_event(1, extra=marked()), an_event(2))
    replay(engine, 3, *marked())
    handler = Recorder()
    consumer = a_consumer(engine, handler)
    consumer.step()
    assert (handler.handled, committed(engine, "g"), dict(consumer.outcomes)) == ([2], 2, {"replay": 2, "handled": 1})


def test_what_is_passed_over_is_not_even_decoded(engine: Engine) -> None:
    class Blind(JsonWire):
        def decode(self, record: Record) -> object:  # type: ignore[override]
            raise AssertionError(record.place)

    replay(engine, 1, *marked())
    append_broken(engine, lt_replay_run="r1")
    consumer = Consumer(engine, Blind(), about(), Recorder())  # type: ignore[arg-type]
    consumer.step()
    assert (codes_of_letters(engine), dict(consumer.outcomes)) == ([], {"replay": 2})


def test_copies_of_other_topics_records_do_not_concern_a_group(engine: Engine) -> None:
    replay(engine, 1, *marked(origin="payment.events/0/3"))
    for accepts in (True, False):
        handler = Recorder()
        consumer = a_consumer(engine, handler, group=f"g-{accepts}", accepts_replays=accepts)
        consumer.step()
        assert (handler.handled, dict(consumer.outcomes)) == ([], {"other": 1})


def test_who_accepts_replays_gets_the_copies_of_its_own_topics(engine: Engine) -> None:
    replay(engine, 1, *marked())
    replay(engine, 2, *marked(origin="payment.events/0/3"))
    handler = Recorder()
    a_consumer(engine, handler, accepts_replays=True).step()
    assert handler.handled == [1]


def test_who_accepts_replays_gets_each_run_once(engine: Engine) -> None:
    publish(engine, an_event(1))
    for run in ("r1", "r1", "r2"):
        replay(engine, 1, *marked(run))
    handler = Recorder()
    a_consumer(engine, handler, inbox=True, accepts_replays=True).step()
    assert handler.handled == [1, 1, 1]


@pytest.mark.parametrize("choice", [{"types": frozenset({"FeeAsked"})}, {"not_from": frozenset({"one-stop"})}])
def test_types_and_sources_are_chosen_among_replayed_records_too(engine: Engine, choice: dict[str, object]) -> None:
    replay(engine, 1, *marked())
    handler = Recorder()
    consumer = a_consumer(engine, handler, accepts_replays=True, **choice)
    consumer.step()
    assert (handler.handled, dict(consumer.outcomes)) == ([], {"other": 1})


@pytest.mark.parametrize("topic", [replays.TOPIC, PRIVATE])
def test_a_record_without_marks_in_a_replays_topic_is_no_event(engine: Engine, topic: str) -> None:
    replay(engine, 1, topic=topic)
    handler = Recorder()
    consumer = a_consumer(engine, handler, topics=(TOPIC, topic))
    consumer.step()
    assert (handler.handled, dict(consumer.outcomes)) == ([], {"replay": 1})


@pytest.mark.parametrize("extra", [(), marked()[:1], marked()[1:]], ids=["no marks", "no origin", "no run"])
def test_of_the_common_topic_nobody_takes_what_does_not_prove_where_it_comes_from(
    engine: Engine, extra: tuple[Header, ...]
) -> None:
    replay(engine, 1, *extra)
    handler = Recorder()
    consumer = a_consumer(engine, handler, accepts_replays=True)
    consumer.step()
    assert (handler.handled, dict(consumer.outcomes)) == ([], {"replay": 1})


def test_who_accepts_replays_reads_a_private_topic_whole(engine: Engine) -> None:
    replay(engine, 1, *marked(origin="payment.events/0/3"), topic=PRIVATE)
    handler = Recorder()
    a_consumer(engine, handler, topics=(PRIVATE,), accepts_replays=True).step()
    assert handler.handled == [1]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """What the consumer says, also where another test has sent our logs elsewhere."""
    monkeypatch.setattr(logging.getLogger("lienthong"), "propagate", True)
    caplog.set_level(logging.INFO, "lienthong.bus.consumer")
    return caplog


def test_what_was_passed_over_is_told_once_a_page_and_counted(engine: Engine, log: pytest.LogCaptureFixture) -> None:
    for n in range(3):
        replay(engine, n, *marked())
    a_consumer(engine, Recorder(), group="telling").step()
    told = {id(one): one for one in log.records if one.message == "replayed records were passed over"}.values()
    assert [vars(one)["lienthong_facts"] for one in told] == [{"group": "telling", "topic": replays.TOPIC, "count": 3}]
    line = f'lienthong_consumed_total{{group="telling",outcome="replay",topic="{replays.TOPIC}"}} 3.0'
    assert line in metrics.exposition().decode().splitlines()


def test_nothing_is_told_where_nothing_was_passed_over(engine: Engine, log: pytest.LogCaptureFixture) -> None:
    publish(engine, an_event(1))
    a_consumer(engine, Recorder()).step()
    assert "passed over" not in log.text


def test_who_runs_a_consumer_hears_of_each_page_that_was_committed(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    replay(engine, 3, *marked())
    heard: list[dict[str, int]] = []
    consumer = a_consumer(engine, Recorder())
    consumer.run(Event(), once=True, hear=lambda outcomes: heard.append(dict(outcomes)))
    assert sorted(heard, key=sorted) == [{"handled": 2}, {"replay": 1}]
    assert dict(consumer.outcomes) == {"handled": 2, "replay": 1}


def test_copies_that_nobody_handles_are_passed_over_in_large_pages(engine: Engine) -> None:
    for n in range(30):
        replay(engine, n, *marked())
    heard: list[int] = []
    consumer = a_consumer(engine, Recorder(), page=4)
    consumer.run(Event(), once=True, hear=lambda outcomes: heard.append(sum(outcomes.values())))
    assert heard == [30]


def test_what_is_not_committed_is_not_counted(engine: Engine) -> None:
    publish(engine, an_event(1), an_event(2))
    consumer = a_consumer(engine, Recorder(ContractError("no"), ZeroDivisionError()))  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        consumer.step()
    assert dict(consumer.outcomes) == {"buried": 1}


def test_a_replayed_record_that_is_refused_is_buried_beside_its_topic(engine: Engine) -> None:
    replay(engine, 1, *marked())
    a_consumer(engine, Recorder(ContractError("no")), accepts_replays=True).step()
    [letter] = records(engine, f"{replays.TOPIC}.dead-letter")
    assert (letter.text(replays.RUN), codes_of_letters(engine)) == ("r1", [])


def test_no_outcome_can_be_written_by_who_reads_it(engine: Engine) -> None:
    with pytest.raises(TypeError):
        a_consumer(engine, Recorder()).outcomes["handled"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("record", "does_concern", "is_passed_over"),
    [
        (a_record(TOPIC), True, False),
        (a_record(TOPIC, *marked()), True, True),
        (a_record(replays.TOPIC, *marked()), True, True),
        (a_record(replays.TOPIC, *marked(origin="payment.events/0/1")), False, True),
        (a_record(replays.TOPIC, *marked(origin="spoiled")), True, True),
        (a_record(replays.TOPIC), True, True),
        (a_record(PRIVATE), True, True),
    ],
)
def test_whom_a_record_concerns_and_who_passes_it_over(
    record: Record, does_concern: bool, is_passed_over: bool
) -> None:
    assert (concerns(about(), record), passes_over(about(), record)) == (does_concern, is_passed_over)
