"""Payloads made by hand are completed by their contract's defaults; the encoder itself takes no absent field."""

from __future__ import annotations

import json

import pytest

from bus.codec import compile_codec, complete
from bus.errors import Misfit

CODE = {
    "type": "record", "name": "Code", "namespace": "vn.lienthong.common",
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "validAt", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
    ],
}  # fmt: skip
SCHEMA = json.dumps({
    "type": "record", "name": "DossierWithdrawn", "namespace": "vn.lienthong.dossier",
    "fields": [
        {"name": "dossierCode", "type": CODE},
        {"name": "others", "type": {"type": "array", "items": "vn.lienthong.common.Code"}, "default": []},
        {"name": "place", "type": ["null", "vn.lienthong.common.Code"], "default": None},
    ],
})  # fmt: skip


def test_absent_fields_have_their_defaults_at_every_depth() -> None:
    given = {"dossierCode": {"code": "a"}, "others": [{"code": "b"}], "place": {"code": "c"}}
    assert complete(SCHEMA, given) == {
        "dossierCode": {"code": "a", "validAt": None},
        "others": [{"code": "b", "validAt": None}],
        "place": {"code": "c", "validAt": None},
    }


def test_what_is_given_stays() -> None:
    given = {"dossierCode": {"code": "a", "validAt": None}, "others": [], "place": None}
    assert complete(SCHEMA, given) == given


def test_the_bytes_of_a_decimals_default_are_no_value() -> None:
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 4}
    schema = json.dumps({"type": "record", "name": "A", "fields": [{"name": "a", "type": decimal, "default": "x"}]})
    assert complete(schema, {}) == {}


@pytest.mark.parametrize(
    "given", [{}, {"dossierCode": "a"}, {"dossierCode": {}}, {"dossierCode": {"code": "a"}, "x": 1}]
)
def test_what_does_not_fit_is_left_to_the_encoder(given: dict[str, object]) -> None:
    with pytest.raises(Misfit):
        compile_codec(SCHEMA).encode(complete(SCHEMA, given))
