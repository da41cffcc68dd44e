"""The books of runs: what a run tells of itself, and what stands in them when they are read back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bus.cli.session import Session
from bus.records import NewRecord
from bus.replays import CURSOR
from bus.transport import Commit, Saved
from bus.transports import open_engine
from replay.runs import books, state
from replay.runs.books import read_books
from replay.runs.plan import MASKS, Plan
from replay.runs.state import State
from replay.runs.targets.naming import target_of
from schemas.catalogue import load, parsed
from schemas.rules import bind
from tests.replay.runs.world import a_plan, a_session, history, publish

BEGAN = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
DOSSIER = "H56.14-261124-0003"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(a_session(tmp_path / "var")) as session:
        publish(session, history(60))
        yield session


def begin(session: Session, plan: Plan, minutes: int = 0) -> None:
    event = books.started(plan, BEGAN + timedelta(minutes=minutes), "linh")
    session.engine.log.commit(Commit(appends=[session.wire.encode(event)]))


def end(
    session: Session, plan: Plan, outcome: str, *, given: int = 60, left_out: int = 0, at: datetime = BEGAN
) -> None:
    event = books.ended(plan, reached_to(plan, outcome, given=given), "linh", at)
    session.engine.log.commit(Commit(appends=[session.wire.encode(event)]))


def move(session: Session, plan: Plan, value: bytes, *, release: bool = True) -> None:
    """Save a run's bookmark, and let the run go unless it is to look alive."""
    claim = session.engine.claim(CURSOR + plan.run)
    session.engine.log.commit(Commit(cursor=Saved(name=CURSOR + plan.run, value=value, epoch=claim.epoch)))
    if release:
        claim.release()


def a_bookmark(plan: Plan, given: int) -> bytes:
    reached = state.first_state(plan, "2026-11-25T02:00:00.000Z", b"check")
    reached.given = given
    return state.write(reached)


def reached_to(plan: Plan, outcome: str, *, given: int = 1) -> State:
    """Return the state of a run that has ended."""
    reached = state.first_state(plan, "2026-11-24T05:00:00.000Z", b"check")
    reached.given, reached.size, reached.outcome = given, 9, outcome
    return reached


# -- what a run tells -----------------------------------------------------------------------------------


def test_a_run_tells_who_began_it_by_whose_plan_and_what_goes_where(session: Session, tmp_path: Path) -> None:
    plan = a_plan(session, str(tmp_path / "a.avro"), mask="none", reason="Đơn 12", start="2026-11-24", end="2026-11-24")
    told = books.started(plan, BEGAN, "linh")
    payload = told.payload
    assert (told.key, told.time, told.source, told.agency) == (plan.run, BEGAN, "replay", None)
    assert (payload["who"], payload["plannedBy"], payload["reason"]) == ("linh", "thanh", "Đơn 12")
    assert (payload["targetKind"]["code"], payload["target"]) == ("avro", str(tmp_path / "a.avro"))
    assert (payload["mask"]["code"], payload["records"], payload["sizeBytes"]) == ("none", 60, plan.bytes)
    assert (payload["planDigest"], payload["topics"]) == (plan.digest, list(plan.topics))
    assert "PERSONAL" in payload["classes"]


@pytest.mark.parametrize("by", ["occurred", "accepted"])
def test_a_range_is_told_under_the_time_that_it_means(session: Session, by: Any) -> None:
    plan = a_plan(session, "replay.test", start="2026-11-24", by=by)
    payload = books.started(plan, BEGAN, "linh").payload
    filled = {name for name in payload if name.endswith(("From", "To")) and payload[name] is not None}
    assert (filled, payload[f"{by}From"]["at"]) == ({f"{by}From"}, datetime(2026, 11, 23, 17, tzinfo=UTC))


def test_a_run_of_one_dossier_belongs_to_that_dossier(session: Session) -> None:
    told = books.started(a_plan(session, "replay.test", dossier=DOSSIER), BEGAN, "linh")
    assert (told.correlation, told.payload["dossierCode"]["code"], told.payload["identity"]) == (
        DOSSIER, DOSSIER, "dossier",
    )  # fmt: skip


def test_a_run_about_a_person_tells_the_form_of_what_was_asked_and_never_the_number(session: Session) -> None:
    found = (session.wire.decode(one) for one in _records(session) if one.text("ce_type") == "DossierReceived")
    number = next(found).payload["applicant"]["number"]["code"]
    plan = a_plan(session, "replay.test", id=f"citizen:{number}")
    told = [books.started(plan, BEGAN, "linh"), books.ended(plan, reached_to(plan, "done"), "linh", BEGAN)]
    values = [session.wire.encode(event) for event in told]
    assert (plan.records > 0, told[0].payload["identity"], told[0].correlation) == (True, "citizen", None)
    assert all(number.encode() not in (one.value or b"") + repr(one.headers).encode() for one in values)


def test_a_run_tells_its_beginning_and_its_end_once_however_often_it_is_taken_up(session: Session) -> None:
    plan = a_plan(session, "replay.test")
    again = BEGAN + timedelta(hours=1)
    assert books.started(plan, BEGAN, "linh").id == books.started(plan, again, "thanh").id
    assert books.started(plan, BEGAN, "linh").id != books.started(a_plan(session, "replay.test"), BEGAN, "linh").id


def test_an_end_gives_the_reason_of_the_plan(session: Session) -> None:
    plan = a_plan(session, "replay.test", reason="Đơn 12")
    told = books.ended(plan, reached_to(plan, "cancelled"), "linh", BEGAN)
    assert told.payload["reason"] == "Đơn 12"


def test_the_rules_have_nothing_to_say_of_what_runs_tell(session: Session) -> None:
    plan = a_plan(session, "replay.test", agency="H56.14", dossier=DOSSIER)
    told = [
        books.started(replace(plan, target=target_of(target), mask=mask), BEGAN, "linh")
        for target in ("/a.avro", "/a.jsonl", "replay.test", "https://agency.example/in")
        for mask in MASKS
    ]
    told += [
        books.ended(plan, reached_to(plan, outcome), "linh", BEGAN) for outcome in ("done", "partial", "cancelled")
    ]
    findings = [bind(parsed(load().event(event.type)))(event.payload, BEGAN.date()) for event in told]
    assert [one for found in findings for one in found] == []


# -- what is read back ----------------------------------------------------------------------------------


def test_a_run_without_an_end_is_running_while_somebody_holds_it_and_interrupted_after(session: Session) -> None:
    held, left = a_plan(session, "replay.test"), a_plan(session, "replay.test")
    for minutes, plan in enumerate((held, left)):
        begin(session, plan, minutes)
    move(session, held, a_bookmark(held, 7), release=False)
    move(session, left, a_bookmark(left, 9))
    runs = read_books(session.engine, session.wire).runs
    assert [(run.id, run.state, run.given) for run in runs] == [
        (left.run, "interrupted", 9), (held.run, "running", 7),
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", ["done", "partial", "cancelled"])
def test_a_run_that_has_ended_stands_as_its_outcome_with_what_it_gave(session: Session, outcome: str) -> None:
    plan = a_plan(session, "replay.test")
    begin(session, plan)
    end(session, plan, outcome, given=42)
    [run] = read_books(session.engine, session.wire).runs
    assert (run.state, run.given) == (outcome, 42)


def test_a_bookmark_of_another_version_keeps_no_run_from_being_told(session: Session) -> None:
    plan = a_plan(session, "replay.test")
    begin(session, plan)
    move(session, plan, b"another version's")
    [run] = read_books(session.engine, session.wire).runs
    assert (run.state, run.given) == ("interrupted", None)


def test_a_record_of_the_books_that_nobody_can_read_is_named(session: Session) -> None:
    broken = NewRecord(topic=books.TOPIC, key=b"k", value=b"\xff")
    [place] = session.engine.log.commit(Commit(appends=[broken]))
    assert [one.place for one in read_books(session.engine, session.wire).unreadable] == [str(place)]


def test_without_the_topic_no_run_is_told(session: Session) -> None:
    with closing(open_engine("sqlite://")) as bare:
        assert read_books(bare, session.wire) == books.Books(runs=[], unreadable=[])


def _records(session: Session) -> list[Any]:
    log = session.engine.log
    return [one for name, span in log.ends("dossier.events").items() if span.end for one in log.read(name, 0, 500)]
