from __future__ import annotations

import io
import json
import random
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import fastavro
import pytest

from bus.codec import compile_codec
from bus.codec.runtime import EPOCH
from tests.bus.codec.samples import (
    DATE,
    DECIMAL,
    ENUM,
    FIXED,
    FIXED_DECIMAL,
    LOCAL_MICROS,
    LOCAL_MILLIS,
    MICROS,
    MILLIS,
    MIXED,
    TIME_MICROS,
    TIME_MILLIS,
    TREE,
    TWO_RECORDS,
    UUID,
    A,
    a_tree,
    logical,
    schema_of,
)  # fmt: skip

NAIVE = datetime(2026, 11, 24, 2, 15, 0, 123000)  # noqa: DTZ001
MOMENT = NAIVE.replace(tzinfo=UTC)
IDS = {"type": "map", "values": ["null", "string"]}
GOOD: list[tuple[Any, Any]] = [
    ("null", None), ("boolean", True), ("boolean", False),
    *(("int", number) for number in (0, -1, 63, 64, -65, 8191, 8192, 2**20, 2**31 - 1, -(2**31))),
    *(("long", number) for number in (0, 2**27, -(2**27), 2**41, 2**55, 2**63 - 1, -(2**63))),
    ("float", 0.5), ("float", float("inf")), ("double", 0.1), ("double", -0.0), ("double", float("-inf")),
    ("bytes", b""), ("bytes", bytes(70_000)), ("string", ""), ("string", "Thừa Thiên Huế"), ("string", "a" * 70_000),
    ("string", "x" * 63), ("string", "x" * 64), ("string", "x" * 1023), ("string", "x" * 1024), ("string", "😀"),
    (ENUM, "DONE"), (FIXED, b"abcd"), ({"type": "fixed", "name": "None0", "size": 0}, b""),
    *((kind, Decimal(text)) for kind in (DECIMAL, FIXED_DECIMAL)
      for text in ("0", "1.5", "-1.50", "9999.99", "-9999.99", "1E+3", "0E+9", "-1.27")),
    *((MILLIS, moment) for moment in (MOMENT, datetime(1969, 12, 31, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC),
      datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
      MOMENT.astimezone(timezone(timedelta(hours=7))))),
    (MICROS, MOMENT.replace(microsecond=123456)), (LOCAL_MILLIS, NAIVE), (LOCAL_MICROS, NAIVE.replace(microsecond=1)),
    *((DATE, day) for day in (date(1, 1, 1), date(1970, 1, 1), date(2026, 11, 24), date(9999, 12, 31))),
    (TIME_MILLIS, time(23, 59, 59, 999000)), (TIME_MICROS, time(23, 59, 59, 999999)), (TIME_MICROS, time()),
    (UUID, uuid.UUID(int=0)), (UUID, uuid.UUID("6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57")),
    ({"type": "array", "items": "int"}, []), ({"type": "array", "items": "int"}, list(range(2000))),
    (IDS, {}), (IDS, {"Huế": None, "b": "c"}), (A, {"x": 1}),
    (["null", "string"], None), (["null", "string"], "a"), (["string", "null"], None), (["string", "null"], "b"),
    (["null", MILLIS], MOMENT), (["null", UUID], uuid.UUID(int=1)), (["null", DECIMAL], Decimal("1.25")),
    (["null", A], {"x": 1}), ([A, "null"], None), ([A, "null"], {"x": 5}), (["string"], "only"),
    (TWO_RECORDS, None), (TWO_RECORDS, ("vn.test.A", {"x": 1})), (TWO_RECORDS, ("vn.test.B", {"x": 1})),
    *((MIXED, value) for value in (None, "a", 5, True, [1, 2], date(2026, 1, 1), Decimal("2.25"))),
    (["int", "double"], 5), (["double", "int"], 5), (["double", "int"], 5.0), (["null", DATE, MILLIS], MOMENT),
    (logical("fixed", "duration") | {"name": "Span", "size": 12}, bytes(12)), (logical("long", "timestamp-nanos"), 1),
    (logical("string", "nobody-knows"), "a"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), GOOD, ids=range(len(GOOD)))
def test_what_was_encoded_decodes_to_an_equal_value_of_the_same_type(compiled, kind, value) -> None:
    codec = compiled(schema_of(f=kind, g="int"))
    found = codec.decode(b"head!" + codec.encode({"f": value, "g": 7})[0:], 5)
    assert found == {"f": value, "g": 7}
    assert type(found["f"]) is type(value)


@pytest.mark.parametrize(("kind", "value"), GOOD, ids=range(len(GOOD)))
def test_the_fallback_writes_the_same_bytes(kind, value) -> None:
    schema = schema_of(f=kind, g="int")
    ours, fallback = (compile_codec(schema, generated=generated) for generated in (True, False))
    assert ours.encode({"f": value, "g": 7}) == fallback.encode({"f": value, "g": 7})


def test_the_head_stands_in_front(compiled) -> None:
    codec = compiled(schema_of(f="int"))
    assert codec.encode({"f": 1}, b"\0\0\0\0\x07") == b"\0\0\0\0\x07\x02"


def test_any_mapping_may_be_the_payload(compiled) -> None:
    assert compiled(schema_of(f="int")).encode(MappingProxyType({"f": 1})) == b"\x02"


def test_a_tree_within_the_limit_comes_back(compiled) -> None:
    codec, tree = compiled(TREE), a_tree(32)
    assert codec.decode(codec.encode(tree)) == tree


def test_every_millisecond_of_our_time_comes_back(compiled) -> None:
    codec, chance = compiled(schema_of(f={"type": "array", "items": MILLIS})), random.Random(5)
    moments = [EPOCH + timedelta(milliseconds=chance.randrange(2**42)) for _ in range(3000)]
    moments += [EPOCH + timedelta(milliseconds=2**bits + one) for bits in (33, 34, 40, 41) for one in (-1, 0, 1)]
    assert codec.decode(codec.encode({"f": moments})) == {"f": moments}


def test_not_a_number_comes_back(compiled) -> None:
    codec = compiled(schema_of(f="double", g="float"))
    found = codec.decode(codec.encode({"f": float("nan"), "g": float("nan")}))
    assert found["f"] != found["f"]
    assert found["g"] != found["g"]


def test_lists_nest_deeper_than_python_nests_blocks(compiled) -> None:
    kind: Any = "int"
    value: Any = 5
    for _ in range(30):
        kind, value = {"type": "array", "items": kind}, [value]
    codec = compiled(schema_of(f=kind))
    assert codec.decode(codec.encode({"f": value})) == {"f": value}


def test_a_record_named_a_second_time_is_written_and_read_alike(compiled) -> None:
    codec = compiled(schema_of(f=A, g=["null", "vn.test.A"], h={"type": "array", "items": "vn.test.A"}))
    value = {"f": {"x": 1}, "g": {"x": 2}, "h": [{"x": 3}, {"x": 4}]}
    assert codec.decode(codec.encode(value)) == value


def test_an_enum_with_many_symbols_is_written_and_read_alike(compiled) -> None:
    symbols = [f"S{number}" for number in range(10_000)]
    codec = compiled(schema_of(f={"type": "enum", "name": "Many", "symbols": symbols}))
    found = [codec.decode(codec.encode({"f": symbol}))["f"] for symbol in (symbols[63], symbols[64], symbols[-1])]
    assert found == ["S63", "S64", "S9999"]


def test_the_one_decimal_that_fastavro_writes_a_byte_longer_is_read_from_both() -> None:
    schema, value = schema_of(f=DECIMAL), {"f": Decimal("-1.28")}
    theirs = io.BytesIO()
    fastavro.schemaless_writer(theirs, fastavro.parse_schema(json.loads(schema)), value)
    ours = compile_codec(schema, generated=True)
    assert len(ours.encode(value)) == len(theirs.getvalue()) - 1
    assert ours.decode(theirs.getvalue()) == ours.decode(ours.encode(value)) == value
