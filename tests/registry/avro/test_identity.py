"""What counts for a registry as the same schema, and what as another."""

from __future__ import annotations

import json

import pytest

from registry.avro import identity, logical_warnings, parse

A_RECORD = {"type": "record", "name": "HoSo", "namespace": "vn", "fields": [{"name": "ma", "type": "string"}]}


def identity_of(json_value: object) -> str:
    return identity(parse(json.dumps(json_value)))


@pytest.mark.parametrize(
    "same",
    [
        dict(reversed(A_RECORD.items())),
        A_RECORD | {"name": "vn.HoSo", "namespace": "x"},
        A_RECORD | {"fields": [{"name": "ma", "type": {"type": "string"}}]},
        A_RECORD | {"fields": [{"name": "ma", "type": "string", "order": "ASCENDING"}]},
        A_RECORD | {"aliases": []},
    ],
)
def test_another_spelling_is_the_same_schema(same: object) -> None:
    assert identity_of(same) == identity_of(A_RECORD)


@pytest.mark.parametrize(
    "other",
    [
        A_RECORD | {"doc": "Hồ sơ"},
        A_RECORD | {"doc": ""},
        A_RECORD | {"aliases": ["Cu"]},
        A_RECORD | {"confluent:tags": ["PERSONAL"]},
        A_RECORD | {"type": "error"},
        A_RECORD | {"fields": [{"name": "ma", "type": "string", "default": ""}]},
        A_RECORD | {"fields": [{"name": "ma", "type": "string", "order": "ignore"}]},
        A_RECORD | {"fields": [{"name": "ma", "type": {"type": "string", "x": 1}}]},
    ],
)
def test_other_content_is_another_schema(other: object) -> None:
    assert identity_of(other) != identity_of(A_RECORD)


def test_a_type_defined_later_is_written_out_at_its_first_use() -> None:
    fields = [{"name": "a", "type": "F"}, {"name": "b", "type": {"type": "fixed", "name": "F", "size": 4}}]
    expected = '"fields":[{"name":"a","type":{"type":"fixed","name":"F","size":4}},{"name":"b","type":"F"}]'
    assert expected in identity_of(A_RECORD | {"fields": fields})


def test_a_reference_is_named_and_not_written_out() -> None:
    reference = parse('{"type": "fixed", "name": "vn.F", "size": 4}')
    schema = parse(json.dumps(A_RECORD | {"fields": [{"name": "a", "type": "F"}]}), known=[reference])
    assert '"fields":[{"name":"a","type":"F"}]' in identity(schema, [reference])


def test_texts_and_numbers_are_written_as_java_does() -> None:
    props = {"x": '\u001f"/é\u2028', "y": [1e10, 0.001, 1e-4, 123456789.5, 5.0, -0.0], "z": {"a": None, "b": True}}
    expected = '"x":"\\u001F\\"/é\u2028","y":[1.0E10,0.001,1.0E-4,1.234567895E8,5.0,-0.0],"z":{"a":null,"b":true}'
    assert identity_of({"type": "int", **props}) == f'{{"type":"int",{expected}}}'


def a_decimal(scale: int) -> dict[str, object]:
    return {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": scale}


def test_a_decimal_of_another_scale_is_warned_of_at_its_place() -> None:
    reader, writer = (
        parse(json.dumps(A_RECORD | {"fields": [{"name": "phi", "type": ["null", a_decimal(scale)]}]}))
        for scale in (2, 4)
    )
    [warning] = logical_warnings(reader, writer)
    assert (warning.pointer, warning.message) == (
        "/fields/0/type/1",
        "the reader takes decimal 10 4 for decimal 10 2",
    )


def test_equal_logical_types_raise_no_warning() -> None:
    schema = parse(json.dumps(a_decimal(2)))
    assert logical_warnings(schema, schema) == []
