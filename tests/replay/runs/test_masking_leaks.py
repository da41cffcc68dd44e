"""Every kind of tagged field, each with a value that stands nowhere else: none of it is found after masking."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from replay.runs.masking import Masking
from replay.runs.plan import Mask
from tests.bus.codec.samples import DATE, LOCAL_MICROS, MICROS, MILLIS, TIME_MILLIS, UUID, logical
from tests.replay.runs.masked import SECRET, a_record, a_wire, masked, shown, value_of

OPEN_UNDER_PERSONAL = ("ID:dossier", "ID:payment", "ID:parcel")
TAGS = ("PERSONAL", "SENSITIVE", "SECRET", "ID:citizen", "ID:business", *OPEN_UNDER_PERSONAL)
CODE = {
    "type": "record", "name": "vn.test.Code",
    "fields": [{"name": "code", "type": "string"}, {"name": "codeSystem", "type": "string"},
               {"name": "validAt", "type": ["null", DATE]}],
}  # fmt: skip
PERSON = {
    "type": "record", "name": "vn.test.Person",
    "fields": [
        {"name": "name", "type": ["null", "string"], "confluent:tags": ["PERSONAL"]},
        {"name": "number", "type": ["null", "vn.test.Code"], "confluent:tags": ["PERSONAL", "ID:citizen"]},
        {"name": "role", "type": "string"},
        {"name": "spouse", "type": ["null", "vn.test.Person"]},
        {"name": "children", "type": {"type": "array", "items": "vn.test.Person"}},
        {"name": "contacts", "type": {"type": "map", "values": "vn.test.Person"}},
    ],
}  # fmt: skip
MONEY = logical("bytes", "decimal", precision=18, scale=2)
FIXED = {"type": "fixed", "name": "vn.test.Print", "size": 16}
FIXED_MONEY = {"type": "fixed", "name": "vn.test.Money", "size": 8, **logical("fixed", "decimal", precision=14)}
SEX = {"type": "enum", "name": "vn.test.Sex", "symbols": ["UNKNOWN", "UNUSUALSYMBOL"]}


class Sentinels:
    """Draws values that stand nowhere else, and remembers them by the tag that hides them."""

    def __init__(self) -> None:
        self.drawn: dict[str, list[bytes]] = {}
        self._count = 0

    def text(self, tag: str) -> str:
        self._count += 1
        return self._kept(tag, f"Bí mật số {self._count:03}")

    def number(self, tag: str) -> int:
        self._count += 1
        return int(self._kept(tag, str(38_090_001_000 + self._count)))

    def raw(self, tag: str) -> bytes:
        self._count += 1
        found = uuid.uuid5(uuid.NAMESPACE_DNS, str(self._count)).bytes
        self.drawn.setdefault(tag, []).append(found)
        return found

    def uuid(self, tag: str) -> uuid.UUID:
        return uuid.UUID(self._kept(tag, str(uuid.UUID(bytes=self.raw(tag)))))

    def _kept(self, tag: str, text: str) -> str:
        self.drawn.setdefault(tag, []).append(text.encode())
        return text


def kinds(tag: str, draw: Sentinels) -> Iterator[tuple[Any, Any]]:
    """Yield types with a value each; named types are those that stand before in the schema."""
    code = {"code": draw.text(tag), "codeSystem": draw.text(tag), "validAt": date(2026, 1, 1)}
    yield "string", draw.text(tag)
    yield ["null", "string"], draw.text(tag)
    yield "bytes", draw.raw(tag)
    yield "vn.test.Print", draw.raw(tag)
    yield "long", draw.number(tag)
    yield ["null", "long"], draw.number(tag)
    yield ["string", "long"], draw.number(tag)
    yield MONEY, Decimal(draw.number(tag)).scaleb(-2)
    yield "vn.test.Money", Decimal(draw.number(tag))
    yield UUID, draw.uuid(tag)
    yield "vn.test.Sex", "UNUSUALSYMBOL"
    yield {"type": "array", "items": "string"}, [draw.text(tag), draw.text(tag)]
    yield ["null", {"type": "array", "items": "string"}], [draw.text(tag)]
    yield {"type": "map", "values": "string"}, {draw.text(tag): draw.text(tag)}
    yield {"type": "array", "items": {"type": "map", "values": ["null", "bytes"]}}, [{draw.text(tag): draw.raw(tag)}]
    yield "vn.test.Code", code
    yield ["null", "vn.test.Code"], code
    yield "vn.test.Person", a_person(draw, tag, depth=2)
    yield ["null", "vn.test.Person"], a_person(draw, tag, depth=1)
    yield "double", 38090.001234
    yield "float", 1.5
    yield "boolean", True
    yield "int", 38090
    yield DATE, date(1990, 5, 17)
    yield from ((kind, datetime(1990, 5, 17, tzinfo=UTC)) for kind in (MILLIS, MICROS))
    yield LOCAL_MICROS, datetime(1990, 5, 17)  # noqa: DTZ001
    yield TIME_MILLIS, time(5, 17)


def a_person(draw: Sentinels, tag: str, depth: int, own: str | None = None) -> dict[str, Any]:
    """Draw a person; ``own`` are the tags of names and numbers where the person as a whole has none."""
    within = [a_person(draw, tag, depth - 1, own) for _ in range(3)] if depth else []
    return {
        "name": draw.text(own or tag),
        "number": {"code": draw.text(own or tag), "codeSystem": draw.text(own or tag), "validAt": None},
        "role": "chủ hồ sơ" if own else draw.text(tag),
        "spouse": within[0] if within else None, "children": within[1:2],
        "contacts": {"nhà" if own else draw.text(tag): within[2]} if within else {},
    }  # fmt: skip


def everything() -> tuple[str, dict[str, Any], Sentinels]:
    """Return a schema in which every kind of field stands once under every tag, a value of it, and what is tagged."""
    draw = Sentinels()
    fields: list[dict[str, Any]] = [
        {"name": f"n{number}", "type": kind} for number, kind in enumerate((CODE, PERSON, FIXED, FIXED_MONEY, SEX))
    ]
    open_code = {"code": "open", "codeSystem": "open", "validAt": None}
    value: dict[str, Any] = {"n0": open_code, "n1": a_person(draw, "PERSONAL", 2, own="PERSONAL"), "n2": bytes(16),
                             "n3": Decimal(7), "n4": "UNKNOWN"}  # fmt: skip
    for tag in TAGS:
        for number, (kind, found) in enumerate(kinds(tag, draw)):
            name = f"{tag.replace(':', '_')}_{number}"
            fields.append({"name": name, "type": kind, "confluent:tags": [tag]})
            value[name] = found
    fields.append({"name": "last", "type": "string"})
    schema = {"type": "record", "name": "vn.test.DossierRated", "fields": fields}
    return json.dumps(schema), value | {"last": "stays"}, draw


SCHEMA, VALUE, DRAWN = everything()


def hidden_under(mask: Mask) -> set[bytes]:
    tags = [tag for tag in TAGS if mask == "all" or tag not in OPEN_UNDER_PERSONAL]
    return {b"UNUSUALSYMBOL"} | {one for tag in tags for one in DRAWN.drawn[tag]}


def test_the_search_finds_all_where_nothing_is_masked() -> None:
    texts = {one for one in hidden_under("all") if one.startswith("Bí mật".encode())}
    assert len(texts) > 200
    assert shown(a_record(SCHEMA, VALUE), texts) == texts


@pytest.mark.parametrize("mask", ["all", "personal"])
def test_no_tagged_value_is_left_in_a_masked_value(mask: Mask) -> None:
    found = masked(a_record(SCHEMA, VALUE), SCHEMA, mask=mask)
    assert shown(found, hidden_under(mask)) == set()
    assert value_of(found, SCHEMA)["last"] == "stays"


def test_what_personal_leaves_is_left_as_it_was() -> None:
    found = value_of(masked(a_record(SCHEMA, VALUE), SCHEMA, mask="personal"), SCHEMA)
    left = {name: one for name, one in VALUE.items() if name.startswith(("ID_dossier", "ID_payment", "ID_parcel"))}
    persons = {name for name, one in left.items() if isinstance(one, dict) and "spouse" in one}
    assert {name: found[name] for name in left.keys() - persons} == {name: left[name] for name in left.keys() - persons}
    assert {found[name]["role"] for name in persons} == {left[name]["role"] for name in persons}


@pytest.fixture(scope="module")
def maskings() -> Iterator[dict[Mask, Masking]]:
    masks: tuple[Mask, ...] = ("all", "personal")
    with a_wire(SCHEMA) as wire:
        yield {mask: Masking(wire, mask, SECRET) for mask in masks}


def forms(one: bytes) -> list[bytes]:
    """Return ways to write a value into a header."""
    plain = [one, b"urn:" + one + b"#1", one.hex().encode(), base64.urlsafe_b64encode(one).rstrip(b"=")]
    return plain + [b"/s/" + base64.b64encode(b"x" * shift + one + b"yz") for shift in range(3)]


PLACES = (
    "ce_subject", "ce_correlationid", "ce_source", "ce_agency", "ce_dataschema", "ce_type", "content-type",
    "ce_specversion", "ce_id", "ce_causationid", "ce_time", "traceparent", "lt_replay_origin", "x-officer",
)  # fmt: skip


@pytest.mark.parametrize("mask", ["all", "personal"])
def test_no_tagged_value_is_left_in_a_header_in_whatever_form(mask: Mask, maskings: dict[Mask, Masking]) -> None:
    for one in sorted(hidden_under(mask))[::5]:
        extra = [(place, text) for place in PLACES for text in forms(one)]
        assert shown(maskings[mask](a_record(SCHEMA, VALUE, extra=extra)), [one]) == set()


@pytest.mark.parametrize("mask", ["all", "personal"])
def test_no_tagged_value_is_left_in_a_key_in_whatever_form(mask: Mask, maskings: dict[Mask, Masking]) -> None:
    for one in sorted(hidden_under(mask))[::17]:
        for text in forms(one):
            assert shown(maskings[mask](a_record(SCHEMA, VALUE, key=text)), [one]) == set()


def test_a_hidden_number_in_the_shape_of_an_id_takes_the_header_with_it(maskings: dict[Mask, Masking]) -> None:
    digits = next(one for one in DRAWN.drawn["ID:citizen"] if one.isdigit())
    extra = [
        ("ce_causationid", b"6f1c9a34-7c3b-5d0e-9a55-0" + digits),
        ("traceparent", b"00-" + b"0" * 21 + digits + b"-00f067aa0ba902b7-01"),
    ]
    assert shown(maskings["all"](a_record(SCHEMA, VALUE, extra=extra)), [digits]) == set()
