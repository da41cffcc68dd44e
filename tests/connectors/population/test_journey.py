"""The whole walk: a look is asked for, the database is asked, and the answer follows its question in the log."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

from bus.errors import PartnerUnavailable
from bus.registry import SchemaRegistry
from connectors.population.simulator import Simulator
from connectors.population.simulator.looks import TABLES
from connectors.sdk import Exchange
from connectors.simulation import Store
from tests.connectors.population.world import AT, DOSSIER, Log, an_asked, code, drawn, looks_of, open_exchange

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "4"))


def test_an_answer_follows_its_question(log: Log, exchange: Exchange, simulator: Simulator) -> None:
    asked = an_asked("R-1")
    log.publish(asked)
    assert log.run(exchange) == {"delivered": 1}
    (answer,) = log.answers()
    assert (answer.causation, answer.correlation, answer.key) == (asked.id, DOSSIER, DOSSIER)
    assert (answer.source, answer.agency) == ("population", "G01")
    assert answer.payload["dossierCode"]["code"] == DOSSIER
    assert answer.payload["outcome"] == code("match", "VN-LOOKUP-OUTCOME")
    assert answer.payload["fieldsGiven"] == ["HoVaTen", "NgayThangNamSinh"]
    assert len({record.partition for record in log.records()}) == 1


def test_an_answer_has_the_partners_time_and_the_hash_of_what_was_kept(log: Log, exchange: Exchange) -> None:
    log.publish(an_asked("R-1"))
    log.run(exchange)
    (answer,), (entry,) = log.answers(), log.entries()
    assert timedelta(0) < answer.time - AT < timedelta(seconds=30)
    assert answer.payload["rawHash"] == sha256(entry.answer).hexdigest()
    assert (entry.operation, entry.reference, entry.state, entry.asked) == ("verify", "R-1", "done", b"")


def test_each_outcome_is_told(log: Log, exchange: Exchange, simulator: Simulator, tmp_path: Path) -> None:
    wanted = {number: outcome for outcome, numbers in drawn(tmp_path, 1, 1000).items() for number in numbers[:2]}
    log.publish(*(an_asked(number) for number in wanted))
    log.run(exchange)
    told = {event.payload["requestNumber"]: event.payload["outcome"]["code"] for event in log.answers()}
    assert told == wanted
    assert dict(looks_of(simulator)) == wanted


def test_a_look_without_a_reason_is_buried_and_nobody_is_asked(
    log: Log, exchange: Exchange, simulator: Simulator
) -> None:
    log.publish(an_asked("R-1", procedure=None), an_asked("R-2"))
    log.run(exchange)
    (letter,) = log.letters()
    assert letter.header("lt_error_code") == b"LT-E2402"
    assert [event.payload["requestNumber"] for event in log.answers()] == ["R-2"]
    assert [call.reference for call in simulator.store.calls()] == ["R-2"]


def test_the_same_question_twice_in_the_log_is_one_look_and_one_answer(
    log: Log, exchange: Exchange, simulator: Simulator
) -> None:
    log.publish(an_asked("R-1"), an_asked("R-1"))
    log.run(exchange)
    assert (len(log.answers()), len(simulator.store.calls())) == (1, 1)


def test_an_outage_loses_nothing(log: Log, tmp_path: Path, simulator: Simulator) -> None:
    simulator.script("503:0", "truncated", "html", "busy")
    with closing(open_exchange(tmp_path, simulator.base_url)) as exchange:
        log.publish(an_asked("R-1"), an_asked("R-2"))
        log.run(exchange)
    assert len(log.answers()) == 2
    assert Counter(call.reference for call in simulator.store.calls() if call.acted) == {"R-1": 1, "R-2": 1}


@contextmanager
def a_database(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the simulator as a process that loses answers; it does not outlive the block."""
    command = [sys.executable, "-m", "connectors.population.simulator", "--data", str(folder), "--port", str(port)]
    with subprocess.Popen([*command, "--seed", "1", "--trouble"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield child, json.loads(child.stdout.readline())["port"]
        finally:
            child.kill()


def keep_killing(folder: Path, port: int, over: Event) -> None:
    """Kill the database at random moments and start it again at the same place, and at last leave it be."""
    for _ in range(ROUNDS):
        with a_database(folder, port):
            time.sleep(random.uniform(0.0, 0.4))
    with a_database(folder, port):
        over.wait(60)


def run_to_the_end(log: Log, exchange: Exchange) -> None:
    """Run again after each outage, as whoever serves an exchange does."""
    for _ in range(100):
        try:
            log.run(exchange)
        except PartnerUnavailable:
            time.sleep(0.05)
        else:
            return


def test_killed_and_forgetful_the_database_is_looked_into_once_for_each_question(
    registry: SchemaRegistry, tmp_path: Path
) -> None:
    with a_database(tmp_path / "people") as (_, port):
        pass
    over = Event()
    killer = Thread(target=keep_killing, args=(tmp_path / "people", port, over))
    with closing(Log(registry, tmp_path)) as log:
        numbers = [f"R-{place}" for place in range(150)]
        log.publish(
            *(an_asked(number, dossier=f"H31.14-250626-{place % 20:04}") for place, number in enumerate(numbers))
        )
        killer.start()
        with closing(open_exchange(tmp_path, f"http://127.0.0.1:{port}", connect_timeout_s=1)) as exchange:
            run_to_the_end(log, exchange)
        over.set()
        killer.join()
        assert Counter(event.payload["requestNumber"] for event in log.answers()) == Counter(numbers)
        assert log.letters() == []
    with closing(Store(tmp_path / "people", "population", TABLES)) as store:
        acted = Counter(call.reference for call in store.calls() if call.acted)
        lost = store.rows("SELECT subject FROM injected")
    assert acted == Counter(numbers)
    assert lost
