"""Where Python's Avro library and Java's part ways: each class of differences, decided as Java does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bus.errors import InvalidSchema
from registry.avro import AMBIGUOUS_FIELD, Verdict, incompatibilities, parse, verdict


def a_record(*fields: dict[str, Any], **attributes: Any) -> str:
    return json.dumps({"type": "record", "name": "HoSo", "fields": fields, **attributes})


def a_field(name: str, kind: Any = "int", **attributes: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **attributes}


AN_ENUM = {"type": "enum", "name": "TrangThai", "symbols": ["MOI", "XONG"]}


def test_an_alias_without_a_dot_is_in_the_namespace_of_its_type() -> None:
    reader = parse(a_record(name="HoSo", namespace="vn.tinh", aliases=["DonTu"]))
    assert not incompatibilities(reader, parse(a_record(name="DonTu", namespace="vn.tinh")))


def test_an_alias_without_a_dot_does_not_fit_a_writer_without_a_namespace() -> None:
    reader = parse(a_record(name="HoSo", namespace="vn.tinh", aliases=["DonTu"]))
    [reason] = incompatibilities(reader, parse(a_record(name="DonTu")))
    assert (reason.kind, reason.pointer) == ("NAME_MISMATCH", "/name")


def test_a_field_that_fits_two_of_the_writer_is_an_error_of_its_own_kind() -> None:
    reader, writer = a_record(a_field("ma", aliases=["id"])), a_record(a_field("ma"), a_field("id"))
    found, [reason] = verdict(reader, writer)
    assert (found, reason.kind, reason.pointer) == (Verdict.ERROR, AMBIGUOUS_FIELD, "/fields/0")


def test_an_error_record_is_compared_like_a_record() -> None:
    assert verdict(a_record(a_field("ma", "long"), type="error"), a_record(a_field("ma")))[0] is Verdict.COMPATIBLE


def test_a_named_type_may_stand_only_once_in_a_union() -> None:
    with pytest.raises(InvalidSchema, match=r"^/fields/0/type/1: the union has 'TrangThai' twice"):
        parse(a_record(a_field("cu", [AN_ENUM, "TrangThai"])))


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("string", 5),
        ("int", 2**31),
        ("long", 2**63),
        ("int", 1.0),
        ("int", True),
        ("double", "nhiều"),
        ({"type": "record", "name": "R", "fields": [a_field("x")]}, {}),
        (["null", "int"], "a"),
        ({"type": "array", "items": "int"}, [None]),
    ],
)
def test_a_default_that_does_not_fit_its_field_is_refused_by_place(kind: Any, default: Any) -> None:
    with pytest.raises(InvalidSchema, match=r"^/fields/1/default: "):
        parse(a_record(a_field("ma"), a_field("cu", kind, default=default)))


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("double", 1),
        ("double", "-Infinity"),
        ("bytes", "ÿĀ"),
        (["null", "int"], 3),
        (AN_ENUM, "MOI"),
        ({"type": "record", "name": "R", "fields": [a_field("x", default=0)]}, {}),
    ],
)
def test_a_default_that_java_takes_is_taken(kind: Any, default: Any) -> None:
    assert not incompatibilities(parse(a_record(a_field("cu", kind, default=default))), parse(a_record()))


@pytest.mark.parametrize("name", ["a-b", "", "1a", "mã", "a b", "a\n"])
def test_an_illegal_field_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidSchema, match=r"^/fields/0/name: the field name"):
        parse(a_record(a_field(name)))


def test_letters_of_all_alphabets_pass_only_where_they_are_asked_for() -> None:
    assert parse(a_record(name="HồSơ"), unicode_names=True).full_name == "HồSơ"


def test_a_type_may_be_used_before_it_is_defined() -> None:
    reader = parse(a_record(a_field("truoc", "TrangThai"), a_field("sau", AN_ENUM)))
    assert not incompatibilities(reader, reader)


def test_a_type_that_is_defined_nowhere_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="'TrangThai' is used but defined nowhere"):
        parse(a_record(a_field("truoc", "TrangThai")))


def test_a_named_type_is_used_by_its_name_alone() -> None:
    """Until 1.12.1 Java took ``{"type": "TrangThai"}`` for the name; AVRO-4176 ended that."""
    with pytest.raises(InvalidSchema, match=r"^/fields/1/type: 'TrangThai' is no kind of type"):
        parse(a_record(a_field("cu", AN_ENUM), a_field("moi", {"type": "TrangThai"})))


def test_a_default_may_not_need_a_type_that_is_defined_after_it() -> None:
    inner = {"type": "record", "name": "R", "fields": [a_field("truoc", "TrangThai"), a_field("sau", AN_ENUM)]}
    with pytest.raises(InvalidSchema, match=r"^/fields/0/default: "):
        parse(a_record(a_field("r", inner, default={"truoc": "MOI", "sau": "MOI"})))


def test_an_enum_that_is_missing_twice_is_told_at_its_first_place() -> None:
    """Java compares the enum with the whole writer, and remembers the answer with its pointer."""
    reader = a_record(a_field("a", AN_ENUM | {"default": "MOI"}), a_field("b", "TrangThai"))
    _, reasons = verdict(reader, a_record())
    assert [(one.kind, one.pointer) for one in reasons] == [("TYPE_MISMATCH", "/fields/0/type")] * 2


def test_a_symbol_may_stand_only_once_in_an_enum() -> None:
    with pytest.raises(InvalidSchema, match=r"^/symbols/1: the symbol 'A' stands twice"):
        parse('{"type": "enum", "name": "E", "symbols": ["A", "A"]}')


def test_defining_a_type_twice_alike_is_no_fault() -> None:
    assert parse(a_record(a_field("a", AN_ENUM), a_field("b", AN_ENUM)))


def test_defining_a_type_twice_otherwise_is_refused() -> None:
    with pytest.raises(InvalidSchema, match=r"^/fields/1/type: the type TrangThai is defined twice"):
        parse(a_record(a_field("a", AN_ENUM), a_field("b", AN_ENUM | {"symbols": ["MOI"]})))


def test_the_default_of_an_enum_takes_the_place_of_unknown_symbols() -> None:
    reader = parse(json.dumps(AN_ENUM | {"default": "MOI"}))
    assert not incompatibilities(reader, parse(json.dumps(AN_ENUM | {"symbols": ["HUY"]})))


def test_the_types_of_a_known_schema_may_be_used() -> None:
    known = parse(json.dumps(AN_ENUM))
    assert parse(a_record(a_field("a", "TrangThai")), known=[known]).names["TrangThai"] is known.root


@pytest.mark.parametrize("kind", [{"type": "array", "items": "int"}, json.loads(a_record())])
def test_a_property_beyond_64_bits_is_refused_where_java_would_lose_it(kind: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchema, match="beyond 64 bits"):
        parse(json.dumps(kind | {"x": [{"y": 2**63}]}))
