"""What is hidden in a tagged field is hidden wherever else the same record tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus.cli.session import Session
from replay.runs.scrubbing import told_again
from tests.replay.runs.masked import a_record, masked, shown, value_of
from tests.replay.runs.world import TOPIC, a_plan, a_session, history, past, publish, records_of, run

CODE, NAME = "H56.14-261124-0042", "Nguyễn Văn Ví Dụ"
NUMBER = UUID("6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f58")
SCHEMA = json.dumps({
    "type": "record", "name": "Asked", "namespace": "vn.test",
    "fields": [
        {"name": "code", "type": "string", "confluent:tags": ["ID:dossier"]},
        {"name": "name", "type": "string", "confluent:tags": ["PERSONAL"]},
        {"name": "id", "type": "string", "confluent:tags": ["ID:citizen"]},
        {"name": "number", "type": "string"},
        {"name": "notes", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "byName", "type": {"type": "map", "values": "string"}},
        {"name": "raw", "type": "bytes"},
        {"name": "place", "type": {"type": "record", "name": "Place", "fields": [
            {"name": "text", "type": "string"}, {"name": "codeSystem", "type": "string"}]}},
        {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "stays", "type": "string"},
    ],
})  # fmt: skip
VALUE: dict[str, Any] = {
    "code": CODE, "name": NAME, "id": str(NUMBER), "number": f"XT-{CODE}", "notes": [None, f"{NAME} đã nộp", "không"],
    "byName": {NAME: f"của {NAME}"}, "raw": b"<" + NAME.encode() + b">", "stays": "Một cửa",
    "place": {"text": CODE, "codeSystem": "VN-TAX"}, "uuid": NUMBER,
}  # fmt: skip


def test_what_is_hidden_is_hidden_in_other_texts_too() -> None:
    found = masked(a_record(SCHEMA, VALUE), SCHEMA)
    assert shown(found, [CODE.encode(), NAME.encode(), str(NUMBER).encode()]) == set()
    value = value_of(found, SCHEMA)
    assert (value["number"], value["notes"]) == ("XT-***", [None, "*** đã nộp", "không"])
    assert (value["byName"], value["stays"]) == ({"***": "của ***"}, "Một cửa")
    assert (value["place"], value["uuid"]) == ({"text": "***", "codeSystem": "VN-TAX"}, UUID(int=0))


def test_what_the_mask_leaves_is_left_in_other_texts_too() -> None:
    value = value_of(masked(a_record(SCHEMA, VALUE), SCHEMA, mask="personal"), SCHEMA)
    assert (value["code"], value["number"], value["notes"][1]) == (CODE, f"XT-{CODE}", "*** đã nộp")


def test_the_name_of_a_code_s_table_is_hidden_where_it_tells_somebody() -> None:
    told = VALUE | {"place": {"text": "", "codeSystem": f"s:{NAME}"}}
    assert value_of(masked(a_record(SCHEMA, told), SCHEMA), SCHEMA)["place"]["codeSystem"] == "s:***"


@pytest.mark.parametrize("value", [None, VALUE])
def test_a_key_that_became_a_pseudonym_is_hidden_in_headers_too(value: dict[str, Any] | None) -> None:
    record = a_record(SCHEMA, VALUE, key=b"038090777123", extra=[("ce_agency", b"urn:038090777123")])
    found = masked(record if value else replace(record, value=None), SCHEMA)
    assert shown(found, [b"038090777123"]) == set()


def test_short_texts_and_names_of_code_tables_are_not_searched_for() -> None:
    value = b"a HN b VN-DOSSIER c 123456"
    assert told_again(value, [b"HN", b"VN-DOSSIER", b"123456", b"absent text"]) == [b"123456"]


def test_names_of_fields_and_symbols_stay_though_they_are_what_is_hidden() -> None:
    schema = json.dumps({
        "type": "record", "name": "vn.test.Noted",
        "fields": [
            {"name": "who", "type": "string", "confluent:tags": ["PERSONAL"]},
            {"name": "number", "type": "string"},
            {"name": "kind", "type": {"type": "enum", "name": "vn.test.Kind", "symbols": ["number"]}},
            {"name": "either", "type": ["null", "long", {"type": "map", "values": "string"}]},
        ],
    })  # fmt: skip
    value = {"who": "number", "number": "a number", "kind": "number", "either": {"number": "1"}}
    assert value_of(masked(a_record(schema, value), schema), schema) == {
        "who": "***", "number": "a ***", "kind": "number", "either": {"***": "1"},
    }  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(a_session(tmp_path / "var")) as session:
        publish(session, history(200))
        yield session


def test_a_masked_replay_of_all_contracts_shows_no_dossier_and_no_person(session: Session) -> None:
    plan = a_plan(session, TOPIC)
    run(session, plan)
    codes = {one.key or b"" for one in past(session)}
    assert len(codes) > 10
    persons = {b"038190000001", b"0900000001", b"mau@example.vn", "Nguyễn Thị Mẫu".encode()}
    assert set[bytes]().union(*(shown(one, persons) for one in past(session))) == persons
    assert [found for one in records_of(session, TOPIC) if (found := shown(one, codes | persons))] == []
