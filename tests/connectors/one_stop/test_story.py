"""Dossiers that are decided by what comes in: more answers only add, and every dossier comes to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, permutations

import pytest

from connectors.one_stop.simulator.answered import LOOKUP, PARCEL, Answer
from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.story import FINAL, code_of, story
from connectors.times import parse, told
from tests.connectors.one_stop.agencies import AT, all_answers

MANY = range(300)


def status(changes: Sequence[Change]) -> str:
    """Return a dossier's status."""
    return str([change for change in changes if change.feed == "dossiers"][-1].body["TrangThaiHoSo"])


def facts(changes: Sequence[Change]) -> set[str]:
    """Return the types of what came true."""
    return {event_type for change in changes for event_type, _ in change.facts}


def test_a_story_is_a_function_of_seed_number_and_answers() -> None:
    assert story(3, 4, all_answers()) == story(3, 4, all_answers()) != story(4, 4, all_answers())


@pytest.mark.parametrize("number", [0, 1, 7, 16, 38])
def test_one_more_answer_only_adds_whatever_the_order(number: int) -> None:
    for order in permutations(all_answers()):
        so_far = [story(3, number, order[:count]) for count in range(len(order) + 1)]
        assert all(list(later[: len(earlier)]) == list(earlier) for earlier, later in pairwise(so_far))


@pytest.mark.parametrize("number", [0, 1, 7, 16, 38])
def test_in_which_order_answers_came_does_not_matter_in_the_end(number: int) -> None:
    ends = [story(3, number, order) for order in permutations(all_answers())]
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("outcome", ["match", "no-match", "not-found"])
def test_every_dossier_is_final_when_all_answers_have_come(outcome: str) -> None:
    ends = [status(story(3, number, all_answers(outcome=outcome))) for number in MANY]
    assert set(ends) <= set(FINAL)
    assert (Counter(ends)["10"] > 250) == (outcome == "match")


def test_without_an_answer_no_dossier_is_final() -> None:
    assert {status(story(3, number, [])) for number in MANY} == {"1"}


def test_an_answer_that_comes_again_changes_nothing() -> None:
    answers = all_answers()
    assert story(3, 0, [*answers, *answers]) == story(3, 0, answers)


def test_the_first_dossier_has_every_station() -> None:
    for seed in range(20):
        changes = story(seed, 0, all_answers())
        assert facts(changes) >= {
            "DossierSubmitted", "CitizenLookupAsked", "ComponentAttached", "DossierReceived", "FeeAsked",
            "PaymentRequested", "ResultIssued", "DossierResolved", "PostalOrdered", "DossierReturned",
        }  # fmt: skip
        assert changes[0].body["MaTTHC"] == "2.002621"
        assert changes[0].body["NguoiNopThay"]["DonVi"].startswith("Bưu cục")


def test_the_linked_procedure_waits_for_both_agencies() -> None:
    lookup, paid, residence, card, parcel = all_answers()
    for missing in (residence, card):
        given = [answer for answer in (lookup, paid, residence, card, parcel) if answer is not missing]
        assert "DossierResolved" not in facts(story(3, 0, given))
    assert "ResultIssued" in facts(story(3, 0, [lookup, paid]))


def test_a_look_without_a_match_refuses_the_dossier() -> None:
    changes = story(3, 0, [Answer(LOOKUP, "no-match", AT, "ref")])
    assert (status(changes), "DossierReceived" in facts(changes)) == ("3", False)


def test_both_gateways_both_ways_of_return_and_all_ends_are_there() -> None:
    last = {number: story(3, number, all_answers()) for number in MANY}
    asked = [change.body for changes in last.values() for change in changes if "PaymentRequested" in dict(change.facts)]
    assert {(row["HinhThucYeuCau"], row["CongYeuCau"]) for row in asked} == {
        ("truc-tuyen", "DVCQG"), ("truc-tuyen", "VNPAY"), ("tien-mat", None),
    }  # fmt: skip
    assert {status(changes) for changes in last.values()} == set(FINAL)
    assert {"PostalOrdered" in facts(changes) for changes in last.values()} == {True, False}


def test_nothing_is_done_before_the_answer_that_it_rests_on() -> None:
    for number in MANY:
        changes = story(3, number, all_answers())
        received = [change for change in changes if "DossierReceived" in dict(change.facts)]
        assert all(change.at >= AT for change in received)


def test_times_only_go_on_and_those_of_work_are_in_office_hours() -> None:
    for number in MANY:
        changes = story(3, number, all_answers())
        assert all(earlier.at < later.at for earlier, later in pairwise(changes))
        steps = [parse(change.body["ThoiDiemXuLy"]) for change in changes if change.feed == "steps"]
        assert all(moment is not None and "0700" <= told(moment)[8:12] <= "1701" for moment in steps)


def test_a_fact_names_the_message_that_it_rests_on() -> None:
    last = [change for change in story(3, 0, all_answers()) if change.feed == "dossiers"][-1]
    assert last.body["CanCu"] == {
        "DossierReceived": f"ref-{LOOKUP}", "DossierResolved": "ref-result", "DossierReturned": f"ref-{PARCEL}",
    }  # fmt: skip


def test_no_two_dossiers_have_the_same_code() -> None:
    assert len({code_of(number) for number in range(3000)}) == 3000
