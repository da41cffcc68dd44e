"""From JSON to a payload and back: nothing is lost, nothing is guessed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.cli.payloads import payload_from
from bus.cli.plain import plain
from bus.errors import Misfit
from schemas.catalogue import load

FIELDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("boolean", st.booleans()),
    ("long", st.integers(-(2**63), 2**63 - 1)),
    ("double", st.floats(allow_nan=False, allow_infinity=False)),
    ("string", st.text(max_size=5)),
    ("bytes", st.binary(max_size=5)),
    ({"type": "string", "logicalType": "uuid"}, st.uuids()),
    ({"type": "int", "logicalType": "date"}, st.dates()),
    ({"type": "int", "logicalType": "time-millis"}, st.times().map(lambda one: one.replace(microsecond=5000))),
    ({"type": "long", "logicalType": "timestamp-micros"}, st.datetimes(timezones=st.just(UTC))),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, st.datetimes()),
    (
        {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 20},
        st.integers(-(10**30), 10**30).map(lambda one: Decimal(one).scaleb(-20)),
    ),
    ({"type": "array", "items": "string"}, st.lists(st.text(max_size=3), max_size=3)),
    ({"type": "map", "values": "long"}, st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=3)),
    (["null", "long"], st.none() | st.integers(0, 9)),
    (["null", "string", "long"], st.none() | st.text(max_size=3) | st.integers(0, 9)),
]


def a_schema(*types: Any) -> str:
    """Return a record with fields f0, f1 … of these types."""
    fields = [{"name": f"f{number}", "type": one} for number, one in enumerate(types)]
    return json.dumps({"type": "record", "name": "Told", "fields": fields})


@settings(max_examples=200, deadline=None)
@given(st.tuples(*(values for _, values in FIELDS)))
def test_what_plain_writes_comes_back_as_it_was(values: tuple[Any, ...]) -> None:
    payload = {f"f{number}": value for number, value in enumerate(values)}
    text = json.dumps(plain(payload))
    assert payload_from(a_schema(*(one for one, _ in FIELDS)), json.loads(text)) == payload


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ({"type": "long", "logicalType": "timestamp-millis"}, "2026-11-24T09:15:00+07:00",
         datetime(2026, 11, 24, 2, 15, tzinfo=UTC)),
        ({"type": "int", "logicalType": "date"}, "2026-11-24", date(2026, 11, 24)),
        ({"type": "int", "logicalType": "time-millis"}, "09:15:00", time(9, 15)),
        ({"type": "string", "logicalType": "uuid"}, "6F1C9A34-7C3B-5D0E-9A55-0F2F6F1C2F57",
         UUID("6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57")),
        ({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}, 50000, Decimal(50000)),
        ({"type": "fixed", "name": "Digest", "size": 2}, "AP8=", b"\x00\xff"),
        ("double", 3, 3.0),
    ],
)  # fmt: skip
def test_each_kind_has_its_way_to_be_written(field: Any, value: Any, meant: Any) -> None:
    found = payload_from(a_schema(field), {"f0": value})["f0"]
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("long", 5.0), ("long", True), ("long", "5"), ("boolean", 1), ("string", 5), ("double", "5"),
        ("double", 2**60 + 1), ("double", 10**400),
        ({"type": "long", "logicalType": "timestamp-millis"}, "2026-11-24T09:15:00"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "2026-11-24"),
        ({"type": "long", "logicalType": "timestamp-millis"}, 1_795_453_200_000),
        ({"type": "long", "logicalType": "timestamp-millis"}, "2026-13-24T09:15:00Z"),
        ({"type": "int", "logicalType": "date"}, "20261124"), ({"type": "int", "logicalType": "date"}, "2026-W48"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}, 50000.5),
        ({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}, "1e5"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}, "NaN"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}, "9" * 200),
        ("bytes", "not base64!"), ({"type": "string", "logicalType": "uuid"}, "{6f1c9a347c3b5d0e9a550f2f6f1c2f57}"),
        ({"type": "array", "items": "long"}, {}), ({"type": "map", "values": "long"}, []), (["null", "long"], "5"),
    ],
)  # fmt: skip
def test_what_json_cannot_say_exactly_is_refused_by_its_path(field: Any, value: Any) -> None:
    with pytest.raises(Misfit) as refusal:
        payload_from(a_schema(field), {"f0": value})
    assert refusal.value.path == "f0"


def test_a_branch_that_is_a_record_is_named() -> None:
    one = {"type": "record", "name": "One", "fields": [{"name": "n", "type": "long"}]}
    other = {"type": "record", "name": "Other", "fields": [{"name": "n", "type": "long"}]}
    schema = a_schema(["null", one, other])
    payload = payload_from(schema, {"f0": {"Other": {"n": 1}}})
    assert payload == {"f0": ("Other", {"n": 1})}
    assert plain(payload) == {"f0": {"Other": {"n": 1}}}


def test_an_absent_field_has_its_default_and_one_without_is_missed() -> None:
    fields = [{"name": "a", "type": "long", "default": 7}, {"name": "b", "type": "long"}]
    schema = json.dumps({"type": "record", "name": "Told", "fields": fields})
    assert payload_from(schema, {"b": 1}) == {"a": 7, "b": 1}
    with pytest.raises(Misfit, match="b is not present"):
        payload_from(schema, {})


def test_no_event_has_a_field_named_payload_since_that_tells_an_envelope() -> None:
    for entry in load().events:
        assert "payload" not in {field["name"] for field in json.loads(entry.schema)["fields"]}, entry.type


def test_deep_nesting_is_refused() -> None:
    tree = {"type": "record", "name": "Tree", "fields": [{"name": "child", "type": ["null", "Tree"], "default": None}]}
    value: dict[str, Any] = {}
    for _ in range(500):
        value = {"child": value}
    with pytest.raises(Misfit, match="nested"):
        payload_from(json.dumps(tree), value)
