from __future__ import annotations

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bus.codec.runtime import EPOCH
from bus.errors import DecodeError, IncompatibleSchema, InvalidSchema
from tests.bus.codec.samples import DATE, DECIMAL, FIXED, MILLIS, TREE, TWO_RECORDS, UUID, A, schema_of

OLD = schema_of(code="string")


def with_default(kind: Any, default: Any) -> str:
    schema = json.loads(schema_of(code="string", f=kind))
    schema["fields"][1]["default"] = default
    return json.dumps(schema)


@pytest.mark.parametrize(
    ("kind", "default", "meant"),
    [
        ("int", 5, 5), ("double", 1, 1.0), ("bytes", "\u00ff", b"\xff"), (FIXED, "abcd", b"abcd"),
        (["null", "int"], None, None), (DECIMAL, "\u0001\u00f4", Decimal("5.00")), (DATE, 0, date(1970, 1, 1)),
        (UUID, str(uuid.UUID(int=3)), uuid.UUID(int=3)),
        ({"type": "array", "items": DATE}, [0], [date(1970, 1, 1)]), ({"type": "map", "values": "int"}, {}, {}),
        (A, {"x": 3}, {"x": 3}), ([A, "null"], {"x": 3}, {"x": 3}),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_field_that_the_writer_did_not_know_has_its_default(compiled, kind, default, meant) -> None:
    codec, reader = compiled(OLD), with_default(kind, default)
    assert codec.decode_as(codec.encode({"code": "a"}), reader) == {"code": "a", "f": meant}


def test_a_default_list_is_not_shared_between_values(compiled) -> None:
    codec, reader = compiled(OLD), with_default({"type": "array", "items": "int"}, [])
    first = codec.decode_as(codec.encode({"code": "a"}), reader)
    first["f"].append(1)
    assert codec.decode_as(codec.encode({"code": "a"}), reader)["f"] == []


def test_a_field_that_the_reader_does_not_know_is_left_out(compiled) -> None:
    codec = compiled(schema_of(code="string", since=MILLIS, n="int"))
    value = {"code": "a", "since": EPOCH, "n": 5}
    assert codec.decode_as(b"head!" + codec.encode(value), OLD, 5) == {"code": "a"}


def test_a_wider_number_is_read(compiled) -> None:
    codec = compiled(schema_of(n="int"))
    assert codec.decode_as(codec.encode({"n": 5}), schema_of(n="double")) == {"n": 5.0}


def test_records_of_a_union_keep_their_names(compiled) -> None:
    codec, reader = compiled(schema_of(code="string", g=TWO_RECORDS)), json.loads(with_default(["null", "int"], None))
    reader["fields"].append({"name": "g", "type": TWO_RECORDS})
    found = codec.decode_as(codec.encode({"code": "a", "g": ("vn.test.B", {"x": 1})}), json.dumps(reader))
    assert found == {"code": "a", "f": None, "g": ("vn.test.B", {"x": 1})}


def test_a_value_that_the_reader_cannot_hold_is_incompatible(compiled) -> None:
    codec = compiled(schema_of(n="string"))
    with pytest.raises(IncompatibleSchema):
        codec.decode_as(codec.encode({"n": "a"}), schema_of(n="int"))


def test_a_readers_schema_with_a_wrong_default_is_refused(compiled) -> None:
    codec = compiled(OLD)
    with pytest.raises(InvalidSchema):
        codec.decode_as(codec.encode({"code": "a"}), with_default(UUID, "not-a-uuid"))


@pytest.mark.parametrize("data", [b"\x0aab", b"\x02ab", b""])
def test_bytes_are_looked_at_before_fastavro_sees_them(compiled, data) -> None:
    with pytest.raises(DecodeError):
        compiled(OLD).decode_as(data, with_default("int", 5))


def test_a_nest_of_records_is_refused_before_fastavro_sees_it(compiled) -> None:
    with pytest.raises(DecodeError, match="nest deeper"):
        compiled(TREE).decode_as(b"\0\x02" * 100_000 + b"\0\0", TREE)
