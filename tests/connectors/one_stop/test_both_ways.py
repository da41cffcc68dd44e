"""The whole way: dossiers come in, agencies answer, and the office goes on; the books balance at the end."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from connectors.ledger import DONE
from connectors.one_stop.simulator import Plan, ProcessSimulator
from connectors.one_stop.simulator.store import Store
from connectors.one_stop.simulator.story import code_of
from tests.connectors.one_stop.province import Province, a_pay_page, a_province
from tests.connectors.one_stop.world import Log, eventually, facts_of

ROUNDS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "5"))


def balances(province: Province, store: Store) -> None:
    """Hold the simulator's books against log and ledger."""
    told = facts_of([event for event in province.log.events() if event.source == "one-stop"])
    assert (set(told), set(told.values())) == (store.facts(), {1})
    twice = "SELECT service, reference FROM calls WHERE acted GROUP BY 1, 2 HAVING count(*) > 1"
    assert store.rows(twice) == []
    acted = store.rows("SELECT count(*) FROM calls WHERE acted")[0][0]
    done = [entry for entry in province.ledger.entries("one-stop") if entry.operation]
    assert ({entry.state for entry in done}, len(done)) == ({DONE}, acted)


def test_every_dossier_ends_and_every_fact_is_told_once(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=25, seed=3)
    with a_pay_page(refusals=3) as (page, url), ProcessSimulator(tmp_path / "simulator", plan) as simulator:
        with a_province(log, tmp_path, simulator.base_url, url) as province:
            province.until_final(simulator.store, 25)
            balances(province, simulator.store)
        eventually(lambda: simulator.store.links() == [])
        opened = {name for name, visits in page.visits.items() if visits}
        assert opened == {row[0] for row in simulator.store.rows("SELECT reference FROM links")} != set()
        assert log.letters() == []


def test_lost_answers_act_once_and_rows_that_nobody_can_map_become_letters(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=60, seed=5)
    with a_pay_page() as (_, url), ProcessSimulator(tmp_path / "simulator", plan, trouble=True) as simulator:
        store = simulator.store
        with a_province(log, tmp_path, simulator.base_url, url) as province:
            province.until_final(store, 60)
            balances(province, store)
        assert store.rows("SELECT count(*) > 0 FROM injected WHERE fault LIKE 'lost-answer%'") == [(1,)]
        bad = sorted(row[0] for row in store.rows("SELECT dossier FROM bad_rows"))
        assert bad == sorted(record.key.decode() for record in log.letters()) != []


def test_a_story_has_its_links_of_cause(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=1, seed=3)
    with (
        a_pay_page() as (_, url),
        ProcessSimulator(tmp_path / "simulator", plan) as simulator,
        a_province(log, tmp_path, simulator.base_url, url) as province,
    ):
        province.until_final(simulator.store, 1)
    events = {event.type: event for event in log.events() if event.key == code_of(0)}
    causes = {
        "DossierReceived": "CitizenLookupAnswered", "CitizenLookupAnswered": "CitizenLookupAsked",
        "PaymentConfirmed": "PaymentRequested", "DossierReturned": "PostalStatusChanged",
        "PostalStatusChanged": "PostalOrdered",
    }  # fmt: skip
    by_id = {event.id: event.type for event in log.events()}
    assert {name: by_id[events[name].causation] for name in causes} == causes  # type: ignore[index]
    submitted = events["DossierSubmitted"].payload
    assert submitted["submittedBy"]["number"]["codeSystem"] == "VN-PERSON"
    assert submitted["supportAgency"]["codeSystem"] == "ONE-STOP-OFFICE"


@contextmanager
def a_process(folder: Path, port: int, dossiers: int) -> Iterator[subprocess.Popen[str]]:
    """Run the simulator as a program of its own; it does not outlive the block."""
    command = [sys.executable, "-m", "connectors.one_stop.simulator", "--process", "--trouble", "--seed", "3"]
    command += ["--data", str(folder), "--dossiers", str(dossiers), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_killed_at_random_points_it_goes_on_as_if_nothing_had_been(tmp_path: Path, log: Log, free_port: int) -> None:
    folder, base_url = tmp_path / "simulator", f"http://127.0.0.1:{free_port}"
    with a_pay_page() as (_, url), a_province(log, tmp_path, base_url, url, safety_lag_s=1) as province:
        for _ in range(ROUNDS):
            with a_process(folder, free_port, 40):
                until = time.monotonic() + random.uniform(0.2, 1.5)
                while time.monotonic() < until:
                    province.turn()
        with a_process(folder, free_port, 40), closing(Store(folder)) as store:
            province.until_final(store, 40)
            balances(province, store)


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
