"""Which fields a mask hides: the tags of the schema that wrote and of today's contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bus.codec import Hide
from replay.runs.tags import hidden_fields, tags_of, touched
from schemas.catalogue import load

ONE = ("vn.test.A", "f")


def a_schema(*tags: str, name: str = "f", **more: Any) -> str:
    field = {"name": name, "type": "string", **({"confluent:tags": list(tags)} if tags else {}), **more}
    return json.dumps({"type": "record", "name": "vn.test.A", "fields": [field]})


@pytest.mark.parametrize("tag", ["PERSONAL", "SENSITIVE", "SECRET", "INTERNAL"])
@pytest.mark.parametrize("mask", ["all", "personal"])
def test_what_is_tagged_is_hidden_as_text(mask: Any, tag: str) -> None:
    assert hidden_fields(mask, a_schema(tag)) == {ONE: Hide.TEXT}


@pytest.mark.parametrize(
    "tags", [("ID:citizen",), ("PERSONAL", "ID:citizen"), ("ID:business",), ("ID:dossier", "PERSONAL")]
)
@pytest.mark.parametrize("mask", ["all", "personal"])
def test_an_identifier_of_somebody_is_hidden_as_one(mask: Any, tags: tuple[str, ...]) -> None:
    assert hidden_fields(mask, a_schema(*tags)) == {ONE: Hide.IDENTIFIER}


@pytest.mark.parametrize("tags", [("ID:dossier",), ("ID:payment",), ("ID:parcel",), ("ID:payment", "ID:parcel")])
def test_an_identifier_of_something_stays_under_personal_alone(tags: tuple[str, ...]) -> None:
    schema = a_schema(*tags)
    assert hidden_fields("personal", schema) == {}
    assert hidden_fields("all", schema) == {ONE: Hide.IDENTIFIER}


def test_nothing_is_hidden_where_nothing_is_tagged_or_no_mask_is_asked_for() -> None:
    assert hidden_fields("all", a_schema()) == {}
    assert hidden_fields("none", a_schema("PERSONAL")) == {}


def test_a_field_that_is_tagged_today_is_hidden_in_old_records() -> None:
    assert hidden_fields("all", a_schema(), a_schema("PERSONAL")) == {ONE: Hide.TEXT}


def test_a_field_that_was_tagged_then_is_hidden_though_it_is_not_today() -> None:
    assert hidden_fields("all", a_schema("PERSONAL"), a_schema()) == {ONE: Hide.TEXT}


def test_tags_of_both_schemas_count_together() -> None:
    assert hidden_fields("personal", a_schema("ID:dossier"), a_schema("PERSONAL")) == {ONE: Hide.IDENTIFIER}


def test_a_field_that_has_another_name_today_is_hidden_under_its_old_one() -> None:
    assert ONE in hidden_fields("all", a_schema(), a_schema("PERSONAL", name="g", aliases=["f"]))


def test_a_record_that_has_another_name_today_is_hidden_under_its_old_one() -> None:
    newest = json.loads(a_schema("PERSONAL")) | {"name": "vn.test.B", "aliases": ["A", "vn.old.A"]}
    assert set(tags_of(json.dumps(newest))) == {("vn.test.B", "f"), ("vn.test.A", "f"), ("vn.old.A", "f")}


def test_a_tag_that_is_no_list_counts_as_one() -> None:
    schema = json.loads(a_schema())
    schema["fields"][0]["confluent:tags"] = "PERSONAL"
    assert tags_of(json.dumps(schema)) == {ONE: frozenset({"PERSONAL"})}


def test_tags_are_found_in_records_within_unions_lists_maps_and_one_another() -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": "int", "confluent:tags": ["SECRET"]}]}
    kind: Any = ["null", {"type": "array", "items": {"type": "map", "values": ["null", inner]}}]
    outer = {"type": "record", "name": "O", "namespace": "vn.test", "fields": [{"name": "l", "type": kind}]}
    assert set(tags_of(json.dumps(outer))) == {("vn.test.I", "x")}


def test_a_plan_tells_the_paths_of_each_class() -> None:
    found = touched(load().event("DossierSubmitted").schema)
    assert found["ID:dossier"] == ("dossierCode",)
    assert {"applicant.name", "applicant.address.text", "submittedBy.number"} <= set(found["PERSONAL"])
    assert found["SENSITIVE"] == ("summary",)


def test_every_tagged_field_of_the_catalogue_is_told_in_some_class() -> None:
    for entry in load().events:
        assert {name for tag in touched(entry.schema).values() for path in tag for name in path.split(".")[-1:]} == {
            field for _, field in tags_of(entry.schema)
        }
