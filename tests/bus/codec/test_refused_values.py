"""Every way in which a value could be lost or changed in silence is refused, by name and place."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any
from unicodedata import normalize

import pytest

from bus.errors import Misfit
from tests.bus.codec.samples import (
    DATE,
    DECIMAL,
    ENUM,
    FIXED,
    FIXED_DECIMAL,
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
    schema_of,
)  # fmt: skip

MOMENT = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
INTS = {"type": "array", "items": "int"}
COUNTS = {"type": "map", "values": "int"}


class Word(StrEnum):
    NEW = "NEW"


class Frozen(datetime):
    """What freezegun and pandas hand out."""


class Nowhere(tzinfo):
    """A zone that does not know its offset."""

    def utcoffset(self, _moment: datetime | None) -> None:
        return None


HOSTILE: list[tuple[str, Any, Any, str]] = [
    ("a fraction in an int", "int", 5.9, "f"),
    ("a whole float in an int", "int", 5.0, "f"),
    ("true in an int", "int", True, "f"),
    ("text in an int", "int", "5", "f"),
    ("an int over 32 bits", "int", 2**31, "f"),
    ("an int under 32 bits", "int", -(2**31) - 1, "f"),
    ("a long over 64 bits", "long", 2**63, "f"),
    ("a long under 64 bits", "long", -(2**63) - 1, "f"),
    ("a fraction in a long", "long", 1.5, "f"),
    ("false in a long", "long", False, "f"),
    ("a decimal in a long", "long", Decimal(5), "f"),
    ("an int in a double", "double", 5, "f"),
    ("true in a double", "double", True, "f"),
    ("a decimal in a double", "double", Decimal("0.5"), "f"),
    ("an int in a float", "float", 5, "f"),
    ("too large a float", "float", 1e39, "f"),
    ("a float that 32 bits round", "float", 0.1, "f"),
    ("one in a boolean", "boolean", 1, "f"),
    ("text in a boolean", "boolean", "true", "f"),
    ("nothing in a boolean", "boolean", None, "f"),
    ("a value in a null", "null", 0, "f"),
    ("text in bytes", "bytes", "abc", "f"),
    ("a bytearray in bytes", "bytes", bytearray(b"abc"), "f"),
    ("bytes in a string", "string", b"abc", "f"),
    ("nothing in a string", "string", None, "f"),
    ("a number in a string", "string", 5, "f"),
    ("text that is not NFC", "string", normalize("NFD", "Huế"), "f"),
    ("a lone surrogate", "string", "a\ud800b", "f"),
    ("a text enumeration's member", "string", Word.NEW, "f"),
    ("a symbol that is not there", ENUM, "LOST", "f"),
    ("an index for a symbol", ENUM, 0, "f"),
    ("an enumeration's member for a symbol", ENUM, Word.NEW, "f"),
    ("a list for a symbol", ENUM, ["NEW"], "f"),
    ("too short a fixed", FIXED, b"abc", "f"),
    ("too long a fixed", FIXED, b"abcde", "f"),
    ("text in a fixed", FIXED, "abcd", "f"),
    ("a decimal that is not a number", DECIMAL, Decimal("NaN"), "f"),
    ("a decimal without end", DECIMAL, Decimal("Infinity"), "f"),
    ("a decimal with too many places", DECIMAL, Decimal("1.005"), "f"),
    ("a decimal with a trailing zero too many", DECIMAL, Decimal("1.500"), "f"),
    ("a decimal with too many digits", DECIMAL, Decimal("10000.00"), "f"),
    ("a decimal whose exponent makes it too large", DECIMAL, Decimal("1E+4"), "f"),
    ("a decimal with a vast exponent", DECIMAL, Decimal("1E+999999"), "f"),
    ("an int in a decimal", DECIMAL, 5, "f"),
    ("a float in a decimal", DECIMAL, 1.5, "f"),
    ("text in a decimal", DECIMAL, "1.50", "f"),
    ("too many places in a fixed decimal", FIXED_DECIMAL, Decimal("1.005"), "f"),
    ("too many digits in a fixed decimal", FIXED_DECIMAL, Decimal("10000.00"), "f"),
    ("a naive time", MILLIS, datetime(2026, 11, 24), "f"),  # noqa: DTZ001
    ("a time in a zone that does not know its offset", MILLIS, MOMENT.replace(tzinfo=Nowhere()), "f"),
    ("a microsecond in milliseconds", MILLIS, MOMENT + timedelta(microseconds=1), "f"),
    ("a microsecond in an offset", MILLIS, MOMENT.replace(tzinfo=timezone(timedelta(microseconds=1))), "f"),
    ("an int for a time", MILLIS, 1_700_000_000_000, "f"),
    ("text for a time", MILLIS, "2026-11-24T02:15:00Z", "f"),
    ("a date for a time", MILLIS, date(2026, 11, 24), "f"),
    ("a subclass of datetime", MILLIS, Frozen(2026, 11, 24, tzinfo=UTC), "f"),
    ("a naive time in microseconds", MICROS, datetime(2026, 11, 24), "f"),  # noqa: DTZ001
    ("an aware time for a local one", LOCAL_MILLIS, MOMENT, "f"),
    ("a datetime for a date", DATE, MOMENT, "f"),
    ("text for a date", DATE, "2026-11-24", "f"),
    ("a number for a date", DATE, 20_000, "f"),
    ("a microsecond in a time of day", TIME_MILLIS, time(1, 2, 3, 4), "f"),
    ("a time of day with a zone", TIME_MICROS, time(1, 2, tzinfo=UTC), "f"),
    ("text that is no uuid", UUID, "not-a-uuid", "f"),
    ("text for a uuid", UUID, "6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57", "f"),
    ("a tuple for a list", INTS, (1, 2), "f"),
    ("a set for a list", INTS, {1, 2}, "f"),
    ("text for a list", {"type": "array", "items": "string"}, "abc", "f"),
    ("a wrong item", INTS, [1, 2, "3"], "f[2]"),
    ("a list for a map", COUNTS, [("a", 1)], "f"),
    ("a number as a map's key", COUNTS, {1: 1}, "f[0]"),
    ("a map's key that is not NFC", COUNTS, {"a": 1, normalize("NFD", "ế"): 2}, "f[1]"),
    ("a wrong entry", COUNTS, {"a": 1, "b": None}, "f[1]"),
    ("a subclass of dict for a record", A, OrderedDict(x=1), "f"),
    ("an unknown field", A, {"x": 1, "y": 2}, "f.y"),
    ("another field instead", A, {"y": 1}, "f.y"),
    ("a missing field", A, {}, "f.x"),
    ("a field's wrong value", A, {"x": "1"}, "f.x"),
    ("a plain dict among records", TWO_RECORDS, {"x": 1}, "f"),
    ("a branch that is not there", TWO_RECORDS, ("vn.test.C", {"x": 1}), "f"),
    ("a branch with something behind it", TWO_RECORDS, ("vn.test.A", {"x": 1}, 2), "f"),
    ("a named branch's wrong value", TWO_RECORDS, ("vn.test.B", {"x": None}), "f.x"),
    ("a float among ints and texts", MIXED, 1.5, "f"),
    ("a number over 64 bits among others", MIXED, 2**64, "f"),
    ("a wrong item of a branch", MIXED, [1, 2.5], "f[1]"),
    ("a wrong value beside null", ["null", "int"], "1", "f"),
    ("a wrong record beside null", ["null", A], {"x": 1.5}, "f.x"),
    ("deep inside", {"type": "array", "items": {"type": "map", "values": A}}, [{}, {"k": {"x": ""}}], "f[1][0].x"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "path"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_value_that_would_be_lost_is_refused_by_its_path(compiled, kind, value, path) -> None:
    codec = compiled(schema_of(f=kind))
    with pytest.raises(Misfit) as refusal:
        codec.encode({"f": value})
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("value", "path"), [({}, "f"), ({"f": 1, "g": 2}, "g"), (None, ""), ([], ""), ({"g": 1}, "g"), ({1: 1}, "")]
)
def test_a_record_with_other_fields_is_refused(compiled, value, path) -> None:
    with pytest.raises(Misfit) as refusal:
        compiled(schema_of(f="int")).encode(value)
    assert refusal.value.path == path


def test_a_message_never_holds_the_value(compiled) -> None:
    kinds = {"f": {"type": "map", "values": "int"}, "g": "int"}
    with pytest.raises(Misfit) as refusal:
        compiled(schema_of(**kinds)).encode({"f": {"Nguyễn Văn An": "038090001234"}, "g": 1})
    assert "Nguy" not in str(refusal.value)
    assert "038" not in str(refusal.value) + str(refusal.value.__context__ or "")


@pytest.mark.parametrize(
    ("value", "words"), [({"code": "1701D"}, "its type is dict"), (5, "its type is int"), (None, "it is null")]
)
def test_a_value_of_another_type_than_text_is_told_its_type_and_nothing_of_its_form(compiled, value, words) -> None:
    with pytest.raises(Misfit) as refusal:
        compiled(schema_of(station="string")).encode({"station": value})
    assert (str(refusal.value), "NFC" in (refusal.value.hint or "")) == (f"station is not text: {words}", False)


def test_an_unknown_field_is_named_with_the_nearest_one(compiled) -> None:
    with pytest.raises(Misfit) as refusal:
        compiled(schema_of(dossierCode="string")).encode({"dosierCode": "a"})
    assert "dossierCode" in refusal.value.hint


def test_a_subclass_is_refused_with_a_hint(compiled) -> None:
    with pytest.raises(Misfit) as refusal:
        compiled(schema_of(f="string")).encode({"f": Word.NEW})
    assert "plain str" in refusal.value.hint


def test_a_tree_deeper_than_the_limit_is_refused_where_it_is_too_deep(compiled) -> None:
    codec = compiled(TREE)
    with pytest.raises(Misfit, match="nested at most 64 deep") as refusal:
        codec.encode(a_tree(5000))
    assert refusal.value.path.startswith("children[0].children[0]")


def test_a_value_over_the_limit_is_refused(compiled) -> None:
    with pytest.raises(Misfit, match="bytes long"):
        compiled(schema_of(f="bytes")).encode({"f": bytes(1024 * 1024)})
