"""Outside texts of bad shape or great size end in InvalidSchema or in an answer, never in a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bus.errors import InvalidSchema
from registry.avro import TOO_COMPLEX, canonical_form, identity, incompatibilities, logical_warnings, parse
from registry.avro.compatibility import MAX_REASONS
from registry.avro.logical import MAX_WARNINGS
from registry.avro.text import MAX_CHARACTERS, MAX_DEPTH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int",
        "5",
        '"int" "int"',
        '{"type": "int", "type": "long"}',
        '{"type": "int", "x": NaN}',
        '{"type": "int", "x": "\\ud800"}',
        '{"type": "int", "x": ' + "9" * 5000 + "}",
        "[" * 5000,
        "[" * 5000 + "]" * 5000,
        '{"type":"array","items":' * 5000,
        " " * (MAX_CHARACTERS + 1),
    ],
)
def test_a_text_that_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchema):
        parse(text)


@pytest.mark.parametrize("piece", ['\\"', "/*", "//", "[]", '"/*",'])
@pytest.mark.parametrize("head", ['"', '["//", "', "[" * 201 + '"'])
def test_what_is_never_closed_is_refused_at_once(head: str, piece: str) -> None:
    """To search for the end of each such piece anew would take hours."""
    with pytest.raises(InvalidSchema):
        parse(head + piece * (900_000 // len(piece)))


def test_defaults_that_double_at_each_level_are_checked_once() -> None:
    fields: list[dict[str, Any]] = [{"name": "r0", "type": {"type": "fixed", "name": "R0", "size": 1}, "default": ""}]
    for i in range(60):
        parts = [{"name": name, "type": f"R{i}", "default": {} if i else ""} for name in "ab"]
        fields.append({"name": f"r{i + 1}", "type": {"type": "record", "name": f"R{i + 1}", "fields": parts}})
    assert len(parse(json.dumps({"type": "record", "name": "Top", "fields": fields})).names) == 62


def test_a_default_that_every_branch_could_hold_is_checked_once_for_each() -> None:
    kind = ["null", "R0", "R1"]
    records = [{"type": "record", "name": f"R{i}", "fields": [{"name": "a", "type": kind}]} for i in range(2)]
    default = json.loads('{"a":' * 90 + "5" + "}" * 90)
    top = {"type": "record", "name": "Top", "fields": [{"name": "x", "type": "R0", "default": default}]}
    with pytest.raises(InvalidSchema, match="does not fit"):
        parse(json.dumps([*records, top]))


def test_names_without_end_do_not_reach_a_message() -> None:
    name, symbols = "n" * 100_000, [f"u{i}" for i in range(10_000)]
    fields = [
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": symbols}},
        {"name": "f", "type": {"type": "fixed", "name": name, "size": 1}},
    ]
    reader = json.dumps({"type": "record", "name": "R", "fields": fields})
    other = reader.replace("nnn", "mmm").replace('"u', '"v')
    reasons = incompatibilities(parse(reader), parse(other))
    assert [len(reason.message) < 1_000 for reason in reasons] == [True, True]


def test_json_already_parsed_but_endless_is_refused() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    with pytest.raises(InvalidSchema, match="nested too deep"):
        parse(endless)


def test_a_schema_as_deep_as_allowed_can_be_compared_and_written() -> None:
    text = '{"type":"array","items":' * MAX_DEPTH + '"int"' + "}" * MAX_DEPTH
    schema = parse(text)
    assert (canonical_form(schema), identity(schema), incompatibilities(schema, schema)) == (text, text, [])


def a_chain(length: int, end: str) -> str:
    """Records that each use the next by name, all defined side by side: deep without nesting in the text."""
    kinds = [f"R{i + 1}" for i in range(length)] + [end]
    records = [
        {"type": "record", "name": f"R{i}", "fields": [{"name": "x", "type": kind}]} for i, kind in enumerate(kinds)
    ]
    return json.dumps({"type": "record", "name": "Top", "fields": [{"name": r["name"], "type": r} for r in records]})


def test_a_long_chain_of_types_is_compared_without_pythons_stack() -> None:
    [reason] = incompatibilities(parse(a_chain(500, "long")), parse(a_chain(500, "string")))[:1]
    assert (reason.kind, reason.pointer) == ("TYPE_MISMATCH", "/fields/0/type" + "/fields/0/type" * 501)


def test_a_chain_too_long_for_a_pointer_is_undecided() -> None:
    schema = parse(a_chain(3000, "long"))
    assert [reason.kind for reason in incompatibilities(schema, schema)] == [TOO_COMPLEX]


def test_unions_that_multiply_the_work_are_undecided() -> None:
    fields = [{"name": "x", "type": ["null", *(f"R{i}" for i in range(350))]}]
    records = [{"type": "record", "name": f"R{i}", "fields": fields} for i in range(350)]
    reader, writer = parse(json.dumps(records)), parse(json.dumps(list(reversed(records))))
    assert [reason.kind for reason in incompatibilities(reader, writer)] == [TOO_COMPLEX]


def test_a_long_chain_of_types_is_written_without_pythons_stack() -> None:
    schema = parse(a_chain(3000, "long"))
    assert canonical_form(schema).count('"name":"R') == identity(schema).count('"name":"R')


def test_reasons_that_double_at_each_level_are_cut() -> None:
    def fan(end: str) -> str:
        kind: Any = end
        for i in range(40):
            fields = [{"name": "a", "type": kind}, {"name": "b", "type": f"R{i - 1}" if i else end}]
            kind = {"type": "record", "name": f"R{i}", "fields": fields}
        return json.dumps(kind)

    assert len(incompatibilities(parse(fan("int")), parse(fan("long")))) == MAX_REASONS


def test_warnings_about_logical_types_end() -> None:
    def fields(logical: str) -> str:
        kind = {"type": "int", "logicalType": logical}
        return json.dumps(
            {"type": "record", "name": "R", "fields": [{"name": f"f{i}", "type": kind} for i in range(9_000)]}
        )

    assert len(logical_warnings(parse(fields("date")), parse(fields("time-millis")))) == MAX_WARNINGS


def test_comments_are_read_over_as_java_does() -> None:
    assert parse('/* a */ {"type": "int", // b\n "url": "http://x/*y*/"}').root.kind == "int"


@pytest.mark.parametrize("comment", ["//", "// a", "/* a */", "/* a"])
def test_a_comment_behind_the_schema_is_refused_as_java_does(comment: str) -> None:
    with pytest.raises(InvalidSchema):
        parse(f'"int" {comment}\n')
