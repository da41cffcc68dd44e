"""Whatever bytes a file holds: nothing breaks, and every row is told or buried, once, however it is read."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import ConfigError
from connectors.file_drop import source as source_module
from connectors.file_drop.reading import Room
from connectors.sdk import Fetched
from tests.connectors.file_drop.making import HEADER, MAPPING, a_source, drop, items_of, outcomes, read_on

JUNK = st.lists(
    st.sampled_from([b"A1", b",", b"\n", b"\r\n", b"\r", b'"', b'""', b";", b"\0", b"\xff", b"\xc3\xa9", b"{", b"}",
                     b"2026-11-24T08:00:00Z", b"case,step,at", b"[", b'"case":', b"\\ud800", b" ", b"x" * 300]),
    max_size=60,
).map(b"".join)  # fmt: skip
CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all examples share."""
    return tmp_path_factory.mktemp("exports")


def facts(items: list[Fetched]) -> list[tuple[object, ...]]:
    """Return what a reader gave."""
    return [(item.raw, item.place, item.native_id, item.value, str(item.fault)) for item in items]


def read_in_steps(folder: Path, mapping: str, rows: int) -> list[Fetched]:
    """Read a few rows at a time, each by a source of its own, as after as many crashes."""
    items: list[Fetched] = []
    cursor, more = None, True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BATCH", Room(rows, 1 << 20))
        while more:
            with closing(a_source(folder, mapping)) as source:
                batch = source.fetch(cursor)
            items += batch.items
            cursor, more = batch.cursor, batch.more
    return items


@settings(max_examples=150, deadline=None)
@given(content=JUNK, rows=st.integers(1, 4))
def test_any_bytes_as_csv_are_read_the_same_whole_and_in_steps(folder: Path, content: bytes, rows: int) -> None:
    drop(folder, HEADER.encode() + content)
    with closing(a_source(folder)) as source:
        items = items_of(source)
        outcomes(source, items)
    assert facts(read_in_steps(folder, MAPPING, rows)) == facts(items)
    assert len({item.native_id for item in items}) == len(items)


@settings(max_examples=150, deadline=None)
@given(content=JUNK, rows=st.integers(1, 4))
def test_any_bytes_as_json_are_read_the_same_whole_and_in_steps(folder: Path, content: bytes, rows: int) -> None:
    mapping = MAPPING.replace("*.csv", "*.jsonl")
    drop(folder, content, "a.jsonl")
    with closing(a_source(folder, mapping)) as source:
        items = items_of(source)
        outcomes(source, items)
    assert facts(read_in_steps(folder, mapping, rows)) == facts(items)
    assert len(items) == sum(1 for line in content.split(b"\n") if line.strip())


@settings(max_examples=100, deadline=None)
@given(header=JUNK)
def test_any_bytes_as_a_header_are_refused_or_read(folder: Path, header: bytes) -> None:
    drop(folder, header)
    with closing(a_source(folder)) as source:
        try:
            read_on(source)
        except ConfigError as error:
            refused = error
        else:
            return
    assert "a.csv: " in str(refused)
    assert refused.hint


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=20), quotes_all=st.booleans())
def test_what_csv_writers_write_is_read_back_cell_by_cell(
    folder: Path, rows: list[tuple[str, str, str]], quotes_all: bool
) -> None:
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL
    csv.writer(text, quoting=quoting, lineterminator="\r\n").writerows([("case", "step", "at"), *rows])
    drop(folder, text.getvalue())
    with closing(a_source(folder)) as source:
        found = [tuple(item.value.values()) for item in items_of(source) if item.fault is None]
    assert found == [tuple(normalize("NFC", cell) for cell in row) for row in rows if any(row)]
