"""Classification: the tags in the contracts are the only list, so what lacks one is open to everybody."""

from __future__ import annotations

import pytest

from replay.index.identifiers import kinds
from schemas.catalogue import load
from tests.schemas.contracts import ALL_FIELDS, TYPES, Placed, contract, fields

KNOWN = {
    "PERSONAL", "SENSITIVE", "SECRET", "ID:citizen", "ID:business", "ID:dossier", "ID:payment", "ID:parcel",
}  # fmt: skip
ABOUT_PEOPLE = {
    "officer", "officerNumber", "person", "signer", "representatives", "phone", "email", "portalAccount", "unit",
    "text", "province", "district", "commune", "shortName", "foreignName",
}  # fmt: skip
FREE_TEXT = {"note", "reason", "summary", "comment", "description", "title", "papers"}
IDENTIFIERS = {
    "dossierCode": "ID:dossier", "taxCode": "ID:business", "person": "ID:citizen", "officerNumber": "ID:citizen",
    "reference": "ID:payment", "gatewayTransaction": "ID:payment", "orderNumber": "ID:parcel", "itemCode": "ID:parcel",
}  # fmt: skip


def about_people(placed: Placed) -> bool:
    """Return whether a field's name says that a person may be told of in it."""
    if placed.record["name"] == "Moment":  # its text is a time
        return False
    is_somebodys_name = placed.name == "name" and placed.record["name"] not in ("Fee", "Activity")
    return is_somebodys_name or placed.name in ABOUT_PEOPLE | FREE_TEXT


def test_only_known_tags_are_used_each_once() -> None:
    for placed in ALL_FIELDS:
        assert set(placed.tags) <= KNOWN, placed.place
        assert len(set(placed.tags)) == len(placed.tags), placed.place


def test_a_tag_stands_on_fields_only() -> None:
    assert [placed.place for placed in ALL_FIELDS if "confluent:tags" in placed.record] == []


def test_what_may_tell_of_a_person_is_personal() -> None:
    assert [placed.place for placed in ALL_FIELDS if about_people(placed) and "PERSONAL" not in placed.tags] == []


def test_what_is_sensitive_or_names_a_citizen_is_personal_too() -> None:
    closer = [placed for placed in ALL_FIELDS if {"SENSITIVE", "ID:citizen"} & set(placed.tags)]
    assert [placed.place for placed in closer if "PERSONAL" not in placed.tags] == []


def test_identifiers_are_tagged_with_their_kind() -> None:
    named = [placed for placed in ALL_FIELDS if placed.name in IDENTIFIERS]
    assert [placed.place for placed in named if IDENTIFIERS[placed.name] not in placed.tags] == []


def test_the_numbers_of_a_party_are_found_as_a_citizens_and_as_a_businesss() -> None:
    numbers = [placed.tags for placed in ALL_FIELDS if (placed.record["name"], placed.name) == ("Party", "number")]
    assert set(numbers) == {("PERSONAL", "ID:citizen", "ID:business")}


def test_every_kind_of_identifier_can_be_asked_for() -> None:
    assert kinds(load()) == {"citizen", "business", "dossier", "payment", "parcel"}


def test_an_answered_look_up_gives_names_of_fields_and_no_value_about_the_citizen() -> None:
    answered = {placed.name for placed in ALL_FIELDS if placed.place.startswith("CitizenLookupAnswered: CitizenL")}
    assert answered == {"dossierCode", "requestNumber", "outcome", "fieldsGiven", "sourceTime", "rawHash"}


@pytest.mark.parametrize("event_type", TYPES)
def test_a_limit_on_length_stands_on_texts_only(event_type: str) -> None:
    limited = [placed for placed in fields(contract(event_type)) if "lienthong:maxLength" in placed.field]
    assert {placed.kind for placed in limited} <= {"string"}
    assert all(placed.field["lienthong:maxLength"] > 0 for placed in limited)


def test_the_lengths_that_the_national_portal_takes_are_kept() -> None:
    limits = {(placed.record["name"], placed.name): placed.field.get("lienthong:maxLength") for placed in ALL_FIELDS}
    assert limits["DossierReceived", "summary"] == limits["DossierStepDone", "note"] == 1_000
    assert limits["DossierStepDone", "officer"] == 50
    assert limits["ComponentAttached", "title"] == limits["File", "title"] == 4_000
    assert limits["ResultIssued", "title"] == 2_000
