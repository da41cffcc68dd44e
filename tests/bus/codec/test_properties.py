"""Random schemas and values, with fastavro as the oracle."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import fastavro
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.codec import compile_codec
from bus.codec.explain import explain
from bus.codec.planning import make_plan
from bus.errors import DecodeError, InvalidSchema, Misfit
from tests.bus.codec.samples import (
    DATE,
    LOCAL_MICROS,
    LOCAL_MILLIS,
    MICROS,
    MILLIS,
    TIME_MICROS,
    TIME_MILLIS,
    TREE,
    UUID,
    logical,
)  # fmt: skip

EXAMPLES = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "1500")) // 10
slow = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLI = timedelta(milliseconds=1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda text: normalize("NFC", text))
millis = st.integers(-62_135_596_800_000, 253_402_300_799_999).map(lambda number: EPOCH + number * MILLI)
moments = st.datetimes(timezones=st.just(UTC))
times = st.times()
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("null", st.none()),
    ("boolean", st.booleans()),
    ("int", st.integers(-(2**31), 2**31 - 1)),
    ("long", st.integers(-(2**63), 2**63 - 1)),
    ("float", st.floats(width=32, allow_nan=False)),
    ("double", st.floats(allow_nan=False)),
    ("bytes", st.binary(max_size=12)),
    ("string", texts),
    (UUID, st.uuids()),
    (DATE, st.dates()),
    (MILLIS, millis),
    (MICROS, moments),
    (LOCAL_MILLIS, millis.map(lambda moment: moment.replace(tzinfo=None))),
    (LOCAL_MICROS, st.datetimes()),
    (TIME_MILLIS, times.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))),
    (TIME_MICROS, times),
]


@st.composite
def decimals(draw: st.DrawFn, on_fixed: str = "") -> tuple[Any, st.SearchStrategy[Any]]:
    precision = draw(st.integers(1, 30))
    scale = draw(st.integers(0, precision))
    most = 10**precision - 1
    # -128 and its like take fastavro a byte more: legal, and tested by itself.
    numbers = st.integers(-most, most).filter(lambda number: number >= 0 or (-number) & (-number - 1))
    values = numbers.map(lambda number: Decimal(f"{number}E-{scale}"))
    kind = logical("bytes", "decimal", precision=precision, scale=scale)
    return (kind | {"type": "fixed", "name": on_fixed, "size": 16}) if on_fixed else kind, values


@st.composite
def types(draw: st.DrawFn, depth: int = 0, names: list[str] | None = None) -> tuple[Any, st.SearchStrategy[Any]]:
    """Draw a type and a strategy for its values; ``names`` are those given within the schema."""
    names = [] if names is None else names
    kinds = ["leaf", "leaf", "decimal", "fixed_decimal", "fixed", "enum"]
    kind = draw(st.sampled_from(kinds + ["array", "map", "record", "optional", "union"] * (depth < 3)))
    match kind:
        case "leaf":
            return draw(st.sampled_from(LEAVES))
        case "decimal" | "fixed_decimal":
            return draw(decimals(_name(names) if kind == "fixed_decimal" else ""))
        case "fixed":
            size = draw(st.integers(0, 5))
            return {"type": "fixed", "name": _name(names), "size": size}, st.binary(min_size=size, max_size=size)
        case "enum":
            symbols = draw(st.lists(st.from_regex(r"[A-Z][a-z]{0,3}", fullmatch=True), min_size=1, unique=True))
            return {"type": "enum", "name": _name(names), "symbols": symbols}, st.sampled_from(symbols)
        case "record":
            return draw(records(depth + 1, names))
        case "union":
            return draw(unions(depth, names))
    inner, values = draw(types(depth + 1, names))
    if kind == "optional":
        return (["null", inner], st.none() | values) if draw(st.booleans()) else ([inner, "null"], st.none() | values)
    if kind == "array":
        return {"type": "array", "items": inner}, st.lists(values, max_size=4)
    return {"type": "map", "values": inner}, st.dictionaries(texts, values, max_size=4)


@st.composite
def records(draw: st.DrawFn, depth: int, names: list[str]) -> tuple[Any, st.SearchStrategy[Any]]:
    name = _name(names)
    fields = {f"f{number}": draw(types(depth, names)) for number in range(draw(st.integers(0, 4)))}
    listed = [{"name": field, "type": kind} for field, (kind, _) in fields.items()]
    values = st.fixed_dictionaries({field: strategy for field, (_, strategy) in fields.items()})
    return {"type": "record", "name": name, "fields": listed}, values


@st.composite
def unions(draw: st.DrawFn, depth: int, names: list[str]) -> tuple[Any, st.SearchStrategy[Any]]:
    several = [draw(records(depth + 1, names)) for _ in range(draw(st.integers(0, 3)))]
    if len(several) > 1:
        several = [(kind, values.map(lambda value, name=kind["name"]: (name, value))) for kind, values in several]
    others = draw(st.lists(st.sampled_from([*LEAVES[:3], *LEAVES[5:10]]), unique_by=lambda pair: str(pair[0])))
    branches = draw(st.permutations(several + others)) or [LEAVES[0]]
    return [kind for kind, _ in branches], st.one_of([values for _, values in branches])


def _name(names: list[str]) -> str:
    names.append(f"vn.test.N{len(names)}")
    return names[-1]


@st.composite
def samples(draw: st.DrawFn) -> tuple[str, Any]:
    """Draw an event's schema that we take, and a value of it."""
    kind, values = draw(records(0, []))
    schema = json.dumps(kind)
    try:
        make_plan(schema)
    except InvalidSchema:
        return TREE, draw(trees)
    return schema, draw(values)


trees = st.recursive(
    st.builds(lambda label: {"label": label, "children": []}, texts),
    lambda inner: st.builds(lambda label, children: {"label": label, "children": children}, texts, st.lists(inner)),
    max_leaves=8,
)


@slow
@given(samples())
def test_both_codecs_write_the_same_bytes_and_read_each_others(sample: tuple[str, Any]) -> None:
    schema, value = sample
    ours, fallback = (compile_codec(schema, generated=generated) for generated in (True, False))
    data = ours.encode(value)
    assert data == fallback.encode(value)
    assert ours.decode(data) == fallback.decode(data) == value


@slow
@given(samples())
def test_fastavro_itself_reads_what_was_written(sample: tuple[str, Any]) -> None:
    schema, value = sample
    data = compile_codec(schema, generated=True).encode(value)
    source = io.BytesIO(data)
    found = fastavro.schemaless_reader(source, fastavro.parse_schema(json.loads(schema)), None)
    assert source.tell() == len(data)
    if not make_plan(schema).has_choices:
        assert found == value


@slow
@given(samples(), st.data())
def test_no_truncated_value_is_accepted(sample: tuple[str, Any], data: st.DataObject) -> None:
    schema, value = sample
    codec = compile_codec(schema, generated=True)
    whole = codec.encode(value)
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    if cut != whole:
        try:
            codec.decode(cut)
        except DecodeError:
            return
        raise AssertionError("a truncated value was accepted")


STRANGE = st.sampled_from(
    [None, True, 0, 2**31, 2**63, 1.5, 0.1, float("nan"), "", "a", "a\u0301", "\ud800", b"", b"abcd", [], [1], {},
     {"f0": 1}, {1: 2}, (), ("vn.test.N1", {}), date(2026, 1, 1), EPOCH, datetime(2026, 1, 1), Decimal("1.005"),  # noqa: DTZ001
     Decimal("NaN"), timedelta(1), {1}, object],
)  # fmt: skip


@slow
@given(samples(), STRANGE, st.data())
def test_both_guards_and_the_slow_walk_agree_on_a_strange_value(
    sample: tuple[str, Any], strange: Any, data: st.DataObject
) -> None:
    schema, value = sample
    changed = _with_one_changed(value, strange, data)
    found = explain(make_plan(schema), changed)
    expected = None if found is None else (found.path, found.expected)
    assert [_refusal(schema, changed, generated=generated) for generated in (True, False)] == [expected, expected]


def _refusal(schema: str, value: Any, *, generated: bool) -> tuple[str, str] | None:
    try:
        compile_codec(schema, generated=generated).encode(value)
    except Misfit as refusal:
        return refusal.path, refusal.expected
    return None


def _with_one_changed(value: Any, strange: Any, data: st.DataObject) -> Any:
    """Put ``strange`` in the place of some part of ``value``."""
    if isinstance(value, tuple):
        return (value[0], _with_one_changed(value[1], strange, data))
    if not value or not isinstance(value, dict | list) or data.draw(st.booleans()):
        return strange
    if isinstance(value, list):
        place: Any = data.draw(st.integers(0, len(value) - 1))
        return [_with_one_changed(item, strange, data) if at == place else item for at, item in enumerate(value)]
    place = data.draw(st.sampled_from(sorted(value)))
    return {key: _with_one_changed(item, strange, data) if key == place else item for key, item in value.items()}
