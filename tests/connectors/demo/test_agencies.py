"""The demo's agencies: each event is handled once and told once, whatever is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from bus.cli.session import Session
from bus.consumer import Consumer
from bus.records import NewRecord
from bus.rules import value_rules
from bus.transport import Commit, Engine
from connectors.demo.agencies import audit, insurance, police
from connectors.demo.agencies.agency import Agency, file_of, handler, run
from connectors.demo.agencies.book import Book
from tests.connectors.demo.world import CODE, DyingEngine, Killed, a_result, a_session, an_event, publish, records, told


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with a_session(tmp_path) as opened:
        yield opened


def work(session: Session, agency: Agency, engine: Any = None) -> None:
    """Let an agency handle all that is there."""
    with closing(Book(file_of(agency.name, session.settings.data))) as book:
        about = agency.subscription
        consumer = Consumer(
            cast("Engine", engine or session.engine), session.wire, about, handler(agency, book), around=book.page
        )
        with closing(consumer):
            while consumer.step():
                pass


def rows(session: Session, agency: str, sql: str) -> list[Any]:
    with closing(sqlite3.connect(file_of(agency, session.settings.data))) as database:
        return database.execute(sql).fetchall()


def test_the_police_register_a_child_with_a_birth_certificate_and_tell_the_step(session: Session) -> None:
    publish(session, result := a_result(session))
    work(session, police.agency(7))
    (step,) = told(session, "police")
    assert (step.type, step.key, step.correlation, step.causation) == ("DossierStepDone", CODE, CODE, result.id)
    assert (step.payload["step"], step.time > result.time) == ("Đăng ký thường trú", True)


def test_the_insurance_issues_a_health_card_and_tells_the_result(session: Session) -> None:
    publish(session, result := a_result(session))
    work(session, insurance.agency(7))
    (card,) = told(session, "insurance")
    assert (card.type, card.payload["kind"]["code"], card.causation) == ("ResultIssued", "KQ.G24.000001", result.id)


@pytest.mark.parametrize("agency", [police, insurance])
def test_another_result_is_handled_and_leads_to_nothing(session: Session, agency: Any) -> None:
    publish(session, a_result(session, "KQ.G17.000122"))
    work(session, agency.agency(7))
    assert told(session, agency.NAME) == []
    assert rows(session, agency.NAME, "SELECT count(*) FROM handled") == [(1,)]


@pytest.mark.parametrize("agency", [police, insurance])
def test_what_agencies_tell_keeps_the_value_rules(session: Session, agency: Any) -> None:
    publish(session, a_result(session))
    work(session, agency.agency(7))
    (event,) = told(session, agency.NAME)
    value_rules(session.catalogue)(event)


@pytest.mark.parametrize("agency", [police, insurance])
def test_an_agency_that_dies_between_effect_and_commit_does_it_once_and_tells_it_once(
    session: Session, agency: Any
) -> None:
    publish(session, a_result(session))
    with pytest.raises(Killed):
        work(session, agency.agency(7), DyingEngine(session.engine))
    assert rows(session, agency.NAME, "SELECT count(*) FROM effects") == [(1,)]
    assert told(session, agency.NAME) == []
    work(session, agency.agency(7))
    assert rows(session, agency.NAME, "SELECT count(*) FROM effects") == [(1,)]
    assert len(told(session, agency.NAME)) == 1


def test_what_is_told_after_a_crash_is_what_would_have_been_told_before(session: Session, tmp_path: Path) -> None:
    publish(session, result := a_result(session))
    with closing(Book(tmp_path / "a.db")) as book:
        handle, record = handler(police.agency(7), book), cast("Any", told_record(session))
        assert list(handle(result, record)) == list(handle(result, record)) != []


def told_record(session: Session) -> Any:
    return records(session, "dossier.events")[0]


def test_two_dossiers_have_times_and_numbers_of_their_own_and_the_same_ones_in_every_province_of_that_seed(
    session: Session,
) -> None:
    first, second = a_result(session), a_result(session, code="H31.14-20250702-0002")
    act = police.agency(7).act
    assert act(first) == police.agency(7).act(first) != police.agency(8).act(first)
    assert act(first) != act(second)


def test_the_audit_keeps_a_row_of_every_event_on_every_topic_and_tells_nothing(session: Session) -> None:
    asked = an_event(session, "CitizenLookupAsked", requestNumber="R-1", service={"code": "003", "codeSystem": "X"})
    publish(session, a_result(session), asked)
    work(session, audit.agency(7))
    assert rows(session, "audit", "SELECT type FROM handled ORDER BY type") == [
        ("CitizenLookupAsked",), ("ResultIssued",)]  # fmt: skip
    assert told(session, "audit") == []


def test_an_event_that_stands_in_the_log_twice_is_one_row(session: Session) -> None:
    publish(session, a_result(session), a_result(session))
    work(session, audit.agency(7))
    assert rows(session, "audit", "SELECT count(*) FROM handled") == [(1,)]


def test_an_undecodable_record_is_buried_by_the_audit(session: Session) -> None:
    poison = NewRecord(
        topic="dossier.events", key=b"x", value=b"x", headers=(("ce_id", b"1"), ("ce_type", b"DossierStepDone"))
    )
    session.engine.log.commit(Commit(appends=[poison]))
    work(session, audit.agency(7))
    assert sum(span.end for span in session.engine.log.ends("dossier.events.dead-letter").values()) == 1


def test_an_agency_as_a_process_is_killed_and_goes_on_where_it_was(session: Session) -> None:
    data = session.settings.data
    publish(session, a_result(session))
    argv = [sys.executable, "-m", "connectors.demo.agencies", "police", "--data", str(data)]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not told(session, "police") and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    publish(session, a_result(session, code="H31.14-20250702-0002"))
    assert subprocess.run([*argv, "--once"], check=False, timeout=30).returncode == 0
    assert [event.key[-1] for event in sorted(told(session, "police"), key=lambda event: event.key)] == ["1", "2"]


def test_stop_ends_an_agency(session: Session) -> None:
    stop = Event()
    stop.set()
    run(audit.agency(7), session.settings.data, stop)
    assert file_of("audit", session.settings.data).exists()
