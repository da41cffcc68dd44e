"""What a line tells, and what it tells where the event's own keys are not enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from bus.cli.plain import plain_event
from bus.envelope import Envelope, to_headers
from bus.records import Record
from bus.wire import Wire
from replay.runs.targets.lines import Lines, line
from tests.contracts.history import BEGAN, NOON, RUN, UNREADABLE, a_header, a_record, a_wire, an_event, history
from tests.contracts.target import Arrived, marks_of
from tests.replay.runs.drawn import EVENTS, RECORDS
from tests.replay.runs.reading import from_line

MEASURED = {
    "type": "record", "name": "RiverMeasured", "namespace": "vn.lienthong.water",
    "fields": [{"name": "levels", "type": {"type": "array", "items": "double"}}],
}  # fmt: skip


def told(wire: Wire, record: Record) -> dict[str, Any]:
    """Return what a record's line tells."""
    return line(wire, RUN.encode(), BEGAN.encode(), record)


def test_an_event_is_told_with_the_keys_that_every_command_uses(wire: Wire) -> None:
    record = a_record(0)
    assert told(wire, record) == {
        "replay": {"run": RUN, "origin": "dossier.events/0/0", "time": BEGAN},
        "topic": "dossier.events", "partition": 0, "offset": 0, "accepted": "2026-11-24T05:00:00.000Z",
        **plain_event(an_event(0)),
        "schema": 1, "headers": [],
    }  # fmt: skip


def test_lines_are_for_people_too(wire: Wire, tmp_path: Path) -> None:
    lines = written(tmp_path / "run.jsonl", wire, history(2))
    assert "Rất hài lòng, lần 0" in lines[0]
    assert lines[0].startswith('{"replay":{"run":"0123456789abcdef","origin":"dossier.events/0/0",')


def written(file: Path, wire: Wire, records: list[Record]) -> list[str]:
    """Write a whole file, and return its lines."""
    target = Lines(file, wire)
    target.begin(a_header(len(records)), None)
    target.take(records)
    target.settle()
    target.finish()
    return file.read_text("utf-8").splitlines()


def test_a_line_break_in_an_event_breaks_no_line(wire: Wire, tmp_path: Path) -> None:
    payload = {**an_event(0).payload, "comment": "một\nhai\r\nba\u2028bốn\x85năm"}
    value = wire.codec(1).encode(payload, b"\x00\x00\x00\x00\x01")
    written(tmp_path / "run.jsonl", wire, [a_record(0, value=value)])
    [only] = (tmp_path / "run.jsonl").read_bytes().splitlines()
    assert json.loads(only)["payload"]["comment"] == payload["comment"]


def test_a_tombstone_has_its_key_and_no_payload(wire: Wire) -> None:
    found = told(wire, a_record(0, value=None, headers=(("x", b"1"),)))
    assert (found["key"], found["payload"], found["headers"]) == ("H56.14-261124-0000", None, [["x", "1"]])
    assert "unreadable" not in found


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (UNREADABLE, "LT-E2102"),
        (b"", "LT-E2102"),
        (b"\x00\x00\x00\x00\x01\xff", "LT-E2102"),
        (b"\x00\x00\x00\x00\x09", "LT-E2301"),
    ],
)
def test_what_nobody_can_read_is_told_in_base64_with_the_reason(wire: Wire, value: bytes, code: str) -> None:
    found = told(wire, a_record(0, value=value, key=b"\xff"))
    assert (found["unreadable"], found["payload"], found["key"], found["key_base64"]) == (code, None, None, "/w==")
    assert found["headers"] == [[name, (content or b"").decode()] for name, content in a_record(0).headers]


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"another than ce_subject"},
        {"headers": a_record(0).headers[::-1]},
        {"headers": (("ce_specversion", b"1.1"), *a_record(0).headers[1:])},
        {"headers": (*a_record(0).headers, ("ce_time", b"2026-11-24T12:00:00.123456+07:00"))},
    ],
)
def test_an_event_that_is_not_as_we_write_them_is_told_with_all_its_headers(wire: Wire, change: dict[str, Any]) -> None:
    record = a_record(0, **change)
    found = told(wire, record)
    assert found["headers"] == [[name, (value or b"").decode()] for name, value in record.headers]
    assert (found["key"], found["type"]) == ((record.key or b"").decode(), "DossierRated")


def test_headers_that_are_not_the_events_are_told_in_their_order(wire: Wire) -> None:
    extra = (("x-a", b"1"), ("x-none", None), ("x-a", b"2"), ("x-bytes", b"\xff"))
    event = an_event(0)
    own = to_headers(Envelope(**{**facts(event), "traceparent": "00-1-2-01", "data_schema": "urn:1", "extra": extra}))
    assert told(wire, a_record(0, headers=own))["headers"] == [
        ["ce_dataschema", "urn:1"], ["traceparent", "00-1-2-01"],
        ["x-a", "1"], ["x-none", None], ["x-a", "2"], ["x-bytes", {"base64": "/w=="}],
    ]  # fmt: skip


def facts(event: Envelope) -> dict[str, Any]:
    """Return an event's fields."""
    return {name: getattr(event, name) for name in Envelope.__struct_fields__}


@pytest.mark.parametrize(("levels", "is_told"), [([1.5, -0.1], True), ([1.5, float("nan")], False),
                                                 ([float("-inf")], False)])  # fmt: skip
def test_a_number_that_json_cannot_hold_is_not_told_as_null(wire: Wire, levels: list[float], is_told: bool) -> None:
    schema_id = wire.registry.register("water.events-vn.lienthong.water.RiverMeasured", json.dumps(MEASURED)).schema_id
    event = Envelope(
        id=UUID(int=1), type="RiverMeasured", source="gauge", key="k", time=NOON, payload={"levels": levels}
    )
    value = wire.codec(schema_id).encode(event.payload, b"\x00" + schema_id.to_bytes(4, "big"))
    found = told(wire, a_record(0, key=b"k", value=value, headers=to_headers(event)))
    assert ("payload" in found and found["payload"] == {"levels": levels}) == is_told
    assert ("value_base64" in found, found.get("unreadable")) == (not is_told, None if is_told else "LT-E2101")


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(EVENTS | RECORDS)
def test_every_record_can_be_made_anew_from_its_line(record: Record) -> None:
    with a_wire() as wire:
        found = from_line(json.loads(msgspec.json.encode(told(wire, record))), wire)
    assert found == Arrived(
        topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp,
        key=record.key, value=record.value, headers=record.headers, marks=marks_of(record),
    )  # fmt: skip
