"""The simulator: a function of (seed, number), a real server that remembers, and habits that are really bad."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from unicodedata import is_normalized

import pytest

from connectors.one_stop.simulator import HABITS, Faults, Plan, Simulator
from connectors.one_stop.simulator.history import History
from connectors.one_stop.simulator.office import A_DAY, FIRST_DAY, due, later, slot
from connectors.one_stop.simulator.store import Store
from connectors.times import parse
from schemas.rules.dossier import parse_dossier_code

MANY = range(40)


def changes(*habits: str, seed: int = 3) -> list:
    """Return all changes of some dossiers."""
    plan = Plan(dossiers=len(MANY), seed=seed, habits=habits)
    return [change for number in MANY for change in plan.changes(number)]


def test_a_dossier_is_a_function_of_seed_and_number() -> None:
    assert Plan(dossiers=5, seed=3).changes(4) == Plan(dossiers=900, seed=3).changes(4)
    assert Plan(dossiers=5, seed=3).changes(4) != Plan(dossiers=5, seed=4).changes(4)


def test_more_dossiers_extend_fewer(tmp_path: Path) -> None:
    books = []
    for dossiers in (10, 15):
        with closing(Store(tmp_path / str(dossiers))) as store:
            History(store, Plan(dossiers=dossiers)).finish()
            books.append(store.facts())
    assert books[0] < books[1]


def test_more_dossiers_in_the_same_store_are_entered_now(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        end = History(store, Plan(dossiers=10)).finish()
        before = set(store.facts())
        History(store, Plan(dossiers=15)).advance(end)
        assert store.counts()["dossiers"] == 15
        assert before < store.facts()


def test_time_brings_the_same_in_steps_as_at_once(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "steps")) as store, closing(Store(tmp_path / "once")) as other:
        history = History(store, Plan(dossiers=8))
        for moment in history.moments[::7]:
            history.advance(moment)
        history.advance(FIRST_DAY + timedelta(days=90))
        History(other, Plan(dossiers=8)).finish()
        assert (store.facts(), store.counts()) == (other.facts(), other.counts())


def test_codes_before_the_merger_are_of_agencies_that_have_closed_since() -> None:
    agencies = {parse_dossier_code(change.dossier).agency[-3:] for change in changes()}  # type: ignore[union-attr]
    assert agencies == {"H31", "H54"}
    (later_code,) = {change.dossier for change in Plan(dossiers=5000).changes(4 * A_DAY)}
    assert later_code.startswith("H31.04-20250702-")


def test_no_two_versions_of_a_row_share_a_second() -> None:
    seen = Counter((change.feed, change.id, change.at) for change in changes())
    assert max(seen.values()) == 1


def test_every_way_to_end_is_there() -> None:
    final = {change.id: change.body["TrangThaiHoSo"] for change in changes(seed=1) if change.feed == "dossiers"}
    assert set(final.values()) >= {"3", "4", "7", "10"}


def test_office_hours() -> None:
    assert slot(A_DAY).weekday() == 4
    assert later(slot(A_DAY - 1), timedelta(hours=1)).isoformat() == "2025-06-27T07:58:48+07:00"
    assert due(slot(A_DAY), 1).isoformat() == "2025-06-30T17:00:00+07:00"


# -- habits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("habit", sorted(HABITS))
def test_a_habit_changes_something_and_always_the_same(habit: str) -> None:
    assert changes(habit) == changes(habit) != changes()


@pytest.mark.parametrize("habit", sorted(HABITS))
def test_a_habit_leaves_the_days_dossiers_in_their_number(habit: str) -> None:
    assert len({change.dossier for change in changes(habit)}) == len(MANY)


def test_late_rows_are_seen_after_their_time() -> None:
    assert any(change.seen_at > change.at for change in changes("late-rows"))


def test_equal_times_are_shared_by_many() -> None:
    rows = [change for change in changes("equal-times") if change.feed == "steps"]
    assert Counter(change.at for change in rows).most_common(1)[0][1] > 3


def test_half_day_times_have_no_afternoon() -> None:
    paid = [change.body["ThoiGianGD"] for change in changes("half-day-times") if change.feed == "payments"]
    assert {text[8:10] for text in paid if text} <= {f"{hour:02}" for hour in range(1, 13)}


def test_decomposed_text_is_not_in_nfc() -> None:
    assert not all(
        is_normalized("NFC", json.dumps(change.body, ensure_ascii=False)) for change in changes("decomposed-text")
    )


def test_a_corrected_date_is_undone_and_told_anew() -> None:
    corrected = [change for change in changes("corrected-dates") if change.undone and change.facts]
    dates = [(dict(change.undone)["DossierReceived"], dict(change.facts)["DossierReceived"]) for change in corrected
             if "DossierReceived" in dict(change.undone)]  # fmt: skip
    assert dates
    assert all(new < old and parse(new) for old, new in dates)


# -- the server -------------------------------------------------------------------------------------------


def test_faults_by_chance_are_a_function_of_the_seed() -> None:
    drawn = [[Faults(rate=0.5, seed=seed).next() for _ in range(1)] for seed in (1, 1)]
    one, other = Faults(rate=0.5, seed=1), Faults(rate=0.5, seed=1)
    assert [one.next() for _ in range(50)] == [other.next() for _ in range(50)]
    assert drawn[0] == drawn[1]


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(ValueError, match="no such fault: 418"):
        Faults().script(["418"])


def test_a_store_remembers_across_starts(tmp_path: Path) -> None:
    plan = Plan(dossiers=6)
    with closing(Store(tmp_path)) as store:
        History(store, plan).finish()
    with closing(Store(tmp_path)) as store:
        assert not History(store, plan).moments
        assert store.counts()["dossiers"] == 6


def test_closing_may_be_repeated(simulator: Simulator) -> None:
    simulator.close()
    simulator.close()


def test_as_a_program_it_prints_its_port_and_ends_on_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connectors.one_stop.simulator", "--data", str(tmp_path), "--dossiers", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert told["base_url"] == f"http://127.0.0.1:{told['port']}"
