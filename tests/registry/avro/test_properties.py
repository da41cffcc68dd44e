"""What must hold for every schema that Avro allows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.avro import Schema, canonical_form, fingerprint, identity, incompatibilities, parse

PRIMITIVES = st.sampled_from(["null", "boolean", "int", "long", "float", "double", "bytes", "string"])
FIELD_NAMES = st.sampled_from(["ma", "ten", "ngay", "ghiChu"])
ALIASES = st.lists(st.sampled_from(["Cu", "vn.Cu", "x.y.Cu"]), max_size=2)
PROPS = st.dictionaries(st.sampled_from(["logicalType", "ghi_chu"]), st.text(max_size=5), max_size=2)


@st.composite
def kinds(draw: st.DrawFn, path: str = "T", depth: int = 3, spaces: Sequence[str] = ("", "vn", "vn.tinh")) -> Any:
    """A schema's JSON. Named types are named after their place, so that none is defined twice."""
    kind = draw(
        st.sampled_from(["primitive", "array", "map", "union", "enum", "fixed", "record"] if depth else ["fixed"])
    )
    named = {"name": path, "namespace": draw(st.sampled_from(spaces)), "aliases": draw(ALIASES)}
    match kind:
        case "primitive":
            return {"type": draw(PRIMITIVES), **draw(PROPS)}
        case "array":
            return {"type": "array", "items": draw(kinds(f"{path}_i", depth - 1, spaces)), **draw(PROPS)}
        case "map":
            return {"type": "map", "values": draw(kinds(f"{path}_v", depth - 1, spaces))}
        case "union":
            branches = draw(st.lists(PRIMITIVES, unique=True))
            return [*branches, {"type": "array", "items": draw(kinds(f"{path}_u", depth - 1, spaces))}]
        case "enum":
            return {"type": "enum", **named, "symbols": ["MOI", "XONG"], "default": "MOI"}
        case "fixed":
            return {"type": "fixed", **named, "size": draw(st.integers(0, 20)), "doc": draw(st.text(max_size=5))}
    names = draw(st.lists(FIELD_NAMES, unique=True))
    fields = [{"name": name, "type": draw(kinds(f"{path}_{name}", depth - 1, spaces))} for name in names]
    return {"type": "record", **named, "fields": fields}


def schemas(**options: Any) -> st.SearchStrategy[Schema]:
    return kinds(**options).map(json.dumps).map(parse)


@given(schemas())
@settings(max_examples=60, deadline=None)
def test_a_schema_can_read_what_it_wrote(schema: Schema) -> None:
    assert not incompatibilities(schema, schema)


@given(schemas())
@settings(max_examples=60, deadline=None)
def test_the_identity_of_what_was_written_is_the_same(schema: Schema) -> None:
    assert identity(parse(identity(schema))) == identity(schema)


@given(schemas(spaces=("vn", "vn.tinh")))
@settings(max_examples=60, deadline=None)
def test_the_canonical_form_of_a_canonical_form_is_itself(schema: Schema) -> None:
    """Only without types in no namespace inside others: Avro's canonical form has no way to write those."""
    assert canonical_form(parse(canonical_form(schema))) == canonical_form(schema)


@given(schemas())
@settings(max_examples=60, deadline=None)
def test_the_canonical_form_reads_what_the_schema_wrote(schema: Schema) -> None:
    assert not incompatibilities(parse(canonical_form(schema)), schema)


@given(schemas(), schemas())
@settings(max_examples=60, deadline=None)
def test_fingerprints_are_equal_when_canonical_forms_are(one: Schema, other: Schema) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (canonical_form(one) == canonical_form(other))
