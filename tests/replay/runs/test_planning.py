"""Plans: they mean just what was asked, tell what is missing, and never tell a person's number."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bus.cli.moments import zone_of
from bus.cli.session import Session
from bus.errors import ConfigError, TargetDiffers, TopicNotFound
from bus.records import NewRecord, Record
from replay.runs import plan as plans
from replay.runs.offsets import Runs
from replay.runs.plan import Missing, Pace, Plan
from replay.runs.survey import Survey
from replay.runs.telling import plan_lines
from replay.runs.words import Speech
from tests.replay.runs.world import NOON, TOPIC, a_plan, a_session, append, history, past, place_of, publish, records_of

DOSSIER = "H56.14-261124-0003"
EVENTS = 200


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(a_session(tmp_path / "var")) as session:
        publish(session, history(EVENTS))
        yield session


def places(plan: Plan) -> list[str]:
    """Return the places that a plan has picked."""
    return sorted(
        f"{one.topic}/{one.partition}/{offset}"
        for one in plan.stretches
        for first, end in Runs.unpacked(one.picks or "", one.records)
        for offset in range(first, end)
    )


def number_of_a_person(session: Session) -> str:
    """Return the number of somebody whom an event names."""
    found = (session.wire.decode(one) for one in past(session) if one.text("ce_type") == "DossierReceived")
    return str(next(found).payload["applicant"]["number"]["code"])


# -- what is meant --------------------------------------------------------------------------------------


def test_without_a_choice_all_history_is_meant_but_dead_letters_and_copies(session: Session) -> None:
    append(session, NewRecord(topic=TOPIC, key=b"k", value=b"v"))
    append(session, NewRecord(topic="dossier.events.dead-letter", key=b"k", value=b"v"))
    plan = a_plan(session, TOPIC, topics=())
    assert (plan.records, plan.missing) == (EVENTS, ())
    assert plan.bytes == sum(len(one.key or b"") + len(one.value or b"") for one in past(session))


@pytest.mark.parametrize(
    ("asked", "is_meant"),
    [
        ({"topics": ("payment.events",)}, lambda one: one.topic == "payment.events"),
        ({"types": ("DossierRated", "FeeAsked")}, lambda one: one.text("ce_type") in ("DossierRated", "FeeAsked")),
        ({"agency": "H56.15"}, lambda one: one.text("ce_agency") == "H56.15"),
        ({"key": DOSSIER}, lambda one: one.key == DOSSIER.encode()),
        ({"dossier": DOSSIER}, lambda one: one.key == DOSSIER.encode()),
        ({"dossier": DOSSIER, "types": ("DossierRated",)},
         lambda one: one.key == DOSSIER.encode() and one.text("ce_type") == "DossierRated"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_asked_for_is_meant_and_nothing_else(session: Session, asked: dict[str, Any], is_meant: Any) -> None:
    plan = a_plan(session, TOPIC, **{"topics": (), **asked})
    assert plan.records == sum(map(is_meant, past(session)))


def test_a_range_of_time_is_by_when_it_happened(session: Session) -> None:
    plan = a_plan(session, TOPIC, start="2026-11-24T12:00:00.100+07:00", end="2026-11-24T12:00:00.200+07:00")
    first, last = (round(NOON.timestamp() * 1000) + at for at in (100, 200))
    assert (plan.records, plan.occurred) == (51, (first, last))


def test_a_range_of_time_by_acceptance_goes_by_the_bus(session: Session) -> None:
    assert a_plan(session, TOPIC, by="accepted", start="2026-11-24T05:00Z", end="2100-01-01").records == EVENTS
    assert a_plan(session, TOPIC, by="accepted", end="2020-01-01").records == 0


def test_a_dossier_s_plan_holds_the_places_that_were_found(session: Session) -> None:
    wanted = sorted(place_of(one) for one in past(session) if one.key == DOSSIER.encode())
    assert places(a_plan(session, TOPIC, dossier=DOSSIER)) == wanted


def test_a_person_s_plan_holds_places_and_a_hash_and_never_the_number(session: Session) -> None:
    number = number_of_a_person(session)
    plan = a_plan(session, TOPIC, topics=(), id=f"citizen:{number}")
    assert plan.records > 0
    assert number.encode() not in plans.encode(plan)
    assert plan.asked.about is not None
    assert (plan.asked.about.kind, plan.asked.about.value) == ("citizen", None)


def test_a_key_is_not_told_either(session: Session) -> None:
    plan = a_plan(session, TOPIC, key=DOSSIER)
    assert plan.records > 0
    assert DOSSIER.encode() not in plans.encode(plan)


def test_two_plans_about_one_person_tell_that_they_are(session: Session) -> None:
    number = number_of_a_person(session)
    hidden = {a_plan(session, TOPIC, topics=(), id=f"citizen:{one}").asked.about for one in (number, f" {number} ")}
    assert len(hidden) == 1


# -- what it tells --------------------------------------------------------------------------------------


def test_a_plan_tells_types_contracts_and_classes_of_data(session: Session) -> None:
    plan = a_plan(session, TOPIC, topics=("dossier.events",))
    assert sum(plan.types.values()) == sum(one.records for one in plan.contracts) == plan.records
    assert {"PERSONAL", "ID:dossier", "ID:citizen"} <= set(plan.classes)
    assert plan.classes["ID:dossier"].records == plan.records
    assert any(field.startswith("DossierReceived.applicant") for field in plan.classes["PERSONAL"].fields)


def test_types_are_told_by_contract_and_not_by_a_header_that_may_say_anything(session: Session) -> None:
    kept = next(one for one in past(session) if one.text("ce_type") == "DossierRated")
    headers = (("ce_type", b"X-038090777123"),)
    append(session, NewRecord(topic="dossier.events", key=b"k", value=kept.value, headers=headers))
    plan = a_plan(session, TOPIC)
    assert (plan.records, b"038090777123" in plans.encode(plan)) == (EVENTS + 1, False)


def test_a_time_at_the_end_of_the_calendar_is_planned_and_told(session: Session) -> None:
    for_ever = (("ce_time", b"9999-12-31T23:59:59.000Z"),)
    append(session, NewRecord(topic="dossier.events", key=b"k", value=None, headers=for_ever))
    plan = a_plan(session, TOPIC, end="9999-12-31")
    assert plan.occurred is not None
    assert "9999" in "\n".join(plan_lines(plan, Speech("vi", zone_of("Asia/Ho_Chi_Minh"))))


def test_a_paced_plan_takes_as_long_as_things_took(session: Session) -> None:
    flat, paced = (a_plan(session, TOPIC, pace=Pace(speed=speed)) for speed in (None, 0.001))
    happened = [session.wire.decode(record).time for record in past(session)]
    assert paced.takes_s - flat.takes_s > (max(happened) - happened[0]).total_seconds() * 1000 - 1


def test_what_nobody_can_read_is_missing_and_not_a_record(session: Session) -> None:
    append(session, NewRecord(topic="dossier.events", key=b"k", value=b"\xff", headers=(("ce_type", b"DossierRated"),)))
    plan = a_plan(session, TOPIC)
    [record] = [one for one in records_of(session, "dossier.events") if one.value == b"\xff"]
    assert plan.records == EVENTS
    assert plan.missing == (_unreadable(record),)


def _unreadable(record: Record) -> Missing:
    return Missing(
        topic=record.topic, partition=record.partition, first=record.offset, end=record.offset + 1,
        reason="unreadable", code="LT-E2102",
    )  # fmt: skip


def test_offsets_that_nobody_can_read_are_one_stretch_though_partitions_come_by_turns(session: Session) -> None:
    survey = Survey(session.wire, session.engine, "all", Pace(), picks=False)
    for turn in range(20):
        one = Record(topic="a", partition=turn % 2, offset=turn // 2, timestamp=turn, key=b"k", value=b"\xff")
        survey.take([one])
    assert [(one.partition, one.first, one.end) for one in survey.missing] == [(0, 0, 10), (1, 0, 10)]


def test_without_a_mask_nothing_has_to_be_read(session: Session) -> None:
    append(session, NewRecord(topic="dossier.events", key=b"k", value=b"\xff"))
    plan = a_plan(session, TOPIC, mask="none", reason="a court asks")
    assert (plan.records, plan.missing, plan.undated) == (EVENTS + 1, (), 1)


def test_what_retention_removed_is_told(session: Session) -> None:
    thousand_days_on = past(session)[-1].timestamp + 1000 * 86_400_000
    session.engine.admin.clean(thousand_days_on)
    missing = a_plan(session, TOPIC, topics=()).missing
    assert {(one.topic, one.reason) for one in missing} == {("citizen.events", "retention")}


@pytest.mark.parametrize("asked", [{}, {"key": DOSSIER}, {"dossier": DOSSIER}], ids=str)
def test_what_retention_removed_is_told_whoever_is_asked_for(session: Session, asked: dict[str, str]) -> None:
    session.engine.admin.clean(past(session)[-1].timestamp + 1000 * 86_400_000)
    publish(session, history(EVENTS))  # the first record that is left tells how far back what was removed lies
    wish = {"topics": (), "by": "accepted", **asked}
    made = {start: a_plan(session, TOPIC, start=f"{start}-01-01", **wish) for start in ("2020", "2100")}
    reasons = {start: {one.reason for one in plan.missing} for start, plan in made.items()}
    assert reasons == {"2020": {"retention"}, "2100": set()}


def test_a_damaged_record_is_told_with_its_place(tmp_path: Path) -> None:
    with closing(a_session(tmp_path / "var")) as session:
        publish(session, history(EVENTS))
        record = records_of(session, "postal.events")[2]
    with closing(sqlite3.connect(tmp_path / "var" / "bus.db")) as database:
        part = database.execute(
            "SELECT part.id FROM part JOIN topic ON topic.id = part.topic WHERE topic.name = ? AND part.part = ?",
            (record.topic, record.partition),
        ).fetchone()[0]
        database.execute(f"UPDATE log_{part} SET value = x'00' WHERE off = ?", (record.offset,))
        database.commit()
    with closing(a_session(tmp_path / "var")) as session:
        plan = a_plan(session, TOPIC, topics=("postal.events",))
        assert [(one.reason, one.first, one.code) for one in plan.missing] == [("damaged", record.offset, "LT-E6002")]


# -- what cannot be asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"mask": "none"}, "reason"),
        ({"mask": "none", "reason": " "}, "reason"),
        ({"key": "a", "dossier": "b"}, "one can be asked for"),
        ({"types": ("DossierRatd",)}, "no event type"),
        ({"id": "citizen"}, "KIND:VALUE"),
        ({"start": "2026-11-25", "end": "2026-11-24"}, "--to lies before --from"),
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_is_refused(session: Session, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        a_plan(session, TOPIC, **asked)


def test_an_unknown_topic_is_named_with_the_nearest(session: Session) -> None:
    with pytest.raises(TopicNotFound) as caught:
        a_plan(session, TOPIC, topics=("dosier.events",))
    assert "dossier.events" in caught.value.hint


def test_a_topic_that_is_not_there_is_named_with_the_command_that_makes_it(session: Session) -> None:
    with pytest.raises(TopicNotFound) as caught:
        a_plan(session, "replay.nowhere")
    assert "topic apply --replay replay.nowhere" in caught.value.hint


@pytest.mark.parametrize("name", ["a.avro", "a.avro.partial"])
def test_a_file_that_is_there_is_told_before_anything_is_planned(session: Session, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"somebody's")
    with pytest.raises(TargetDiffers, match="is there already"):
        a_plan(session, str(tmp_path / "a.avro"))


def test_a_folder_that_is_not_there_is_told_before_anything_is_planned(session: Session, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folder"):
        a_plan(session, str(tmp_path / "nowhere" / "a.jsonl"))


def test_a_copy_is_not_replayed_into_itself(session: Session) -> None:
    with pytest.raises(ConfigError, match="into itself"):
        a_plan(session, TOPIC, topics=(TOPIC,))


# -- the file -------------------------------------------------------------------------------------------


def test_a_plan_comes_back_as_it_was_sealed(session: Session, tmp_path: Path) -> None:
    plan = a_plan(session, TOPIC)
    (tmp_path / "plan.json").write_bytes(plans.encode(plan))
    assert plans.read(tmp_path / "plan.json") == plan


@pytest.mark.parametrize(
    ("before", "after"), [('"all"', '"none"'), (TOPIC, "replay.other"), ('"records": 2', '"records": 3')]
)
def test_a_plan_that_was_changed_is_refused(session: Session, tmp_path: Path, before: str, after: str) -> None:
    text = plans.encode(a_plan(session, TOPIC)).decode()
    assert before in text
    (tmp_path / "plan.json").write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigError, match="not as it was sealed"):
        plans.read(tmp_path / "plan.json")


def test_what_is_no_file_is_no_plan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(ConfigError, match="no file"):
        plans.read(tmp_path / "plan.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 1}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(ConfigError, match="no plan"):
        plans.read(tmp_path / "plan.json")


def test_every_plan_is_for_a_run_of_its_own(session: Session) -> None:
    assert len({a_plan(session, TOPIC).run for _ in range(3)}) == 3
