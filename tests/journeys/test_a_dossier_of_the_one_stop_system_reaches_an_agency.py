"""From the one-stop system over HTTP to an agency that keeps its effects: the whole house but the demo."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from bus.cli.session import Session
from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope
from bus.records import Record
from bus.settings import load
from connectors.installed import find
from connectors.one_stop.simulator import Plan, Simulator
from connectors.running import How, open_house, run_part
from tests.connectors.one_stop.world import a_simulator, source_of, write_config
from tests.journeys.conftest import Call


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with a_simulator(tmp_path, Plan(dossiers=8, seed=5)) as running:
        yield running


@pytest.fixture
def books(call: Call, tmp_path: Path, simulator: Simulator) -> dict[str, int]:
    """Poll everything that the partner has, once."""
    config = write_config(tmp_path, simulator.base_url)
    answer = call("connector", "run", "one-stop", "--config", config, "--once")
    assert answer.code == 0, answer.talk
    counts: dict[str, int] = answer.data
    return counts


class Agency:
    """Keeps the received dossiers in a database of its own, each under the event's id."""

    def __init__(self, file: Path) -> None:
        self.database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.database.execute("CREATE TABLE received(id TEXT PRIMARY KEY, dossier TEXT)")

    def handle(self, event: Envelope, _record: Record) -> None:
        """Keep a dossier that was received; once, however often it is told."""
        if event.type == "DossierReceived":
            self.database.execute("INSERT OR IGNORE INTO received VALUES(?, ?)", (str(event.id), event.key))

    def dossiers(self) -> set[str]:
        """Return the codes that are kept."""
        return {code for (code,) in self.database.execute("SELECT dossier FROM received")}


def consume_all(folder: Path, agency: Agency) -> int:
    """Let a member of the agency's group handle all that is there."""
    session = Session(load({}, folder, data=folder / "var"))
    about = Subscription(group="insurance", topics=("dossier.events",), inbox=True)
    consumer = Consumer(session.engine, session.wire, about, agency.handle)
    handled = 0
    while count := consumer.step():
        handled += count
    consumer.close()
    session.close()
    return handled


def test_what_the_partner_says_is_in_the_log_and_a_second_poll_adds_nothing(
    call: Call, tmp_path: Path, simulator: Simulator, books: dict[str, int]
) -> None:
    again = call("connector", "run", "one-stop", "--config", write_config(tmp_path, simulator.base_url), "--once")
    assert (books["published"] > 0, books["dead_lettered"], again.data["published"]) == (True, 0, 0)


def test_an_agency_takes_every_dossier_once(call: Call, tmp_path: Path, books: dict[str, int]) -> None:
    agency = Agency(tmp_path / "agency.db")
    assert (consume_all(tmp_path, agency) > 0, consume_all(tmp_path, agency)) == (True, 0)
    found = call("event", "search", "--type", "DossierReceived", "--max", "1000", "--json").data["events"]
    assert agency.dossiers() == {event["key"] for event in found}


def test_a_dossiers_history_names_each_fact_once_in_the_order_of_its_life(call: Call, books: dict[str, int]) -> None:
    received = call("event", "search", "--type", "DossierReceived", "--json").data["events"][0]
    history = call("dossier", "history", received["key"], "--json").data
    times = [event["occurred"] for event in history["events"]]
    ids = Counter(event["id"] for event in history["events"])
    assert (times, max(ids.values()), history["completeness"]["complete"]) == (sorted(times), 1, True)


def test_topic_show_tells_how_far_the_agency_is_behind(call: Call, tmp_path: Path, books: dict[str, int]) -> None:
    consume_all(tmp_path, Agency(tmp_path / "agency.db"))
    (group,) = call("topic", "show", "dossier.events", "--json").data["groups"]
    assert (group["group"], group["lag"]) == ("insurance", 0)


def test_a_watching_poll_brings_what_happens_meanwhile_and_ends_when_asked(
    tmp_path: Path, simulator: Simulator
) -> None:
    session = Session(load({}, tmp_path, data=tmp_path / "var"))
    source, stop = source_of(find("one-stop").open(write_config(tmp_path, simulator.base_url))), Event()
    with open_house(session, [source]) as house:
        poller = Thread(target=run_part, args=(house, source, How(stop=stop)))
        poller.start()
        version = 0
        while not session.engine.admin.cursors() or not session.engine.admin.cursors()[0].value:
            version = session.engine.log.wait(version, 0.1)
        stop.set()
        poller.join()
    source.close()
    assert sum(span.end for span in session.engine.log.ends("dossier.events").values()) > 0
    session.close()
