"""Schemas under which values could be confused, lost, or cost more than their bytes are not compiled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bus.codec import compile_codec
from bus.errors import DecodeError, InvalidSchema
from tests.bus.codec.samples import (
    DATE,
    ENUM,
    FIXED,
    LOCAL_MILLIS,
    MICROS,
    MILLIS,
    UUID,
    A,
    B,
    logical,
    record,
    schema_of,
)

NOTHING = record("vn.test.Nothing")
AMBIGUOUS: list[tuple[str, Any]] = [
    ("int and long", ["int", "long"]),
    ("int and date of one Avro type", ["int", DATE]),
    ("long and a timestamp", ["long", MILLIS]),
    ("two clocks", [MILLIS, LOCAL_MILLIS | {"type": "long"}]),
    ("float and double", ["float", "double"]),
    ("text and an enum", ["string", ENUM]),
    ("text and a uuid", ["string", UUID]),
    ("bytes and a fixed", ["bytes", FIXED]),
    ("two fixed", [FIXED, {"type": "fixed", "name": "Other", "size": 4}]),
    ("a map and one record", [{"type": "map", "values": "int"}, A]),
    ("the same twice", ["null", "string", "string"]),
    ("the same record twice", [A, "vn.test.A"]),
    ("null twice", ["null", "null"]),
    ("no branch", []),
    ("a union within a union", ["null", ["int", "string"]]),
]
UNSAFE: list[tuple[str, Any]] = [
    ("an array of nulls", {"type": "array", "items": "null"}),
    ("an array of empty records", {"type": "array", "items": NOTHING}),
    ("an array of empty fixed", {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}),
    ("a decimal without precision", logical("bytes", "decimal")),
    ("a decimal without digits", logical("bytes", "decimal", precision=0)),
    ("a decimal of a billion digits", logical("bytes", "decimal", precision=10**9)),
    ("a scale over the precision", logical("bytes", "decimal", precision=2, scale=3)),
    ("a scale that is text", logical("bytes", "decimal", precision=2, scale="1")),
    ("a fixed of negative size", {"type": "fixed", "name": "F", "size": -1}),
    ("a fixed of a gigabyte", {"type": "fixed", "name": "F", "size": 2**30}),
    ("a fixed whose size is true", {"type": "fixed", "name": "F", "size": True}),
    ("an enum without symbols", {"type": "enum", "name": "E", "symbols": []}),
    ("an enum with a symbol twice", {"type": "enum", "name": "E", "symbols": ["A", "A"]}),
    ("an enum with a phrase", {"type": "enum", "name": "E", "symbols": ["a b"]}),
    ("a type's name that is none", {"type": "fixed", "name": "a-b", "size": 1}),
    ("a type that nobody defines", "vn.test.Missing"),
    ("a type of its own making", {"type": "matrix"}),
]


@pytest.mark.parametrize("kind", [case[1] for case in AMBIGUOUS], ids=[case[0] for case in AMBIGUOUS])
def test_a_union_whose_branches_a_value_cannot_tell_apart_is_refused(kind) -> None:
    with pytest.raises(InvalidSchema):
        compile_codec(schema_of(f=kind))


@pytest.mark.parametrize("kind", [case[1] for case in UNSAFE], ids=[case[0] for case in UNSAFE])
def test_an_unsafe_type_is_refused(kind) -> None:
    with pytest.raises(InvalidSchema):
        compile_codec(schema_of(f=kind))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "5", "[]", '"string"', "{}", '{"foo": 1}', '{"type": "record"}', '["null", "int"]', "[" * 5000,
        '{"type": "array", "items": "int"}', json.dumps(A | {"name": "a-b"}), json.dumps(A | {"name": 5}),
        json.dumps(record("R", **{"a-b": "int"})), " " * 300_000 + json.dumps(A), json.dumps(A | {"fields": 5}),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_no_events_schema_is_refused(text) -> None:
    with pytest.raises(InvalidSchema):
        compile_codec(text)


def test_a_field_that_is_there_twice_is_refused() -> None:
    schema = record("R", x="int") | {"fields": [{"name": "x", "type": "int"}, {"name": "x", "type": "string"}]}
    with pytest.raises(InvalidSchema, match="two fields named x"):
        compile_codec(json.dumps(schema))


def test_a_record_that_always_holds_itself_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="no value can end"):
        compile_codec(json.dumps(record("R", inner="R")))


def test_a_small_schema_of_billions_of_empty_records_is_refused() -> None:
    doubled: dict[str, Any] = record("R0")
    for number in range(1, 31):
        doubled = record(f"R{number}", a=doubled, b=f"R{number - 1}")
    with pytest.raises(InvalidSchema):
        compile_codec(json.dumps(doubled))


def test_types_that_nest_too_deep_are_refused() -> None:
    kind: Any = "int"
    for _ in range(40):
        kind = {"type": "array", "items": kind}
    with pytest.raises(InvalidSchema, match="nest deeper"):
        compile_codec(schema_of(f=kind))


def test_a_long_chain_of_references_never_ends_the_process(compiled) -> None:
    chain = {f"f{number}": record(f"R{number}", x=f"R{number - 1}") for number in range(1, 800)}
    with pytest.raises(DecodeError, match="nest deeper"):
        compiled(schema_of(f0=record("R0", x="int"), **chain)).decode(bytes(800))


@pytest.mark.parametrize("word", ["class", "__import__", "None", "exec", "v1", "o", "d", "i", "end"])
def test_a_field_may_have_any_name_without_becoming_code(word) -> None:
    codec = compile_codec(schema_of(**{word: ["null", B]}), generated=True)
    assert codec.decode(codec.encode({word: {"x": 1}})) == {word: {"x": 1}}


def test_nothing_but_names_of_the_schema_enters_the_source() -> None:
    schema = json.loads(schema_of(f=ENUM | {"doc": "');evil()#"}, g=MICROS)) | {"doc": "'''\nevil()"}
    assert "evil" not in compile_codec(json.dumps(schema), generated=True).source
