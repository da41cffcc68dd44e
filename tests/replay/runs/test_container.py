"""Containers beside what others make of them: fastavro reads them, and writes the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.records import Record
from bus.replays import marks
from replay.runs.targets.container import BLOCK_BYTES, Container, Encoder
from replay.runs.targets.layout import SCHEMA, record_bytes
from tests.contracts.history import BEGAN, RUN, a_header, a_record, history, odd_records
from tests.replay.runs.drawn import RECORDS
from tests.replay.runs.reading import with_fastavro

PARSED = fastavro.parse_schema(SCHEMA)
MARKS = (RUN.encode(), BEGAN.encode())


def written(file: Path, records: Sequence[Record], codec: str = "null") -> Path:
    """Write a container in one go."""
    target = Container(file, codec)
    target.begin(a_header(len(records)), None)
    if records:
        target.take(records)
    target.settle()
    target.finish()
    return file


def as_fastavro_takes_it(record: Record) -> dict[str, Any]:
    """Return a record with its marks as a dict; times as numbers."""
    headers = (*record.headers, *marks(*MARKS, record))
    return {
        "topic": record.topic, "partition": record.partition, "offset": record.offset, "timestamp": record.timestamp,
        "key": record.key, "value": record.value,
        "headers": [{"name": name, "value": value} for name, value in headers],
    }  # fmt: skip


def by_fastavro(record: Record) -> bytes:
    """Return the bytes that fastavro writes for a record."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, PARSED, as_fastavro_takes_it(record))
    return stream.getvalue()


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RECORDS, max_size=4))
def test_every_record_is_written_as_fastavro_writes_it(records: list[Record]) -> None:
    expected = b"".join(map(by_fastavro, records))
    assert b"".join(record_bytes(record, *MARKS) for record in records) == expected
    assert Encoder(*MARKS).encode(records) == expected


def test_many_headers_are_written_as_fastavro_writes_them() -> None:
    record = a_record(1, headers=tuple((f"h{number}", b"v") for number in range(9000)))
    assert Encoder(*MARKS).encode([record]) == by_fastavro(record)


def test_ever_new_names_are_written_as_fastavro_writes_them() -> None:
    records = [a_record(offset, headers=((f"h{offset}", b"v"),)) for offset in range(500)]
    assert Encoder(*MARKS).encode(records) == b"".join(map(by_fastavro, records))


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_the_head_says_what_the_file_is(tmp_path: Path, codec: str) -> None:
    with written(tmp_path / "run.avro", history(3), codec).open("rb") as stream:
        told = fastavro.reader(stream).metadata
    schemas = json.loads(told["lienthong.schemas"])
    assert (told["avro.codec"], told["lienthong.run"], told["lienthong.began"]) == (codec, RUN, BEGAN)
    assert told["lienthong.plan"] == a_header(0).digest
    assert {int(number): text for number, text in schemas.items()} == a_header(0).schemas


def test_who_has_no_registry_reads_every_value_by_the_file_alone(tmp_path: Path) -> None:
    with written(tmp_path / "run.avro", history(4)).open("rb") as stream:
        reader = fastavro.reader(stream)
        schemas = json.loads(reader.metadata["lienthong.schemas"])
        values = [value_by(schemas, found["value"]) for found in reader if isinstance(found, dict)]
    assert [one.get("comment") for one in values] == ["Rất hài lòng, lần 0", None, "Rất hài lòng, lần 2", None]


def value_by(schemas: dict[str, str], value: bytes) -> dict[str, Any]:
    """Return what a framed value says, by the schemas of the file's head."""
    schema = fastavro.parse_schema(json.loads(schemas[str(int.from_bytes(value[1:5], "big"))]))
    found = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
    assert isinstance(found, dict)
    return found


def test_the_schema_is_told_in_both_languages() -> None:
    assert list(undocumented(SCHEMA)) == []


def undocumented(node: Any) -> list[str]:
    """Return what has no text in both languages."""
    if isinstance(node, list):
        return [name for one in node for name in undocumented(one)]
    if not isinstance(node, dict):
        return []
    needs = "name" in node
    vietnamese, slash, english = node.get("doc", "").partition(" / ")
    missing = [node["name"]] if needs and not (vietnamese and slash and english) else []
    return missing + [name for part in ("fields", "items", "type") for name in undocumented(node.get(part))]


def test_a_file_of_few_records_is_one_block_and_a_file_of_many_has_more(tmp_path: Path) -> None:
    big = [a_record(offset, value=bytes(BLOCK_BYTES)) for offset in range(600)]
    counts = [blocks(written(tmp_path / str(len(some)), some)) for some in ([], history(9), big)]
    assert [sum(one) for one in counts] == [0, 9, 600]
    assert [len(one) for one in counts] == [0, 1, 3]


def blocks(file: Path) -> list[int]:
    """Return how many records each block has."""
    with file.open("rb") as stream:
        return [block.num_records for block in fastavro.block_reader(stream)]


def test_deflate_makes_it_smaller(tmp_path: Path) -> None:
    plain, deflated = (written(tmp_path / codec, history(2000), codec) for codec in ("null", "deflate"))
    assert deflated.stat().st_size * 3 < plain.stat().st_size


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_an_interrupted_file_has_the_records_of_one_that_was_not(tmp_path: Path, codec: str) -> None:
    records = [*history(700), *odd_records().values()]
    target = Container(tmp_path / "interrupted", codec)
    target.begin(a_header(len(records)), None)
    target.take(records[:300])
    mark = target.settle().mark
    target.take(records[300:650])
    target.close()
    target = Container(tmp_path / "interrupted", codec)
    target.begin(a_header(len(records)), mark)
    target.take(records[300:])
    target.settle()
    target.finish()
    whole = with_fastavro(written(tmp_path / "whole", records, codec))
    assert with_fastavro(tmp_path / "interrupted") == whole


def test_settled_at_the_same_records_it_has_the_same_bytes(tmp_path: Path) -> None:
    """Nothing is drawn, and no clock is asked."""
    first, second = (written(tmp_path / name, history(50), "deflate") for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
