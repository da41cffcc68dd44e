"""Keys, headers, pseudonyms, and what a mask refuses."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bus.codec import compile_codec
from bus.errors import ContractError
from bus.records import Header, Record
from bus.replays import is_marked, marks
from replay.runs.masking import Masking
from replay.runs.plan import Mask
from replay.runs.pseudonyms import Pseudonyms
from schemas.catalogue import load
from tests.replay.runs.masked import HEADERS, ID, SECRET, a_record, a_wire, masked, value_of

KEY = b"H56.14-261124-0001"
PSEUDONYM = re.compile(rb"~[a-z2-7]{16}")


def field(name: str, kind: Any = "string", *tags: str) -> dict[str, Any]:
    return {"name": name, "type": kind, **({"confluent:tags": list(tags)} if tags else {})}


SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "vn.test.DossierRated",
        "fields": [field("dossier", "string", "ID:dossier"), field("name", "string", "PERSONAL"), field("open")],
    }
)
VALUE = {"dossier": KEY.decode(), "name": "Nguyễn Văn An", "open": "stays"}


def headers_of(*extra: Header, mask: Mask = "all", **facts: Any) -> dict[str, bytes | None]:
    return dict(masked(a_record(SCHEMA, VALUE, extra=extra, **facts), SCHEMA, mask=mask).headers)


# -- the record -----------------------------------------------------------------------------------------


def test_a_masked_record_stands_where_it_stood() -> None:
    before = a_record(SCHEMA, VALUE)
    assert masked(before, SCHEMA).place == before.place


def test_equal_texts_have_one_pseudonym_in_value_key_and_headers() -> None:
    found = masked(a_record(SCHEMA, VALUE), SCHEMA)
    names = {found.key, found.header("ce_subject"), found.header("ce_correlationid")}
    assert names == {value_of(found, SCHEMA)["dossier"].encode()}
    assert PSEUDONYM.fullmatch(found.key or b"")


def test_a_tombstone_stays_one_and_its_key_is_hidden() -> None:
    found = masked(a_record(SCHEMA, VALUE, value=None), SCHEMA)
    assert (found.value, found.key != KEY) == (None, True)


def test_a_record_without_a_key_has_none_after() -> None:
    assert masked(a_record(SCHEMA, VALUE, key=None), SCHEMA).key is None


def test_a_key_that_is_no_text_has_a_pseudonym() -> None:
    assert PSEUDONYM.fullmatch(masked(a_record(SCHEMA, VALUE, key=b"\xff\xfe"), SCHEMA).key or b"")


FRAME = b"\0\0\0\0\1"


@pytest.mark.parametrize(
    "value",
    [b"", b"\0\0\0\0", b"\1\0\0\0\1\0\0\0", b"\0\0\0\0\x09\0\0\0", FRAME, FRAME + b"\x04ab\x02", FRAME + bytes(4)],
)
def test_what_cannot_be_read_is_refused_with_its_place(value: bytes) -> None:
    with pytest.raises(ContractError, match=r"^dossier\.events/1/7: "):
        masked(a_record(SCHEMA, VALUE, value=value), SCHEMA)


def test_a_refusal_tells_nothing_of_the_record() -> None:
    data = a_record(SCHEMA, VALUE).value or b""
    with pytest.raises(ContractError) as refusal:
        masked(a_record(SCHEMA, VALUE, value=data + b"x"), SCHEMA)
    assert not any(text in str(refusal.value) for text in ("Nguy", "H56", "stays"))


def test_what_was_not_tagged_when_it_was_written_is_hidden_as_today() -> None:
    newest = json.loads(load().event("DossierRated").schema)
    for one in newest["fields"]:
        one.pop("confluent:tags", None)
    schema = json.dumps(newest)
    code = {"code": "a very secret code", "codeSystem": "s", "validAt": None}
    value = dict.fromkeys((one["name"] for one in newest["fields"]), None) | {
        "dossierCode": code, "rating": {**code, "code": "5"},
    }  # fmt: skip
    found = value_of(masked(a_record(schema, value), schema), schema)
    assert (found["dossierCode"]["codeSystem"], found["rating"]["code"]) == ("***", "5")


def test_values_of_many_schemas_are_masked_each_by_its_own() -> None:
    other = SCHEMA.replace('"open"', '"other"')
    with a_wire(SCHEMA, other) as wire:
        masking = Masking(wire, "all", SECRET)
        found = [
            masking(a_record(SCHEMA, VALUE)),
            masking(a_record(other, {"dossier": "", "name": "", "other": "kept"}, schema_id=2)),
        ]
    assert (value_of(found[0], SCHEMA)["open"], value_of(found[1], other)["other"]) == ("stays", "kept")


# -- names ----------------------------------------------------------------------------------------------


def test_the_key_of_a_dossier_stays_under_personal() -> None:
    found = masked(a_record(SCHEMA, VALUE), SCHEMA, mask="personal")
    assert (found.key, found.header("ce_subject"), found.header("ce_correlationid")) == (KEY, KEY, KEY)


def test_the_key_of_a_business_is_hidden_under_personal() -> None:
    found = masked(a_record(SCHEMA, VALUE, topic="business.events"), SCHEMA, mask="personal")
    assert {found.key, found.header("ce_subject"), found.header("ce_correlationid")} & {KEY} == set()


def test_the_key_of_a_topic_that_nobody_knows_is_hidden_under_personal() -> None:
    assert masked(a_record(SCHEMA, VALUE, topic="unknown.events"), SCHEMA, mask="personal").key != KEY


@pytest.mark.parametrize("key", ["Nguyễn Văn An", "x-Nguyễn Văn An-1", "Tmd1eeG7hW4gVsSDbiBBbg=="])
def test_a_key_that_shows_what_is_hidden_is_hidden_under_personal(key: str) -> None:
    assert PSEUDONYM.fullmatch(masked(a_record(SCHEMA, VALUE, key=key.encode()), SCHEMA, mask="personal").key or b"")


def test_a_short_key_that_is_what_is_hidden_is_hidden_under_personal() -> None:
    found = masked(a_record(SCHEMA, VALUE | {"name": "An"}, key=b"An"), SCHEMA, mask="personal")
    assert PSEUDONYM.fullmatch(found.key or b"")


# -- headers --------------------------------------------------------------------------------------------

KEPT: list[Header] = [
    ("ce_causationid", ID.encode()), ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("ce_agency", b"H56.14"), ("ce_dataschema", b"http://registry/schemas/ids/5"),
    ("ce_time", b"2026-11-24T09:15:00+07:00"),
]  # fmt: skip


@pytest.mark.parametrize("header", [*KEPT, *(one for one in HEADERS if one[1] != KEY)])
def test_a_header_that_is_known_to_be_safe_stays(header: Header) -> None:
    assert headers_of(header)[header[0]] == header[1]


DROPPED: list[Header] = [
    ("ce_causationid", b"Nguyen Van An"), ("ce_causationid", ID.encode() + b" An"), ("traceparent", b"An"),
    ("x-officer", b"An"), ("lt_error_class", b"An"), ("ce_data", b"An"), ("CE_ID", ID.encode()), ("ce_agency", None),
    ("", b"An"),
]  # fmt: skip


@pytest.mark.parametrize("header", DROPPED)
def test_any_other_header_is_dropped(header: Header) -> None:
    found = masked(a_record(SCHEMA, VALUE, extra=[header]), SCHEMA)
    assert [name for name, _ in found.headers] == [name for name, _ in HEADERS]


@pytest.mark.parametrize("moment", [b"24/11/2026", b"2026-11-24", b"2026-13-24T02:15:00Z", b"2026-11-24T02:15:00",
                                    b"2026-11-24T02:15:00.038090001234Z", b"2026-11-24T02:15:00Z An", b""])  # fmt: skip
def test_a_time_that_is_none_is_dropped(moment: bytes) -> None:
    headers = tuple(one for one in HEADERS if one[0] != "ce_time")
    assert "ce_time" not in headers_of(headers=(*headers, ("ce_time", moment)))


def test_marks_of_an_earlier_replay_are_dropped() -> None:
    old = marks(b"0" * 16, b"2026-11-24T02:15:00.000Z", a_record(SCHEMA, VALUE))
    found = masked(a_record(SCHEMA, VALUE, extra=old), SCHEMA)
    assert not is_marked(found)


@pytest.mark.parametrize(
    "said",
    ["Nguyễn Văn An", "urn:x:Nguyễn Văn An", "Nguyê\u0303n Văn An", "Tmd1eeG7hW4gVsSDbiBBbg",
     "/s/Nguy%E1%BB%85n%20V%C4%83n%20An", "4e677579e1bb856e2056c4836e20416e"],
)  # fmt: skip
def test_a_header_that_shows_what_is_hidden_says_nothing(said: str) -> None:
    assert headers_of(("ce_agency", said.encode()))["ce_agency"] == b"***"


def test_a_type_that_the_schema_names_stays_whatever_is_hidden() -> None:
    found = masked(a_record(SCHEMA, VALUE | {"name": "Rated"}, extra=[("ce_source", b"Rated")]), SCHEMA)
    assert (found.header("ce_type"), found.header("ce_source")) == (b"DossierRated", b"***")


def test_a_short_hidden_text_takes_no_id_with_it() -> None:
    found = masked(a_record(SCHEMA, VALUE | {"name": ID[:4]}), SCHEMA)
    assert found.header("ce_id") == ID.encode()


# -- pseudonyms -----------------------------------------------------------------------------------------


def test_a_text_has_the_same_pseudonym_under_one_secret_alone() -> None:
    assert Pseudonyms(SECRET)[b"An"] == Pseudonyms(SECRET)[b"An"] != Pseudonyms(b"another")[b"An"]


def test_spellings_that_are_one_text_have_one_pseudonym() -> None:
    names = Pseudonyms(SECRET)
    assert names["Nguyễn".encode()] == names["Nguyê\u0303n".encode()]


def test_pseudonyms_are_kept_within_bounds_and_stay_the_same() -> None:
    names = Pseudonyms(SECRET)
    first = names[b"0"]
    for number in range(40_000):
        names[str(number).encode()]
    names[b"l" * 1000]
    assert (len(names) < 20_000, names[b"0"], b"l" * 1000 in names) == (True, first, False)


def test_the_codec_reads_a_masked_value_and_writes_the_same_bytes() -> None:
    found: Record = masked(a_record(SCHEMA, VALUE), SCHEMA)
    assert compile_codec(SCHEMA).encode(value_of(found, SCHEMA), (found.value or b"")[:5]) == found.value
