"""What people read of plans and runs: whole in both languages, with numbers and codes in words."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from bus.cli.moments import zone_of
from replay.runs.answers import Entry
from replay.runs.plan import MASKS, About, Asked, Kind, Missing, Pace, Plan, TargetSpec, Touched, sealed
from replay.runs.running import Result
from replay.runs.tags import touched
from replay.runs.telling import entry_lines, nothing_lines, plan_lines, result_lines
from replay.runs.words import SENTENCES, Speech, duration
from replay.words import Lang
from schemas import codes
from schemas.catalogue import load
from tests.replay.runs.test_shelf import a_plan

HANOI = zone_of("Asia/Ho_Chi_Minh")
ENGLISH, VIETNAMESE = Speech("en", HANOI), Speech("vi", HANOI)
OUTCOMES = ("done", "partial", "cancelled")


def big_plan(**changes: Any) -> Plan:
    """Return a plan in which everything that can be told is there."""
    facts: dict[str, Any] = {
        "records": 1_200_000, "bytes": 384_000_000, "undated": 1, "occurred": (0, 1000), "accepted": (0, 2000),
        "reason": "Đơn 12", "takes_s": 7322.0,
        "asked": Asked(
            topics=("dossier.events",), types=("DossierRated",), agency="H56.14", first=0, last=86_399_999,
            about=About(kind="citizen", hidden="00ff00ff00ff00ff"),
        ),
        "classes": {"PERSONAL": Touched(records=1, fields=tuple(f"DossierRated.f{number}" for number in range(9)))},
        "missing": tuple(
            Missing(topic="dossier.events", partition=0, first=number, end=number + 2, reason=reason, code="LT-E2102")
            for number, reason in enumerate(("retention", "hole", "damaged", "unreadable", "unsearched", "hole"))
        ),
        "pace": Pace(speed=10.0, by="accepted", max_gap_s=2.0),
    }  # fmt: skip
    return sealed(replace(a_plan(), **{**facts, **changes}))


def result(outcome: str) -> Result:
    return Result(
        run="ab", outcome=outcome, records=7, left_out=1, left=("dossier.events/0/1",), bytes=9, seconds=61.0,
        where="/a.avro", ended="done" if outcome == "already" else "",
    )  # fmt: skip


def test_every_sentence_stands_in_both_languages_and_takes_the_same_facts() -> None:
    facts = {
        lang: {name: set(re.findall(r"{(\w+)", text)) for name, text in said.items()}
        for lang, said in SENTENCES.items()
    }
    assert facts["vi"] == facts["en"]


def test_no_sentence_is_the_same_in_both_languages_unless_it_is_a_word() -> None:
    alike = [name for name, text in SENTENCES["en"].items() if SENTENCES["vi"][name] == text]
    assert alike == []


@pytest.mark.parametrize(("count", "said"), [(1, "1 record was"), (2, "2 records were")])
def test_one_is_told_as_one(count: int, said: str) -> None:
    assert ENGLISH.say("left", count=count, places="a").startswith(said)


def test_numbers_stand_in_groups_as_each_language_writes_them() -> None:
    said = [speech.say("given", given=1_200_000, records=2) for speech in (ENGLISH, VIETNAMESE)]
    assert ["1,200,000" in said[0], "1.200.000" in said[1]] == [True, True]


@pytest.mark.parametrize(
    ("system", "known"),
    [
        ("VN-REPLAY-MASK", MASKS),
        ("VN-REPLAY-TARGET", get_args(Kind)),
        ("VN-REPLAY-OUTCOME", OUTCOMES),
    ],
)
def test_the_code_tables_have_just_the_choices_that_there_are(system: str, known: tuple[str, ...]) -> None:
    assert sorted(one.code for one in codes.table(system).entries) == sorted(known)


@pytest.mark.parametrize("speech", [ENGLISH, VIETNAMESE], ids=["en", "vi"])
def test_a_plan_tells_everything_that_stands_in_it(speech: Speech) -> None:
    said = "\n".join(plan_lines(big_plan(), speech))
    told = ("Đơn 12", "H56.14", "DossierRated.f0", "dossier.events/0", "2 h 2 min", big_plan().digest, "LT-E2102")
    assert [one for one in told if one not in said] == []
    assert "00ff00ff" not in said


def test_long_lists_are_cut_and_what_is_cut_is_counted() -> None:
    said = "\n".join(plan_lines(big_plan(), ENGLISH))
    assert "DossierRated.f2, and 6 more" in said
    assert said.count("offsets ") == 5
    assert "\n             and 1 more" in said


def test_labels_stand_once_and_their_lines_below_each_other() -> None:
    lines = list(plan_lines(big_plan(), ENGLISH))[1:]
    assert {line[13] == " " for line in lines} == {False}
    assert [line[2:13].strip() for line in lines if line[2] != " "] == [
        "What", "Asked for", "Data", "Mask", "Reason", "Target", "Pace", "Missing", "Digest",
    ]  # fmt: skip


def test_a_plan_of_everything_says_so() -> None:
    assert "everything that is history" in "\n".join(plan_lines(a_plan(), ENGLISH))


def test_a_plan_of_nothing_tells_what_was_asked_for_and_what_may_be_missing() -> None:
    lines = list(nothing_lines(big_plan(records=0), ENGLISH))
    assert lines[0].startswith("Nothing in the log")
    assert "agency H56.14" in lines[1]
    assert "Missing" in lines[2]


def test_every_tag_of_the_contracts_has_a_name_in_both_languages() -> None:
    tags = {tag for entry in load().events for tag in touched(entry.schema)}
    assert [tag for tag in sorted(tags) if any(speech.class_of(tag) == tag for speech in (ENGLISH, VIETNAMESE))] == []


def test_a_tag_that_a_later_contract_has_made_is_told_as_it_is() -> None:
    assert ENGLISH.class_of("ID:vessel") == "ID:vessel"


def test_a_class_of_data_bears_its_name_and_is_told_as_what_may_be_there() -> None:
    said = [next(line for line in plan_lines(big_plan(), one) if "PERSONAL" in line) for one in (ENGLISH, VIETNAMESE)]
    assert "Personal data (PERSONAL): may be in 1 record, 9 fields: " in said[0]
    assert "Dữ liệu cá nhân (PERSONAL): có thể có trong 1 bản ghi, 9 trường: " in said[1]


def test_a_plan_that_is_shown_is_told_whole() -> None:
    said = "\n".join(entry_lines(Entry(plan=big_plan(), run=None), ENGLISH))
    fields = ", ".join(f"f{number}" for number in range(9))
    assert (f"\n               DossierRated: {fields}\n" in said, said.count("offsets ")) == (True, 6)


@pytest.mark.parametrize(
    ("mask", "said"),
    [("all", "this is not anonymous"), ("personal", "this is not anonymous"), ("none", "NOTHING IS HIDDEN")],
)
def test_a_plan_says_what_its_mask_leaves_open(mask: Any, said: str) -> None:
    assert said in "\n".join(plan_lines(big_plan(mask=mask), ENGLISH))


@pytest.mark.parametrize("speech", [ENGLISH, VIETNAMESE], ids=["en", "vi"])
def test_a_plan_does_not_say_that_an_endpoint_has_opted_in(speech: Speech) -> None:
    """Nobody has asked it yet."""
    spec = TargetSpec(kind="http", where="https://example.vn/in")
    said = "\n".join(plan_lines(big_plan(target=spec), speech))
    assert (speech.say("target_http") in said, speech.meaning("VN-REPLAY-TARGET", "http") in said) == (True, False)


@pytest.mark.parametrize(("kind", "said"), [("key", "một khóa,"), ("citizen", "một định danh dạng citizen,")])
def test_who_was_asked_for_is_told_as_what_it_is(kind: str, said: str) -> None:
    asked = Asked(about=About(kind=kind, hidden="00"))
    assert said in "\n".join(plan_lines(big_plan(asked=asked), VIETNAMESE))


@pytest.mark.parametrize("outcome", ["cancelled", "asked"])
def test_a_file_that_is_never_made_whole_is_told_to_be_there(outcome: str) -> None:
    plan = big_plan(target=TargetSpec(kind="avro", where="/a.avro"))
    assert "/a.avro.partial" in "\n".join(result_lines(plan, result(outcome), None, ENGLISH))


@pytest.mark.parametrize("places", [("dossier.events/0/3",), ("dossier.events/0/1",)], ids=["planned", "not planned"])
def test_what_was_left_out_is_told_for_itself_only_where_the_plan_has_not_named_it(places: tuple[str, ...]) -> None:
    lines = "\n".join(result_lines(big_plan(), replace(result("partial"), left=places), None, ENGLISH))
    assert ("left out" in lines, "LT-E2102" in lines) == (places[0].endswith("/1"), True)


@pytest.mark.parametrize("lang", get_args(Lang))
@pytest.mark.parametrize("outcome", ["done", "partial", "interrupted", "cancelled", "asked", "already"])
def test_whatever_comes_of_a_run_is_told(outcome: str, lang: Lang) -> None:
    lines = list(result_lines(big_plan(), result(outcome), None, Speech(lang, HANOI)))
    assert (len(lines) > 1, "dossier.events/0/1" in lines[1]) == (True, True)


@pytest.mark.parametrize("state", ["planned", "running", "interrupted", *OUTCOMES])
def test_every_state_has_its_word(state: str) -> None:
    assert {f"state_{state}"} <= set(SENTENCES["en"])


def test_a_plan_that_was_not_run_says_so() -> None:
    assert list(entry_lines(Entry(plan=a_plan(), run=None), ENGLISH))[-1] == "  Run        planned, not run yet"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "1 s"), (59.4, "59 s"), (60.0, "1 min"), (3599.6, "1 h"), (3661.0, "1 h 1 min")]
)
def test_a_duration_has_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said
