"""kill -9 of the polling process at random points: the book of the simulated system is held against the log on disk."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from bus.registry import open_registry
from connectors.one_stop.simulator import Faults, HandClock, Plan, Simulator
from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.store import Fact
from tests.connectors.one_stop.world import Log, facts_of, write_config

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "5"))
PLAN = Plan(dossiers=60, seed=11, habits=("duplicates", "decomposed-text", "missing-fields"))


@contextmanager
def a_poller(config: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """Start a poller and wait until it is ready; it does not outlive the block."""
    command = [sys.executable, "-m", "tests.connectors.one_stop.poller", str(config), url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            hear(process, "ready")
            yield process
        finally:
            process.kill()


def hear(process: subprocess.Popen[str], word: str) -> None:
    """Wait until the poller says a word."""
    assert process.stdout is not None
    while (line := process.stdout.readline()).strip() != word:
        assert line, "the poller ended before its time"


def facts_in(url: str) -> Counter[Fact]:
    """Return how often each fact was told into a log on disk."""
    with closing(open_registry(url.replace("bus.db", "registry.db"))) as registry, closing(Log(registry, url)) as log:
        return facts_of(log.events())


def test_killed_at_random_points_every_fact_is_told_once(tmp_path: Path) -> None:
    clock, url = HandClock(FIRST_DAY), f"sqlite:///{tmp_path}/bus.db"
    with Simulator(tmp_path / "simulator", PLAN, clock, faults=Faults(rate=0.1, seed=1)) as simulator:
        clock.moment = simulator.history.finish() + timedelta(hours=1)
        config = write_config(tmp_path, simulator.base_url, page_size=3)
        for _ in range(ROUNDS):
            with a_poller(config, url):
                time.sleep(random.uniform(0.0, 0.4))
        with a_poller(config, url) as process:
            hear(process, "done")
            clock.moment += timedelta(minutes=10)
            hear(process, "done")
            hear(process, "done")
        told = facts_in(url)
        assert (set(told), set(told.values())) == (simulator.store.facts(), {1})


def test_killed_while_things_happen_nothing_is_lost(tmp_path: Path) -> None:
    """The province goes on while pollers come and go, and some of its rows show up late."""
    plan = Plan(dossiers=12, seed=4, habits=("late-rows", "equal-times"))
    clock, url = HandClock(FIRST_DAY), f"sqlite:///{tmp_path}/bus.db"
    with Simulator(tmp_path / "simulator", plan, clock) as simulator:
        moments = simulator.history.moments
        config = write_config(tmp_path, simulator.base_url, page_size=3)
        for place in range(1, ROUNDS + 1):
            with a_poller(config, url):
                for moment in moments[(place - 1) * len(moments) // ROUNDS : place * len(moments) // ROUNDS : 5]:
                    clock.moment = moment
                    time.sleep(random.uniform(0.0, 0.03))
        clock.moment = moments[-1] + timedelta(hours=1)
        with a_poller(config, url) as process:
            hear(process, "done")
        told = facts_in(url)
        assert set(told.values()) == {1}
        assert simulator.store.facts() <= set(told) <= simulator.store.facts(ever=True)
