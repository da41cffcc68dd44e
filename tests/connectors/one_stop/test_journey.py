"""From the simulated system to the log: every fact of its book, exactly once, whatever goes wrong on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.deadletters import read_letter
from bus.errors import CredentialsRefused
from bus.registry import SchemaRegistry
from connectors.one_stop import connector
from connectors.one_stop.simulator import PASSWORD, Faults, Plan, Simulator
from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.habits import LATEST_S
from connectors.sdk import Source
from tests.connectors.one_stop.world import HONEST, Log, a_simulator, facts_of, open_source, source_of


def test_every_fact_is_told_once(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    with closing(open_source(tmp_path, simulator, page_size=10)) as source:
        books = log.run(source)
    told = facts_of(log.events())
    assert set(told) == simulator.store.facts()
    assert set(told.values()) == {1}
    assert books.counts() == {
        "rows": sum(simulator.store.counts().values()), "published": len(told), "deduplicated": 0, "dead_lettered": 0,
    }  # fmt: skip


def test_run_again_nothing_is_told_again(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    with closing(open_source(tmp_path, simulator)) as source:
        log.run(source)
        assert log.run(source).published == 0


def test_a_second_installation_tells_the_same_under_the_same_ids(
    tmp_path: Path, registry: SchemaRegistry, simulator: Simulator
) -> None:
    found = []
    for page_size in (3, 100):
        with closing(Log(registry)) as log, closing(open_source(tmp_path, simulator, page_size=page_size)) as source:
            log.run(source)
            found.append({event.id: event for event in log.events()})
    assert found[0] == found[1]


@pytest.mark.parametrize("habit", HONEST)
def test_every_fact_is_told_once_by_a_system_with_a_bad_habit(tmp_path: Path, log: Log, habit: str) -> None:
    with a_simulator(tmp_path, Plan(dossiers=10, seed=5, habits=(habit,))) as simulator:
        with closing(open_source(tmp_path, simulator, page_size=4)) as source:
            books = log.run(source)
        told = facts_of(log.events())
        assert (set(told), set(told.values())) == (simulator.store.facts(), {1})
        assert books.dead_lettered == 0


def test_every_fact_is_told_once_over_a_wire_with_bad_habits(tmp_path: Path, log: Log) -> None:
    with a_simulator(tmp_path, Plan(dossiers=20, seed=7), faults=Faults(rate=0.3, seed=7)) as simulator:
        with closing(open_source(tmp_path, simulator, page_size=4)) as source:
            log.run(source)
            simulator.clock.moment += timedelta(minutes=10)
            log.run(source)
        told = facts_of(log.events())
        assert (set(told), set(told.values())) == (simulator.store.facts(), {1})
        assert len(set(simulator.answers())) > 8


def test_followed_from_day_to_day_everything_that_was_ever_told_is_there_once(tmp_path: Path, log: Log) -> None:
    """Rows show up late, times are equal, dates are corrected: nothing that a poll could see is lost."""
    plan = Plan(dossiers=15, seed=2, habits=HONEST)
    with a_simulator(tmp_path, plan, over=False) as simulator:
        follow(simulator, open_source(tmp_path, simulator, page_size=7, safety_lag_s=0), log, polls(plan))
        told = facts_of(log.events())
        assert (set(told), set(told.values())) == (simulator.store.facts(ever=True), {1})


def test_followed_from_row_to_row_none_that_shows_up_late_is_lost(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=6, seed=8, habits=("late-rows",))
    with a_simulator(tmp_path, plan, over=False) as simulator:
        moments = [moment + timedelta(seconds=1) for moment in simulator.history.moments]
        follow(simulator, open_source(tmp_path, simulator, safety_lag_s=0, overlap_s=LATEST_S), log, moments)
        told = facts_of(log.events())
        assert (set(told), set(told.values())) == (simulator.store.facts(ever=True), {1})


def follow(simulator: Simulator, source: Source, log: Log, moments: Iterable[datetime]) -> None:
    """Poll at these moments."""
    with closing(source):
        for moment in moments:
            simulator.clock.moment = moment
            log.run(source)


def polls(plan: Plan) -> Iterator[datetime]:
    """Yield when to poll, so that no row changes twice between two polls."""
    changes = sorted(
        (change for number in range(plan.dossiers) for change in plan.changes(number)), key=lambda one: one.seen_at
    )
    for group in _groups(changes):
        yield group[-1].seen_at + timedelta(seconds=1)
    yield changes[-1].seen_at + timedelta(hours=1)


def _groups(changes: Sequence[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in changes:
        if any((change.feed, change.id) == (other.feed, other.id) for other in group):
            yield group
            group = []
        group.append(change)
    yield group


def test_a_dossiers_life_stands_in_the_log_in_its_order(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=10, seed=2)
    with a_simulator(tmp_path, plan, over=False) as simulator:
        follow(simulator, open_source(tmp_path, simulator, safety_lag_s=0), log, polls(plan))
    stations = ("DossierSubmitted", "DossierReceived", "SupplementAsked", "DossierResolved", "DossierReturned")
    lives = defaultdict(list)
    for event in log.events():
        if event.type in stations:
            lives[event.key].append(event.time)
    assert lives
    assert all(times == sorted(times) for times in lives.values())


@pytest.mark.parametrize("habit", ["unknown-statuses", "missing-reception"])
def test_what_cannot_be_told_is_buried_with_its_place_and_the_rest_passes(tmp_path: Path, log: Log, habit: str) -> None:
    plan = Plan(dossiers=30, seed=5, habits=(habit,))
    with a_simulator(tmp_path, plan) as simulator, closing(open_source(tmp_path, simulator)) as source:
        books = log.run(source)
        again = log.run(source)
    letters = [read_letter(record) for record in log.letters()]
    assert 0 < books.dead_lettered == len(letters) < 30
    assert {letter.code for letter in letters} == {"LT-E2402"}
    assert all(letter.origin.startswith("DanhSachHoSo ") for letter in letters)
    assert (books.published > 300, again.dead_lettered) == (True, 0)


def test_a_status_that_is_put_right_brings_the_dossier(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=1, seed=5)
    last = [change for change in plan.changes(0) if change.feed == "dossiers"][-1]
    with a_simulator(tmp_path, plan) as simulator, closing(open_source(tmp_path, simulator)) as source:
        now = simulator.clock.now()
        wrong = {**last.body, "TrangThaiHoSo": "99"}
        simulator.store.apply([replace(last, at=now - timedelta(minutes=9), body=wrong)])
        assert log.run(source).dead_lettered == 1
        simulator.store.apply([replace(last, at=now - timedelta(minutes=5))])
        log.run(source)
        assert set(facts_of(log.events())) == simulator.store.facts()


def test_statuses_that_are_told_as_done_are_told_as_the_partner_tells_them(tmp_path: Path, log: Log) -> None:
    plan = Plan(dossiers=30, seed=5, habits=("paused-as-done",))
    with a_simulator(tmp_path, plan) as simulator, closing(open_source(tmp_path, simulator)) as source:
        log.run(source)
    types = {event.type for event in log.events()}
    assert "DossierResolved" in types
    assert types.isdisjoint({"DossierPaused", "DossierStopped"})


def test_refused_credentials_stop_the_run_and_bury_nothing(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    source = open_source(tmp_path, simulator)
    (tmp_path / "password").write_text("wrong", "utf-8")
    with closing(source), closing(source_of(connector.open(tmp_path / "one-stop.yaml"))) as refused:
        with pytest.raises(CredentialsRefused):
            log.run(refused)
        (tmp_path / "password").write_text(PASSWORD, "utf-8")
        assert (log.letters(), log.run(source).published > 0) == ([], True)


def test_nothing_that_leaves_the_source_holds_the_password(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    with closing(open_source(tmp_path, simulator)) as source:
        log.run(source)
    cursors = b"".join(state.value or b"" for state in log.engine.admin.cursors())
    everything = b"".join(bytes(record.value or b"") + repr(record.headers).encode() for record in log.records())
    assert PASSWORD.encode() not in everything + cursors


def test_chance_faults_come_out_the_same_again(tmp_path: Path, registry: SchemaRegistry) -> None:
    answers = []
    for turn in range(2):
        folder = tmp_path / str(turn)
        folder.mkdir()
        with a_simulator(folder, Plan(dossiers=6), faults=Faults(rate=0.3, seed=9)) as simulator:
            with closing(Log(registry)) as log, closing(open_source(folder, simulator, page_size=5)) as source:
                log.run(source)
            answers.append(simulator.answers())
    assert answers[0] == answers[1]
