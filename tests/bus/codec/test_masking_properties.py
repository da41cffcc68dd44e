"""Random schemas, values and tags: the masker's bytes are those of the value that a naive model hides."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bus.codec import Hide, compile_codec, compile_masker
from bus.codec.explain import choose
from bus.codec.plan import (
    NULL,
    ArrayType,
    AvroType,
    DecimalType,
    EnumType,
    FixedType,
    MapType,
    Plan,
    RecordRef,
    RecordType,
    Scalar,
    UnionType,
)  # fmt: skip
from bus.codec.planning import make_plan
from bus.errors import DecodeError
from tests.bus.codec.test_properties import samples, slow

Tagged = dict[tuple[str, str], Hide]
DAWN = datetime(1970, 1, 1, tzinfo=UTC)
STANDS: dict[str, Any] = {
    "null": None, "boolean": False, "int": 0, "long": 0, "float": 0.0, "double": 0.0, "bytes": b"", "string": "***",
    "uuid": UUID(int=0), "date": date(1970, 1, 1), "time-millis": time(0), "time-micros": time(0),
    "timestamp-millis": DAWN, "timestamp-micros": DAWN, "local-timestamp-millis": DAWN.replace(tzinfo=None),
    "local-timestamp-micros": DAWN.replace(tzinfo=None),
}  # fmt: skip


def pseudonym(text: bytes) -> bytes:
    return b"~" + text.hex().encode()


class Model:
    """Hides what is tagged in a decoded value, with no thought of speed."""

    def __init__(self, plan: Plan, tagged: Tagged) -> None:
        self.plan, self.tagged = plan, tagged

    def mask(self, node: AvroType, value: Any, hide: Hide | None = None) -> Any:
        match node:
            case RecordType() | RecordRef():
                return self._record(self.plan.records[node.name], value, hide)
            case ArrayType():
                return [self.mask(node.items, item, hide) for item in value]
            case UnionType():
                return self._union(node, value, hide)
            case MapType() if hide is None:
                return {key: self.mask(node.values, item) for key, item in value.items()}
        return value if hide is None else self._stands(node, value, hide)

    def _record(self, node: RecordType, value: Any, hide: Hide | None) -> Any:
        is_code = hide is Hide.IDENTIFIER and any(name == "code" for name, _ in node.fields)
        return {
            name: self.mask(
                part,
                value[name],
                (Hide.TEXT if is_code and name != "code" else hide) or self.tagged.get((node.name, name)),
            )
            for name, part in node.fields
        }

    def _union(self, node: UnionType, value: Any, hide: Hide | None) -> Any:
        branch, name, inner = _branch(node, value)
        masked = self.mask(branch, inner, hide)
        is_code = isinstance(branch, RecordType | RecordRef) and "code" in dict(self.plan.records[branch.name].fields)
        keeps = branch == Scalar("string") or (hide is Hide.IDENTIFIER and is_code)
        if hide is not None and NULL in node.branches and not keeps:
            return None
        return (name, masked) if name else masked

    def _stands(self, node: AvroType, value: Any, hide: Hide) -> Any:
        match node:
            case Scalar("string") if hide is Hide.IDENTIFIER:
                return pseudonym(value.encode()).decode()
            case Scalar():
                return STANDS[node.kind]
            case DecimalType():
                return Decimal(0).scaleb(-node.scale)
            case FixedType():
                return bytes(node.size)
            case EnumType():
                return node.symbols[0]
        return {}


def _branch(node: UnionType, value: Any) -> tuple[AvroType, str, Any]:
    if type(value) is tuple:
        return node.branches[node.names.index(value[0])], *value
    found, inner = choose(node, value)
    assert found is not None
    return found, "", inner


@st.composite
def tagged_samples(draw: st.DrawFn) -> tuple[str, bytes, Tagged]:
    """Draw a schema, the bytes of a value, and fields to hide; some records have a code."""
    schema, value = draw(samples())
    data = compile_codec(schema).encode(value)
    schema = schema.replace('"f0"', '"code"') if draw(st.booleans()) else schema
    fields = [(record.name, name) for record in make_plan(schema).records.values() for name, _ in record.fields]
    hides = st.sampled_from([None, None, Hide.TEXT, Hide.IDENTIFIER])
    drawn = {field: draw(hides) for field in fields}
    return schema, data, {field: hide for field, hide in drawn.items() if hide is not None}


@slow
@given(tagged_samples())
def test_masked_bytes_are_those_of_the_value_that_the_model_masks(sample: tuple[str, bytes, Tagged]) -> None:
    schema, data, tagged = sample
    plan, codec = make_plan(schema), compile_codec(schema, generated=True)
    masked = compile_masker(schema, tagged)(b"front" + data, 5, pseudonym, [])
    expected = Model(plan, tagged).mask(plan.root, codec.decode(data))
    assert masked == codec.encode(expected, b"front")
    assert compile_codec(schema, generated=False).decode(masked, 5) == expected


@slow
@given(tagged_samples())
def test_where_nothing_is_tagged_the_bytes_come_out_as_they_went_in(sample: tuple[str, bytes, Tagged]) -> None:
    schema, data, _ = sample
    hidden: list[bytes] = []
    assert (compile_masker(schema, {})(data, 0, pseudonym, hidden), hidden) == (data, [])


@slow
@given(tagged_samples())
def test_hiding_again_what_was_hidden_changes_nothing(sample: tuple[str, bytes, Tagged]) -> None:
    schema, data, tagged = sample
    masker = compile_masker(schema, dict.fromkeys(tagged, Hide.TEXT))
    once = masker(data, 0, pseudonym, [])
    assert masker(once, 0, pseudonym, []) == once


@slow
@given(tagged_samples(), st.data())
def test_changed_bytes_are_masked_where_they_can_be_read_and_refused_where_not(
    sample: tuple[str, bytes, Tagged], data: st.DataObject
) -> None:
    schema, whole, tagged = sample
    plan, codec = make_plan(schema), compile_codec(schema, generated=True)
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4)) if whole else 0):
        changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = _attempt(lambda: codec.decode(bytes(changed)))
    masked = _attempt(lambda: codec.decode(compile_masker(schema, tagged)(bytes(changed), 0, pseudonym, [])))
    expected = None if found is None else Model(plan, tagged).mask(plan.root, found)
    assert repr(masked) == repr(expected)  # NaN is not equal to itself


@slow
@given(tagged_samples(), st.binary(max_size=60))
def test_random_bytes_are_masked_or_refused(sample: tuple[str, bytes, Tagged], data: bytes) -> None:
    schema, _, tagged = sample
    codec, masker = compile_codec(schema, generated=True), compile_masker(schema, tagged)
    readable = _attempt(lambda: codec.decode(data)) is not None
    assert (_attempt(lambda: masker(data, 0, pseudonym, [])) is not None) == readable


def _attempt(call: Any) -> Any:
    try:
        return call()
    except DecodeError:
        return None
