"""kill -9 of delivering processes at random moments: the shop's own store, the log and the ledger are asked."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.records import Record
from bus.transport import Engine
from bus.transports import open_engine
from connectors.delivery import Deliver, run_sink
from connectors.ledger import open_ledger
from tests.bus.doubles import TOPIC, JsonWire, an_event, codes_of_letters, publish
from tests.connectors.courier import POLICY, CourierSink
from tests.connectors.delivery_doubles import make_topics
from tests.connectors.shop import Shop, a_shop
from tests.contracts.between import Between, between
from tests.faults.conftest import Worker

KILLS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "10"))
BATCH = 40
KEYS = 7
KINDS = ("DossierReceived", "DossierReceived", "FeeAsked", "DossierReceived", "DossierPaused")


class Scene:
    """A log and a ledger in files, a shop, and what stands before it and loses one answer in twenty."""

    def __init__(self, folder: Path, shop: Shop, way: Between) -> None:
        self.log_url, self.ledger_url = f"sqlite:///{folder}/bus.db", f"sqlite:///{folder}/connectors.db"
        self.shop, self.way = shop, way
        self.published = 0

    def publish(self, engine: Engine) -> None:
        """Publish the next batch."""
        numbers = range(self.published, self.published + BATCH)
        publish(engine, *(an_event(n, type=KINDS[n % 5], key=f"k{n % KEYS}") for n in numbers))
        self.published += BATCH

    def start(self) -> Worker:
        """Start a courier."""
        return Worker("tests.connectors.courier", self.log_url, self.ledger_url, self.way.base_url)

    def finish(self, engine: Engine) -> None:
        """Deliver the rest."""
        with closing(open_ledger(self.ledger_url)) as ledger, closing(CourierSink(self.way.base_url)) as sink:
            run_sink(engine, JsonWire(), sink, ledger, Deliver(once=True, partner=POLICY))


@pytest.fixture
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="lienthong-") as name, a_shop(Path(name)) as shop:
        draw = random.Random(7)
        with between(shop.base_url) as way:
            way.loses_when = lambda: draw.random() < 0.05
            yield Scene(Path(name), shop, way)


def whole(engine: Engine) -> list[Record]:
    return [record for at in engine.log.ends(TOPIC) for record in engine.log.read(at, 0, 100_000)]


def check_books(scene: Scene, engine: Engine) -> None:
    """One effect and one reply for each event that asks for something, in the order of its key."""
    acting = [n for n in range(scene.published) if KINDS[n % 5] != "DossierPaused"]
    acted = [reference.split("/") for _, reference in scene.shop.acted()]
    assert Counter(int(n) for _, n in acted) == Counter(acting)
    for key in range(KEYS):
        assert [int(n) for of, n in acted if of == f"k{key}"] == [n for n in acting if n % KEYS == key]
    replies = [record.text("ce_causationid") for record in whole(engine) if record.text("ce_source") == "shop"]
    assert Counter(replies) == Counter(str(an_event(n).id) for n in acting)
    assert codes_of_letters(engine) == []
    with closing(open_ledger(scene.ledger_url)) as ledger:
        assert Counter(one.state for one in ledger.entries()) == {"done": scene.published}


def test_a_courier_that_is_killed_again_and_again_acts_once_and_in_order(scene: Scene) -> None:
    with closing(open_engine(scene.log_url)) as engine:
        make_topics(engine, partitions=4)
        for _ in range(KILLS):
            scene.publish(engine)
            courier = scene.start()
            courier.hear("ready")
            time.sleep(random.uniform(0, 0.25))
            courier.kill()
        scene.finish(engine)
        check_books(scene, engine)


def test_couriers_that_share_the_work_and_are_killed_in_turn_act_once_and_in_order(scene: Scene) -> None:
    with closing(open_engine(scene.log_url)) as engine:
        make_topics(engine, partitions=4)
        scene.publish(engine)
        couriers = [scene.start(), scene.start()]
        for _ in range(KILLS):
            scene.publish(engine)
            couriers.append(scene.start())
            couriers[-1].hear("ready")
            time.sleep(random.uniform(0, 0.25))
            couriers.pop(random.randrange(2)).kill()
        for courier in couriers:
            courier.kill()
        scene.finish(engine)
        check_books(scene, engine)
