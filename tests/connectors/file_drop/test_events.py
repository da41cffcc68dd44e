"""Which events a row tells, and what stands on their envelopes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.errors import ContractError
from tests.connectors.file_drop.making import HEAD, MAPPING, a_source, drop, event_of, fault_of, outcomes, refusal

CODE = "dossierCode: {column: case, codeSystem: T}"
STEP = f"{{type: DossierStepDone, fields: {{{CODE}, step: {{column: step}}}}}}"
PAUSED = f"{{type: DossierPaused, fields: {{{CODE}}}}}"
ROW = "case,step,at,x\nA1,{},2026-11-24T08:00:00Z,{}\n"


def types(folder: Path, mapping: str, step: str = "opened", x: str = "") -> list[str] | str:
    """Return the types of the events that a row tells, or why it would be buried."""
    drop(folder, ROW.format(step, x))
    (told,) = outcomes(a_source(folder, HEAD + mapping))
    return str(told) if isinstance(told, ContractError) else [event.type for event in told]


BY_ACTIVITY = f"activity: step\nevents:\n  opened: {STEP}\n  both: [{STEP}, {PAUSED}]\n  nothing: skip\n"


@pytest.mark.parametrize(
    ("more", "step", "expected"),
    [
        ("", "opened", ["DossierStepDone"]),
        ("", " opened ", ["DossierStepDone"]),
        ("", "both", ["DossierStepDone", "DossierPaused"]),
        ("", "nothing", []),
        ("", "other", "the activity in column `step` is none of `events:`"),
        ("", "", "no activity stands in column `step`"),
        ("default: bury\n", "other", "the activity in column `step` is none of `events:`"),
        ("default: skip\n", "other", []),
        (f"default: {PAUSED}\n", "other", ["DossierPaused"]),
        (f"default: [{PAUSED}, {PAUSED}]\n", "", ["DossierPaused", "DossierPaused"]),
    ],
)
def test_an_activity_says_what_a_row_tells(tmp_path: Path, more: str, step: str, expected: list[str] | str) -> None:
    assert types(tmp_path, BY_ACTIVITY + more, step) == expected


def test_an_unknown_activity_is_not_shown_but_the_nearest_known_one_is(tmp_path: Path) -> None:
    error = fault_of(tmp_path, HEAD + BY_ACTIVITY, ROW.format("openend", ""))
    assert "openend" not in str(error) + error.hint
    assert "Did you mean `opened`?" in error.hint


def test_an_activity_may_be_put_together_of_several_columns(tmp_path: Path) -> None:
    mapping = f'activity: {{template: "{{step}}/{{x}}"}}\nevents:\n  opened/complete: {PAUSED}\n'
    assert types(tmp_path, mapping, "opened", "complete") == ["DossierPaused"]


def test_without_an_activity_every_row_tells_each_event(tmp_path: Path) -> None:
    assert types(tmp_path, f"events:\n  - {STEP}\n  - {PAUSED}\n") == ["DossierStepDone", "DossierPaused"]


@pytest.mark.parametrize(
    ("when", "x", "holds"),
    [
        ("{x: a}", "a", True),
        ("{x: a}", " a ", True),
        ("{x: a}", "b", False),
        ("{x: a}", "", False),
        ("{x: [a, b]}", "b", True),
        ("{x: null}", "", True),
        ("{x: {not: a}}", "a", False),
        ("{x: {not: [a, b]}}", "c", True),
        ("{x: {not: [a, b]}}", "", True),
        ("{x: {empty: true}}", "", True),
        ("{x: {empty: false}}", "", False),
        ("{x: {not: a, empty: false}}", "", False),
        ("{x: a, step: opened}", "a", True),
        ("{x: a, step: closed}", "a", False),
    ],
)
def test_an_event_is_told_where_all_that_its_when_asks_holds(tmp_path: Path, when: str, x: str, holds: bool) -> None:
    mapping = f"events:\n  - {{when: {when}, {PAUSED[1:]}\n"
    assert types(tmp_path, mapping, x=x) == (["DossierPaused"] if holds else [])


def test_the_envelope_is_filled_from_the_row(tmp_path: Path) -> None:
    mapping = MAPPING + "agency: {column: x}\ncorrelation: {template: 'T-{case}'}\n"
    event = event_of(tmp_path, mapping, ROW.format("opened", "H56"))
    assert (event.source, event.key, event.agency, event.correlation) == ("test", "A1", "H56", "T-A1")
    assert event.time == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_an_event_may_have_a_key_and_a_time_of_its_own(tmp_path: Path) -> None:
    mapping = MAPPING + "  key: x\n  time: {column: step, format: dd/MM/yyyy, zone: UTC}\n"
    event = event_of(tmp_path, mapping, ROW.format("24/11/2026", "K"))
    assert (event.key, event.time.hour, event.payload["sourceTime"]) == ("K", 0, "24/11/2026")


def test_the_hash_of_the_row_as_it_came_goes_along(tmp_path: Path) -> None:
    event = event_of(tmp_path, MAPPING, 'case,step,at\n"A1",opened,2026-11-24T08:00:00Z\n')
    assert event.payload["rawHash"] == hashlib.sha256(b'"A1",opened,2026-11-24T08:00:00Z').hexdigest()


def test_common_fields_go_to_the_events_that_know_them_and_are_overruled_there(tmp_path: Path) -> None:
    mapping = HEAD + f"fields: {{{CODE}, step: common, officer: common}}\nevents:\n"
    mapping += "  - {type: DossierStepDone, fields: {officer: own}}\n  - {type: DossierPaused}\n"
    drop(tmp_path, ROW.format("opened", ""))
    (told,) = outcomes(a_source(tmp_path, mapping))
    assert isinstance(told, list)
    assert [(event.payload.get("step"), event.payload["officer"]) for event in told] == [
        ("common", "own"),
        (None, "common"),
    ]


def test_letters_go_to_the_topic_of_the_first_event_unless_the_mapping_names_one(tmp_path: Path) -> None:
    assert a_source(tmp_path).topic == "dossier.events"
    assert a_source(tmp_path, MAPPING + "topic: payment.events\n").topic == "payment.events"


@pytest.mark.parametrize("word", ["key", "correlation"])
def test_what_goes_into_a_header_is_bounded(tmp_path: Path, word: str) -> None:
    mapping = MAPPING.replace("key: case", f"key: case\n{word}: x").replace("key: case\nkey: x", "key: x")
    error = fault_of(tmp_path, mapping, ROW.format("opened", "x" * 1001))
    assert str(error) == f"`{word}:` is longer than 1000 characters"


def test_a_row_tells_all_of_its_events_or_none(tmp_path: Path) -> None:
    fee = f"{{type: FeeAsked, fields: {{{CODE}, amount: {{column: x, currency: VND}}}}}}"
    assert "`amount` of FeeAsked is empty" in types(tmp_path, f"events:\n  - {STEP}\n  - {fee}\n")


def test_a_type_of_event_is_written_once_in_the_catalogue(tmp_path: Path) -> None:
    assert "there is no event type `dossier.StepDone`" in str(
        refusal(tmp_path, MAPPING.replace("DossierStepDone", "dossier.StepDone"))
    )
