"""The shelf of plans: whole files for their owner's eyes only, found by what a person types."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.errors import ConfigError, PlanNotFound
from replay.runs import shelf
from replay.runs.plan import Asked, Pace, Plan, TargetSpec, encode, sealed

NOWHERE = TargetSpec(kind="topic", where="replay.events")


def a_plan(nonce: str = "1", made: int = 0) -> Plan:
    """Return a plan of no records; another nonce makes it another plan."""
    return sealed(
        Plan(
            made=made, nonce=nonce, who="thanh", reason=None, asked=Asked(), target=NOWHERE, mask="all", pace=Pace(),
            stretches=(), missing=(), records=0, bytes=0, undated=0, occurred=None, accepted=None, types={},
            contracts=(), classes={}, takes_s=0.0,
        )
    )  # fmt: skip


def two_alike(digits: int) -> list[Plan]:
    """Return two plans whose ids begin with the same digits."""
    met: dict[str, Plan] = {}
    for number in range(16 ** (digits + 1)):
        plan = a_plan(str(number))
        other = met.setdefault(plan.run[:digits], plan)
        if other is not plan:
            return [other, plan]
    raise AssertionError("no two of so many plans are alike")


def test_a_plan_is_kept_for_its_owners_eyes_only(tmp_path: Path) -> None:
    file = shelf.keep(tmp_path, a_plan())
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (file, file.parent)]
    assert (file.name, modes) == (f"{a_plan().run}.plan.json", [0o600, 0o700])


def test_a_plan_may_be_kept_twice_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = shelf.keep(tmp_path, a_plan())
    assert shelf.keep(tmp_path, a_plan()) == file
    assert list(file.parent.iterdir()) == [file]


def test_a_plan_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    file = shelf.keep(tmp_path, a_plan())
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        shelf.keep(tmp_path, a_plan())
    assert list(file.parent.iterdir()) == [file]


def test_a_plan_is_found_by_its_id_the_head_of_it_and_its_file(tmp_path: Path) -> None:
    plan = a_plan()
    file = shelf.keep(tmp_path, plan)
    named = [plan.run, plan.run[: shelf.LEAST_DIGITS], str(file)]
    assert [shelf.find(tmp_path, text) for text in named] == [plan] * 3


@pytest.mark.parametrize("text", ["0" * 16, "abcd", "/nowhere/a.plan.json", "a.json"])
def test_what_is_no_plan_is_not_found(tmp_path: Path, text: str) -> None:
    shelf.keep(tmp_path, a_plan())
    with pytest.raises(PlanNotFound) as missed:
        shelf.find(tmp_path, text)
    assert (missed.value.exit_code, bool(missed.value.hint)) == (3, True)


def test_a_mistyped_id_is_told_the_nearest(tmp_path: Path) -> None:
    plan = a_plan()
    shelf.keep(tmp_path, plan)
    wrong = plan.run[:-1] + ("0" if plan.run[-1] != "0" else "1")
    with pytest.raises(PlanNotFound) as missed:
        shelf.find(tmp_path, wrong)
    assert plan.run in missed.value.hint


def test_a_head_that_two_ids_share_is_refused_with_both(tmp_path: Path) -> None:
    both = two_alike(shelf.LEAST_DIGITS)
    for plan in both:
        shelf.keep(tmp_path, plan)
    with pytest.raises(ConfigError) as refusal:
        shelf.find(tmp_path, both[0].run[: shelf.LEAST_DIGITS])
    assert all(plan.run in str(refusal.value) for plan in both)


@pytest.mark.parametrize("text", ["", "abc"])
def test_what_is_too_short_for_an_id_is_told_how_long_it_must_be(tmp_path: Path, text: str) -> None:
    shelf.keep(tmp_path, a_plan())
    with pytest.raises(ConfigError, match="too short") as refusal:
        shelf.find(tmp_path, text)
    assert str(shelf.LEAST_DIGITS) in refusal.value.hint


def test_a_plan_is_withdrawn_and_the_others_stay(tmp_path: Path) -> None:
    gone, other = a_plan("a"), a_plan("b")
    for plan in (gone, other):
        shelf.keep(tmp_path, plan)
    for _ in range(2):
        shelf.withdraw(tmp_path, gone)
    assert shelf.ids(tmp_path) == [other.run]


def test_a_plan_that_cannot_be_withdrawn_is_an_error_of_ours(tmp_path: Path) -> None:
    file = shelf.keep(tmp_path, a_plan())
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="cannot be deleted"):
        shelf.withdraw(tmp_path, a_plan())


def test_plans_are_shown_newest_first_and_one_that_was_changed_is_named(tmp_path: Path) -> None:
    old, new, changed = a_plan("a", made=1), a_plan("b", made=2), a_plan("c", made=3)
    files = [shelf.keep(tmp_path, plan) for plan in (old, new, changed)]
    files[2].write_bytes(encode(replace(changed, mask="none")))
    shelved = shelf.plans(tmp_path)
    assert [plan.run for plan in shelved.plans] == [new.run, old.run]
    assert [str(files[2]) in fault for fault in shelved.faults] == [True]


def test_no_shelf_is_an_empty_one(tmp_path: Path) -> None:
    assert shelf.plans(tmp_path) == shelf.Shelved(plans=[], faults=[])
