"""Runs: whole or gone on with, once, told in the books; and ended where the log is no longer the plan's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import pytest

from bus.cli.session import Session
from bus.envelope import Envelope
from bus.errors import ConfigError, LienthongError, PlanOutdated
from bus.records import NewRecord, Record
from replay.runs.plan import Plan
from replay.runs.running import cancel
from tests.replay.runs.receiver import Receiver
from tests.replay.runs.world import (
    TOPIC,
    WHO,
    a_plan,
    a_session,
    append,
    history,
    past,
    place_of,
    publish,
    real_time,
    records_of,
    run,
)

EVENTS = 1500


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(a_session(tmp_path / "var")) as session:
        publish(session, history(EVENTS))
        yield session


def arrived(session: Session, plan: Plan) -> list[Record]:
    """Return what a run wrote to its topic."""
    return [one for one in records_of(session, TOPIC) if one.text("lt_replay_run") == plan.run]


def told(session: Session) -> list[Envelope]:
    """Return what runs have told of themselves."""
    return [session.wire.decode(one) for one in records_of(session, "audit.events")]


def stopped_after(session: Session, plan: Plan, given: int) -> str:
    """Run until so many records were given, and return the outcome."""
    stop = Event()

    def progress(done: int, _total: int | None) -> None:
        if done >= given:
            stop.set()

    return run(session, plan, stop=stop, progress=progress).outcome


# -- to the end -----------------------------------------------------------------------------------------


def test_a_run_gives_what_was_planned(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    result = run(session, plan)
    assert (result.outcome, result.records, result.left_out) == ("done", EVENTS, 0)
    origins = sorted(one.text("lt_replay_origin") for one in arrived(session, plan))
    assert origins == sorted(map(place_of, past(session)))


def test_ids_are_kept_and_marks_are_there(session: Session) -> None:
    plan = a_plan(session, TOPIC, topics=("dossier.events",))
    run(session, plan)
    ids = {place_of(one): one.header("ce_id") for one in past(session)}
    assert all(one.header("ce_id") == ids[one.text("lt_replay_origin")] for one in arrived(session, plan))
    assert len({one.header("lt_replay_time") for one in arrived(session, plan)}) == 1


def test_without_a_mask_keys_values_and_headers_are_as_they_were(session: Session) -> None:
    plan = a_plan(session, TOPIC, mask="none", reason="a court asks")
    run(session, plan)
    held = {place_of(one): (one.key, one.value, one.headers) for one in past(session)}
    found = {one.text("lt_replay_origin"): (one.key, one.value, one.headers[:-3]) for one in arrived(session, plan)}
    assert found == held


def test_the_books_tell_who_why_what_and_how_much(session: Session) -> None:
    plan = a_plan(session, TOPIC, mask="none", reason="a court asks")
    run(session, plan)
    started, ended = sorted(told(session), key=lambda one: one.type, reverse=True)
    assert (started.type, ended.type) == ("ReplayStarted", "ReplayEnded")
    for one in (started, ended):
        assert (one.key, one.payload["planDigest"]) == (plan.run, plan.digest)
        assert (one.payload["who"], one.payload["reason"]) == (WHO, "a court asks")
    assert ended.payload["records"] == EVENTS
    assert ended.payload["outcome"]["code"] == "done"


def test_a_plan_is_run_once(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    run(session, plan)
    again = run(session, plan)
    assert (again.outcome, again.records) == ("already", EVENTS)
    assert (len(arrived(session, plan)), len(told(session))) == (EVENTS, 2)


def test_what_nobody_can_read_makes_the_run_partial_and_is_never_given(session: Session) -> None:
    append(session, NewRecord(topic="dossier.events", key=b"a secret", value=b"\xffsecret"))
    plan = a_plan(session, TOPIC)
    result = run(session, plan)
    assert (result.outcome, result.records, result.left_out, len(result.left)) == ("partial", EVENTS, 1, 1)
    assert not any(b"secret" in (one.value or b"") + (one.key or b"") for one in arrived(session, plan))


# -- stopped and gone on with ---------------------------------------------------------------------------


def test_a_run_that_was_stopped_goes_on_where_it_was(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    assert stopped_after(session, plan, 1) == "interrupted"
    before = len(arrived(session, plan))
    assert 0 < before < EVENTS
    assert run(session, plan).outcome == "done"
    assert sorted(one.text("lt_replay_origin") for one in arrived(session, plan)) == sorted(
        map(place_of, past(session))
    )
    assert len(told(session)) == 2


def test_a_paced_run_stops_while_it_waits(session: Session) -> None:
    plan = a_plan(session, TOPIC, pace=real_time(0.01))
    assert stopped_after(session, plan, 1) == "interrupted"
    assert 0 < len(arrived(session, plan)) < EVENTS


def test_a_run_whose_target_failed_goes_on(session: Session, tmp_path: Path) -> None:
    with Receiver(tmp_path / "taken.db", faults=["400"]) as receiver:
        plan = a_plan(session, receiver.url)
        with pytest.raises(LienthongError):
            run(session, plan)
        assert run(session, plan).outcome == "done"
        origins = [one["ltreplayorigin"] for one in receiver.store.events(plan.run)]
    assert origins == [place_of(one) for one in past(session)]


def test_a_run_stops_while_its_receiver_is_out_and_goes_on_from_the_last_bookmark(
    session: Session, tmp_path: Path
) -> None:
    stop = Event()

    def out(done: int, _total: int | None) -> None:
        if done:
            receiver.faults.extend(["503:30"] * 3)
            Timer(0.2, stop.set).start()

    with Receiver(tmp_path / "taken.db") as receiver:
        plan = a_plan(session, receiver.url)
        result = run(session, plan, stop=stop, progress=out)
        assert result.outcome == "interrupted"
        assert result.records == receiver.store.expects(plan.run)
        receiver.faults.clear()
        assert run(session, plan).outcome == "done"
        origins = [one["ltreplayorigin"] for one in receiver.store.events(plan.run)]
    assert origins == [place_of(one) for one in past(session)]


def test_a_run_whose_receiver_is_out_can_be_cancelled(session: Session, tmp_path: Path) -> None:
    def out(done: int, _total: int | None) -> None:
        if done:
            receiver.faults.extend(["503:30"] * 3)
            Timer(0.2, lambda: cancel(session, plan, WHO)).start()

    with Receiver(tmp_path / "taken.db") as receiver:
        plan = a_plan(session, receiver.url)
        result = run(session, plan, progress=out)
        assert (result.outcome, result.records) == ("cancelled", receiver.store.expects(plan.run))
    assert told(session)[-1].payload["records"] == result.records


# -- cancelled ------------------------------------------------------------------------------------------


def test_an_unfinished_run_can_be_ended_for_good(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    stopped_after(session, plan, 1)
    given = len(arrived(session, plan))
    assert cancel(session, plan, WHO).outcome == "cancelled"
    assert run(session, plan).outcome == "already"
    assert len(arrived(session, plan)) == given
    assert told(session)[-1].payload["outcome"]["code"] == "cancelled"


def test_a_running_run_stops_when_it_is_cancelled(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    asked: list[str] = []

    def progress(_done: int, _total: int | None) -> None:
        if not asked:
            asked.append(cancel(session, plan, WHO).outcome)

    result = run(session, plan, progress=progress)
    assert (asked, result.outcome) == (["asked"], "cancelled")
    assert 0 < result.records < EVENTS


def test_cancelling_may_be_repeated_and_a_run_that_is_over_stays_as_it_is(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    run(session, plan)
    assert [cancel(session, plan, WHO).outcome for _ in range(2)] == ["already", "already"]
    assert [one.type for one in told(session)].count("ReplayEnded") == 1


def test_what_was_never_run_cannot_be_cancelled(session: Session) -> None:
    with pytest.raises(ConfigError, match="never run"):
        cancel(session, a_plan(session, TOPIC), WHO)


# -- another log ----------------------------------------------------------------------------------------


def test_what_retention_removed_since_ends_the_run_before_it_begins(session: Session) -> None:
    plan = a_plan(session, TOPIC, topics=("citizen.events",))
    session.engine.admin.clean(past(session)[-1].timestamp + 1000 * 86_400_000)
    with pytest.raises(PlanOutdated, match="retention"):
        run(session, plan)
    assert told(session) == []


def test_another_log_is_not_taken_for_the_plan_s(session: Session, tmp_path: Path) -> None:
    plan = a_plan(session, TOPIC)
    with closing(a_session(tmp_path / "other")) as other:
        publish(other, history(EVENTS // 2))
        with pytest.raises(PlanOutdated):
            run(other, plan)


def test_a_log_with_other_content_is_found_out_in_the_end(session: Session, tmp_path: Path) -> None:
    plan = a_plan(session, TOPIC, types=("DossierRated",))
    with closing(a_session(tmp_path / "other")) as other:
        publish(other, history(EVENTS, seed=2), seed=1)
        publish(other, history(EVENTS, seed=3), seed=1)
        with pytest.raises(PlanOutdated):
            run(other, plan)


def test_a_log_that_went_another_way_is_found_out_before_anything_is_given(session: Session, tmp_path: Path) -> None:
    with closing(a_session(tmp_path / "other")) as other:
        publish(other, history(EVENTS))
        plan = a_plan(other, TOPIC, types=())
        with closing(a_session(tmp_path / "third")) as third:
            publish(third, history(2 * EVENTS, seed=9))
            with pytest.raises(PlanOutdated, match="another record"):
                run(third, plan)
            assert arrived(third, plan) == []


def test_a_run_never_goes_on_under_another_index_key(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    stopped_after(session, plan, 1)
    session.settings.index_key.unlink()
    with pytest.raises(PlanOutdated, match="index key"):
        run(session, plan)


# -- masks ----------------------------------------------------------------------------------------------


def test_pseudonyms_of_a_run_are_the_same_before_and_after_a_stop(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    stopped_after(session, plan, 1)
    run(session, plan)
    keys = {place_of(one): one.key for one in past(session)}
    pairs = {(keys[one.text("lt_replay_origin")], one.key) for one in arrived(session, plan)}
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


def test_two_runs_have_nothing_in_common_by_which_people_could_be_joined(session: Session) -> None:
    plans = [a_plan(session, TOPIC) for _ in range(2)]
    for plan in plans:
        run(session, plan)
    first, second = ({one.key for one in arrived(session, plan)} for plan in plans)
    assert (len(first) == len(second) > 1, first & second) == (True, set())
