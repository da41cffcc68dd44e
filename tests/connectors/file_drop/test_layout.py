"""How files are written: encodings, delimiters, headers that are missing or amiss, columns that some files lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.file_drop import connector
from connectors.sdk import Connector, Sampling, Source, Watching
from tests.connectors.file_drop.making import (
    HEADER,
    MAPPING,
    ROWS,
    a_source,
    drop,
    event_of,
    events_of,
    items_of,
    outcomes,
    write_mapping,
)

TIME = "2026-11-24T08:00:00Z"


def with_files(words: str, path: str = "*.csv") -> str:
    """Return the mapping with more under ``files:``."""
    return MAPPING.replace('{path: "*.csv"}', f'{{path: "{path}", {words}}}')


@pytest.mark.parametrize(
    ("encoding", "cell", "text"),
    [
        ("windows-1258", b"\xd0a\xde nh\xe2\xf2n", "Đã nhận"),
        ("windows-1252", b"\xe9t\xe9", "été"),
        ("iso-8859-1", b"\xe9t\xe9", "été"),
        ("UTF8", "Đã nhận".encode(), "Đã nhận"),
    ],
)
def test_text_is_read_in_its_encoding_and_kept_in_nfc(tmp_path: Path, encoding: str, cell: bytes, text: str) -> None:
    content = HEADER.encode() + b"A1," + cell + f",{TIME}\n".encode()
    event = event_of(tmp_path, with_files(f"encoding: {encoding}"), content)
    assert event.payload["step"] == text


@pytest.mark.parametrize(("word", "sign"), [('";"', ";"), ("tab", "\t"), ('"|"', "|"), ('"\\t"', "\t")])
def test_cells_are_parted_by_the_delimiter(tmp_path: Path, word: str, sign: str) -> None:
    content = (HEADER + ROWS).replace(",", sign)
    drop(tmp_path, content)
    assert len(events_of(a_source(tmp_path, with_files(f"delimiter: {word}")))) == 3


def test_a_file_without_a_header_is_read_by_the_names_in_the_mapping(tmp_path: Path) -> None:
    drop(tmp_path, ROWS)
    assert len(events_of(a_source(tmp_path, with_files("columns: [case, step, at]")))) == 3


def test_titles_above_the_header_are_skipped(tmp_path: Path) -> None:
    drop(tmp_path, "REPORT\n\n" + HEADER + ROWS)
    items = items_of(a_source(tmp_path, with_files("skip_lines: 2")))
    assert [item.place for item in items][:1] == ["a.csv row 1, line 4"]
    assert len(items) == 3


def test_a_header_with_columns_twice_can_be_replaced(tmp_path: Path) -> None:
    drop(tmp_path, "case,case,at\n" + ROWS)
    assert len(events_of(a_source(tmp_path, with_files("columns: [case, step, at], skip_lines: 1")))) == 3


def test_a_column_that_some_files_lack_is_empty_there(tmp_path: Path) -> None:
    mapping = with_files("optional: [who]") + "    officer: {column: who}\n"
    drop(tmp_path, HEADER + f"A1,opened,{TIME}\n")
    drop(tmp_path, "case,step,at,who\n" + f"A1,closed,{TIME},An\n", "b.csv")
    assert [event.payload["officer"] for event in events_of(a_source(tmp_path, mapping))] == [None, "An"]


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    mapping = MAPPING + "    officer: {column: column 4}\n"
    event = event_of(tmp_path, mapping, f"case,step,at,,\nA1,opened,{TIME},An,\n")
    assert event.payload["officer"] == "An"


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json"])
def test_nested_names_of_json_are_written_with_dots(tmp_path: Path, name: str) -> None:
    mapping = MAPPING.replace("*.csv", f"*{name[1:]}").replace("column: step", "column: what.is.done")
    row = f'{{"case": 7, "what": {{"is": {{"done": true}}}}, "at": "{TIME}", "more": [{{"a": 1}}]}}\n'
    event = event_of(tmp_path, mapping, row, name)
    assert (event.key, event.payload["step"]) == ("7", "true")


def test_a_list_of_json_fills_a_list(tmp_path: Path) -> None:
    mapping = MAPPING.replace("*.csv", "*.jsonl").replace("DossierStepDone", "SupplementAsked")
    mapping = mapping.replace("step: {column: step}", "papers: {column: papers}")
    row = f'{{"case": "A1", "papers": ["a", null, "b", 1.50], "at": "{TIME}"}}\n'
    assert event_of(tmp_path, mapping, row, "a.jsonl").payload["papers"] == ["a", "b", "1.50"]


def test_several_paths_are_read_in_the_order_of_the_names(tmp_path: Path) -> None:
    mapping = MAPPING.replace('"*.csv"', '[b.csv, "*.csv"]')
    drop(tmp_path, f"{HEADER}A1,b,{TIME}\n", "b.csv")
    drop(tmp_path, f"{HEADER}A1,a,{TIME}\n", "a.csv")
    assert [event.payload["step"] for event in events_of(a_source(tmp_path, mapping))] == ["a", "b"]


def test_a_path_may_be_absolute(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    drop(tmp_path / "in")
    assert len(items_of(a_source(tmp_path, MAPPING.replace("*.csv", f"{tmp_path}/in/*.csv")))) == 3


def test_the_connector_is_what_the_ports_ask_for(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + ROWS, "elsewhere.txt")
    mapping = write_mapping(tmp_path)
    kind: Connector = connector
    (source,) = kind.open(mapping)
    assert isinstance(source, Source)
    assert isinstance(kind, Sampling)
    assert isinstance(source, Watching)
    assert (kind.name, source.name) == ("file-drop", "test")
    assert kind.summary
    sample = kind.open_sample(mapping, tmp_path / "elsewhere.txt")
    assert sample.fetch(None).items[0].place == "elsewhere.txt row 1, line 2"


def test_a_sample_whose_name_looks_like_a_pattern_is_read(tmp_path: Path) -> None:
    sample = drop(tmp_path, HEADER + ROWS, "a[1].csv")
    assert len(connector.open_sample(write_mapping(tmp_path), sample).fetch(None).items) == 3


def test_a_refused_row_hides_nothing_of_the_others(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + "A1\n" + ROWS)
    told = outcomes(a_source(tmp_path))
    assert [isinstance(one, list) for one in told] == [False, True, True, True]
