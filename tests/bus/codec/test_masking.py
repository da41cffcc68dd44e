"""What stands where a tagged field stood, type by type."""

from __future__ import annotations

import io
import json
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from bus.codec import Hide, compile_codec, compile_masker
from bus.codec.runtime import varint
from bus.errors import DecodeError
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
    TIME_MICROS,
    TIME_MILLIS,
    TREE,
    TWO_RECORDS,
    UUID,
    A,
    a_tree,
    record,
    schema_of,
)  # fmt: skip
from tests.bus.codec.test_hostile_bytes import BAD, STRICT, zigzag

NOON = datetime(2026, 11, 24, 5, 0, 0, 1000, tzinfo=UTC)
DAWN = datetime(1970, 1, 1, tzinfo=UTC)
CODE = record("vn.test.Code", code="string", codeSystem="string", validAt=["null", DATE])
A_CODE = {"code": "038090001234", "codeSystem": "VN-PERSON", "validAt": date(2026, 1, 1)}
STRINGS = {"type": "array", "items": "string"}
NOTES = {"type": "map", "values": "string"}


def pseudonym(text: bytes) -> bytes:
    return b"~" + text[::-1]


def masked(schema: str, value: dict[str, Any], tagged: dict[tuple[str, str], Hide]) -> tuple[Any, list[bytes]]:
    """Return the value as both codecs read it when it was masked, and what was hidden."""
    hidden: list[bytes] = []
    data = compile_masker(schema, tagged)(compile_codec(schema).encode(value, b"12345"), 5, pseudonym, hidden)
    ours, fallback = (compile_codec(schema, generated=generated).decode(data, 5) for generated in (True, False))
    assert data[:5] == b"12345"
    assert ours == fallback
    return ours, hidden


def one(kind: Any, value: Any, hide: Hide = Hide.TEXT) -> Any:
    """Return what stands for ``value`` in a tagged field of that type."""
    return masked(schema_of(f=kind, g="string"), {"f": value, "g": "kept"}, {("vn.test.Sample", "f"): hide})[0]["f"]


PLAIN: list[tuple[Any, Any, Any]] = [
    ("string", "Nguyễn Văn An", "***"), ("string", "", "***"), ("bytes", b"secret", b""), ("int", 38090, 0),
    ("long", -(2**63), 0), ("float", 1.5, 0.0), ("double", 2.5, 0.0), ("boolean", True, False), ("null", None, None),
    (DATE, date(1990, 5, 17), date(1970, 1, 1)), (MILLIS, NOON, DAWN), (MICROS, NOON, DAWN),
    (LOCAL_MILLIS, NOON.replace(tzinfo=None), DAWN.replace(tzinfo=None)),
    (LOCAL_MICROS, NOON.replace(tzinfo=None), DAWN.replace(tzinfo=None)),
    (TIME_MILLIS, time(12), time(0)), (TIME_MICROS, time(12), time(0)), (UUID, uuid.UUID(int=7), uuid.UUID(int=0)),
    (DECIMAL, Decimal("1234.56"), Decimal("0.00")), (FIXED_DECIMAL, Decimal("-1.00"), Decimal("0.00")),
    (FIXED, b"abcd", bytes(4)), (ENUM, "DONE", "NEW"), (STRINGS, ["a", "b"], ["***", "***"]), (STRINGS, [], []),
    (NOTES, {"a": "b"}, {}), (A, {"x": 5}, {"x": 0}), (["null", "string"], None, None),
    (["null", "string"], "a", "***"), (["string", "null"], "a", "***"), (["null", "int"], 5, None),
    (["int", "null"], 5, None), (["null", A], {"x": 5}, None), (["null", CODE], A_CODE, None),
    (TWO_RECORDS, ("vn.test.B", {"x": 5}), None), (["string", "int"], 5, 0), (["int", "string"], "a", "***"),
    ([STRINGS, "null"], ["a"], None), (TWO_RECORDS[1:], ("vn.test.B", {"x": 5}), ("vn.test.B", {"x": 0})),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "stands"), PLAIN, ids=lambda part: str(part)[:40])
def test_a_tagged_value_is_hidden_by_one_of_its_type(kind: Any, value: Any, stands: Any) -> None:
    assert one(kind, value) == stands


NAMED: list[tuple[Any, Any, Any]] = [
    ("string", "An", "~nA"), (["null", "string"], "An", "~nA"), (STRINGS, ["An", "Bo"], ["~nA", "~oB"]),
    (CODE, A_CODE, {"code": "~432100090830", "codeSystem": "***", "validAt": None}),
    (["null", CODE], A_CODE, {"code": "~432100090830", "codeSystem": "***", "validAt": None}),
    ("long", 38090001234, 0), (UUID, uuid.UUID(int=7), uuid.UUID(int=0)), (["null", A], {"x": 5}, None),
    (NOTES, {"a": "b"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "stands"), NAMED, ids=lambda part: str(part)[:40])
def test_an_identifier_becomes_its_pseudonym(kind: Any, value: Any, stands: Any) -> None:
    assert one(kind, value, Hide.IDENTIFIER) == stands


def test_a_pseudonym_may_be_longer_than_one_byte_tells() -> None:
    assert one("string", "a" * 300, Hide.IDENTIFIER) == "~" + "a" * 300


def test_a_tagged_field_is_found_in_lists_maps_unions_and_records() -> None:
    person = record("vn.test.Person", name="string", age="int")
    schema = schema_of(
        a=person, b={"type": "array", "items": "vn.test.Person"}, c={"type": "map", "values": "vn.test.Person"},
        d=["null", "vn.test.Person"],
    )  # fmt: skip
    an, hidden_an = {"name": "An", "age": 5}, {"name": "***", "age": 5}
    found, hidden = masked(
        schema, {"a": an, "b": [an, an], "c": {"k": an}, "d": an}, {("vn.test.Person", "name"): Hide.TEXT}
    )
    assert found == {"a": hidden_an, "b": [hidden_an] * 2, "c": {"k": hidden_an}, "d": hidden_an}
    assert hidden == [b"An"] * 5


def test_a_tagged_field_is_found_in_records_within_themselves() -> None:
    found, hidden = masked(TREE, a_tree(30), {("vn.test.Tree", "label"): Hide.TEXT})
    assert json.dumps(found).count("***") == 30
    assert hidden == [b"node"] * 29 + [b"leaf"]


def test_all_below_a_tagged_record_within_itself_is_hidden() -> None:
    found, _ = masked(TREE, a_tree(3), {("vn.test.Tree", "children"): Hide.TEXT})
    leaf = {"label": "***", "children": []}
    assert found == {"label": "node", "children": [{"label": "***", "children": [leaf]}]}


def test_what_was_hidden_is_told_as_text_or_bytes() -> None:
    fields = {
        "a": "string", "b": "bytes", "c": UUID, "d": FIXED, "e": ENUM, "f": NOTES, "g": "long", "h": DATE,
        "i": FIXED_DECIMAL, "j": ["null", STRINGS],
    }  # fmt: skip
    value = {
        "a": "An", "b": b"raw", "c": uuid.UUID(int=7), "d": b"abcd", "e": "DONE", "f": {"k": "v"}, "g": -123456,
        "h": date(1990, 5, 17), "i": Decimal("-999.50"), "j": ["x", "y"],
    }  # fmt: skip
    _, hidden = masked(schema_of(**fields), value, {("vn.test.Sample", name): Hide.TEXT for name in fields})
    told = {
        b"An", b"raw", str(uuid.UUID(int=7)).encode(), b"abcd", b"DONE", b"k", b"v", b"-123456", b"1990-05-17",
        b"-999.50", b"x", b"y",
    }  # fmt: skip
    assert set(hidden) >= told


def test_a_short_number_is_hidden_and_not_told() -> None:
    assert masked(schema_of(f="int"), {"f": -1234}, {("vn.test.Sample", "f"): Hide.TEXT}) == ({"f": 0}, [])


def test_nothing_that_is_not_tagged_is_told_or_changed() -> None:
    schema = schema_of(a="string", b=["null", A])
    found, hidden = masked(schema, {"a": "An", "b": {"x": 5}}, {("vn.test.Sample", "c"): Hide.TEXT})
    assert (found, hidden) == ({"a": "An", "b": {"x": 5}}, [])


def test_a_block_that_says_how_long_it_is_goes_without_when_masked() -> None:
    data = zigzag(-2) + zigzag(4) + b"\x02a\x02b" + b"\0"
    out = compile_masker(schema_of(f=STRINGS), {("vn.test.Sample", "f"): Hide.TEXT})(data, 0, pseudonym, [])
    assert out == b"\x04\x06***\x06***\0"


def test_a_long_list_is_masked_in_one_block() -> None:
    assert one(STRINGS, ["a"] * 9000) == ["***"] * 9000


def test_lists_within_lists_are_masked_however_deep() -> None:
    kind: Any = "string"
    value: Any = "An"
    stands: Any = "***"
    for _ in range(20):
        kind, value, stands = {"type": "array", "items": kind}, [value], [stands]
    assert one(kind, value) == stands


def test_a_value_that_masking_makes_too_large_is_refused() -> None:
    schema = schema_of(f=STRINGS)
    data = varint(600_000 << 1) + bytes(600_000) + b"\0"
    with pytest.raises(DecodeError, match="masked"):
        compile_masker(schema, {("vn.test.Sample", "f"): Hide.TEXT})(data, 0, pseudonym, [])


@pytest.mark.parametrize("tagged", [{}, {("vn.test.Sample", "f"): Hide.TEXT}], ids=["untagged", "tagged"])
@pytest.mark.parametrize(("kind", "data"), [case[1:] for case in BAD + STRICT], ids=[case[0] for case in BAD + STRICT])
def test_bytes_that_are_not_one_value_are_not_masked(kind, data, tagged) -> None:
    with pytest.raises(DecodeError):
        compile_masker(schema_of(f=kind), tagged)(data, 0, pseudonym, [])


@pytest.mark.parametrize("tagged", [(), ("label",), ("children",)])
@pytest.mark.parametrize("depth", [66, 300_000])
def test_nested_bytes_never_end_the_process(depth, tagged) -> None:
    masker = compile_masker(TREE, {("vn.test.Tree", name): Hide.TEXT for name in tagged})
    with pytest.raises(DecodeError, match="nest deeper than 64"):
        masker(b"\0\x02" * depth + b"\0\0" + b"\0" * depth, 0, pseudonym, [])


def test_a_value_over_the_limit_is_not_looked_at() -> None:
    with pytest.raises(DecodeError, match="at most"):
        compile_masker(schema_of(f="bytes"), {})(bytes(1024 * 1024 + 1), 0, pseudonym, [])


def test_the_same_fields_have_one_masker() -> None:
    tagged = {("vn.test.Sample", "f"): Hide.TEXT}
    assert compile_masker(schema_of(f="int"), tagged) is compile_masker(schema_of(f="int"), dict(tagged))


def test_fastavro_reads_what_was_masked() -> None:
    schema = schema_of(f=CODE, g="long")
    data = compile_codec(schema).encode({"f": A_CODE, "g": 7})
    out = compile_masker(schema, {("vn.test.Sample", "f"): Hide.TEXT})(data, 0, pseudonym, [])
    found = fastavro.schemaless_reader(io.BytesIO(out), fastavro.parse_schema(json.loads(schema)), None)
    assert found == {"f": {"code": "***", "codeSystem": "***", "validAt": None}, "g": 7}
