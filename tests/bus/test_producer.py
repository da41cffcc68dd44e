"""Events are checked and encoded before anything is written."""

from __future__ import annotations

import pytest

from bus import metrics
from bus.envelope import Envelope
from bus.errors import ContractError, Misfit, TopicNotFound
from bus.producer import Producer
from bus.transport import Engine
from bus.transports import open_engine
from tests.bus.doubles import TOPIC, JsonWire, an_event, records


def test_events_stand_in_the_order_of_their_publishing(engine: Engine) -> None:
    places = Producer(engine.log, JsonWire()).publish_all([an_event(1), an_event(2)])
    assert [place.offset for place in places] == [0, 1]


def test_one_misfit_keeps_all_events_of_its_batch_out(engine: Engine) -> None:
    with pytest.raises(Misfit):
        Producer(engine.log, JsonWire()).publish_all([an_event(1), an_event(2, payload={"misfit": 1})])
    assert records(engine) == []


def test_an_empty_batch_is_nothing_to_do(engine: Engine) -> None:
    assert Producer(engine.log, JsonWire()).publish_all([]) == []


def test_a_broken_value_rule_keeps_the_event_out(engine: Engine) -> None:
    def refuse(event: Envelope) -> None:
        raise ContractError("dossier.code breaks the rule of dossier codes")

    with pytest.raises(ContractError, match="rule"):
        Producer(engine.log, JsonWire(), check=refuse).publish(an_event(1))
    assert records(engine) == []


def test_the_same_fact_again_publishes_nothing(engine: Engine) -> None:
    producer = Producer(engine.log, JsonWire())
    assert [producer.publish_new(an_event(1)) is None for _ in range(2)] == [False, True]
    assert len(records(engine)) == 1


def test_another_sources_fact_of_the_same_id_is_another_fact(engine: Engine) -> None:
    producer = Producer(engine.log, JsonWire())
    producer.publish_new(an_event(1))
    assert producer.publish_new(an_event(1, source="post")) is not None


def test_a_topic_that_is_not_there_is_named() -> None:
    engine = open_engine("sqlite://")
    with pytest.raises(TopicNotFound, match="dossier"):
        Producer(engine.log, JsonWire()).publish(an_event(1))
    engine.close()


def test_published_records_are_counted_by_topic(engine: Engine) -> None:
    labels = {"topic": TOPIC}
    before = metrics.REGISTRY.get_sample_value("lienthong_published_total", labels) or 0
    Producer(engine.log, JsonWire()).publish_all([an_event(1), an_event(2)])
    assert metrics.REGISTRY.get_sample_value("lienthong_published_total", labels) == before + 2
