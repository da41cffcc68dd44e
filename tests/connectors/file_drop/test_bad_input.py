"""Bad input gets a clear error with its place and a hint; the good rows around it pass; nothing is lost."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from bus.errors import ConfigError, Unreadable
from connectors.file_drop.lines import MAX_ROW_BYTES
from tests.connectors.file_drop.making import HEADER, MAPPING, Walk, a_source, drop, items_of

TIME = "2026-11-24T08:00:00Z"
GOOD = f"A1,opened,{TIME}\n".encode()
LAST = f"A2,closed,{TIME}\n".encode()
JSON = MAPPING.replace("*.csv", "*.jsonl")


def a_json_row(case: str) -> bytes:
    """Return a good line of JSON."""
    return json.dumps({"case": case, "step": "opened", "at": TIME}).encode() + b"\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"A3,too,many,cells\n", "the row has 4 cells, the header 3"),
        (b"A3\n", "the row has 1 cells, the header 3"),
        (b'A3,"open,2026\n', "a quote opens and does not close"),
        (b'A3,"a"b,2026\n', "a quote stands in the middle of a cell"),
        (b"A3,a\rb,2026\n", "a line end (CR) stands within the row"),
        (b"A3,\xff,2026\n", "byte 4 of the row is not utf-8"),
        (b"A3,\0,2026\n", "the row holds a NUL byte"),
        (b"A3,\xed\xa0\x80,2026\n", "byte 4 of the row is not utf-8"),
        (b"A3," + b"x" * (MAX_ROW_BYTES + 1) + b",2026\n", "over the limit of 524288"),
        (b"case,step,at\n", "the header stands here again"),
        (b"A3,opened,yesterday\n", "column `at` is not a time of format `iso`"),
        (b"A3,opened,2026-11-24 08:00\n", "column `at` is a time without an offset"),
        (f",opened,{TIME}\n".encode(), "`key:` is empty: nothing stands in column `case`"),
        (f"A3,,{TIME}\n".encode(), "`step` of DossierStepDone is empty: nothing stands in column `step`"),
        (("x" * 1001 + f",opened,{TIME}\n").encode(), "`key:` is longer than 1000 characters"),
    ],
)  # fmt: skip
def test_a_bad_row_of_csv_is_buried_with_its_place_and_the_rows_around_it_pass(
    tmp_path: Path, walk: Walk, row: bytes, message: str
) -> None:
    drop(tmp_path, HEADER.encode() + GOOD + row + LAST)
    books = walk.run(a_source(tmp_path))
    assert books.counts() == {"rows": 3, "published": 2, "deduplicated": 0, "dead_lettered": 1}
    assert walk.steps() == [("A1", "opened"), ("A2", "closed")]
    (letter,) = walk.letters()
    assert letter.origin == "a.csv row 2, line 3"
    assert message in letter.reason
    assert "Next: " in letter.reason
    assert (letter.record.value or b"") in row


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b'{"case": "A3", "step": \n', "the line is not JSON: Expecting value at character 24"),
        (b"[1, 2]\n", "the line is not a JSON object"),
        (b"[" * 3000 + b"\n", "the JSON is nested deeper than 32"),
        (b'{"a": ' * 40 + b"1" + b"}" * 40 + b"\n", "the JSON is nested deeper than 32"),
        (b'{"case": "\\ud800", "step": "x"}\n', "a lone surrogate"),
        (b'{"case": "\\u0000", "step": "x"}\n', "a NUL character"),
        (b'{"case": "A3", "case": "A4"}\n', "a name stands twice"),
        (b'{"a": {"b": 1}, "a.b": 2}\n', "a nested name stands twice"),
        (b'{"case": "\xff"}\n', "byte 11 of the row is not utf-8"),
        (b'{"case": ["A3"], "step": "x"}\n', "column `case` holds a list"),
        (b'{"case": {"id": "A3"}, "step": "x"}\n', "`key:` is empty"),
        (b'{"case": "' + b"x" * MAX_ROW_BYTES + b'"}\n', "over the limit"),
    ],
)  # fmt: skip
def test_a_bad_line_of_json_is_buried_with_its_place_and_the_rows_around_it_pass(
    tmp_path: Path, walk: Walk, row: bytes, message: str
) -> None:
    drop(tmp_path, a_json_row("A1") + row + a_json_row("A2"), "a.jsonl")
    books = walk.run(a_source(tmp_path, JSON))
    assert books.counts() == {"rows": 3, "published": 2, "deduplicated": 0, "dead_lettered": 1}
    (letter,) = walk.letters()
    assert letter.origin == "a.jsonl row 2, line 2"
    assert message in letter.reason


def test_a_name_that_json_nests_otherwise_is_pointed_at(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, json.dumps({"case": {"id": "A1"}, "step": "x", "at": TIME}), "a.jsonl")
    walk.run(a_source(tmp_path, JSON))
    assert "The row has no `case` at all. Did you mean `case.id`?" in walk.letters()[0].reason


def test_equal_bad_rows_are_each_buried_and_a_second_run_buries_none(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER.encode() + b"A3,x\n" * 3 + GOOD)
    first, again = walk.run(a_source(tmp_path)), None
    drop(tmp_path, HEADER.encode() + b"A3,x\n" * 3 + GOOD, "copy.csv")
    again = walk.run(a_source(tmp_path))
    assert first.counts() == {"rows": 4, "published": 1, "deduplicated": 0, "dead_lettered": 3}
    assert again.counts() == {"rows": 4, "published": 0, "deduplicated": 4, "dead_lettered": 0}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", HEADER.encode(), HEADER.strip().encode()])
def test_a_file_without_rows_tells_nothing(tmp_path: Path, walk: Walk, content: bytes) -> None:
    drop(tmp_path, content)
    assert walk.run(a_source(tmp_path)).counts() == dict.fromkeys(
        ("rows", "published", "deduplicated", "dead_lettered"), 0
    )


def test_rows_of_delimiters_only_are_no_rows(tmp_path: Path) -> None:
    drop(tmp_path, HEADER.encode() + GOOD + b",,\n\n" + LAST + b",,\n")
    assert [item.place for item in items_of(a_source(tmp_path))] == ["a.csv row 1, line 2", "a.csv row 2, line 5"]


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("case,stepp,at\nA1,x,y\n", "a.csv: the file has no column `step`, which the mapping takes", "`stepp`"),
        ("case;step;at\nA1;x;y\n", "the file has no column `at`", "delimiter"),
        ("case,step,at,step\nA1,x,y,z\n", "the header has columns twice: `step`", "skip_lines"),
        (b"\xff\xfec\0a\0s\0e\0", "the file is UTF-16", "UTF-8"),
        (b"case,st\xe9p,at\n", "the header cannot be read: byte 8 of the row is not utf-8", "first line"),
        (b"case,step,at,TEST\n", "the mapping writes the text `TEST`, which is a column", "{column: TEST}"),
    ],
)
def test_a_header_that_does_not_fit_stops_the_first_run_before_it_starts(
    tmp_path: Path, walk: Walk, content: str | bytes, message: str, hint: str
) -> None:
    drop(tmp_path, content)
    with pytest.raises(ConfigError) as refused:
        walk.run(a_source(tmp_path))
    assert message in str(refused.value)
    assert hint in refused.value.hint
    assert walk.engine.admin.cursors()[0].value is None


def test_a_file_without_a_header_is_not_told_by_what_stands_in_its_first_line(tmp_path: Path) -> None:
    drop(tmp_path, f"H56.14-261124-0001,Nguyễn Văn An,Nguyễn Văn An\nA1,opened,{TIME}\n")
    with pytest.raises(ConfigError) as refused:
        items_of(a_source(tmp_path))
    assert "Nguyễn" not in f"{refused.value} {refused.value.hint}"
    assert "Has the file no header? Name the columns by `files: columns:`." in refused.value.hint


def test_one_file_among_others_whose_header_does_not_fit_is_buried_once_and_the_others_pass(
    tmp_path: Path, walk: Walk
) -> None:
    drop(tmp_path, HEADER.encode() + GOOD)
    drop(tmp_path, b"case,stepp,at\n" + GOOD * 5, "b.csv")
    drop(tmp_path, HEADER.encode() + LAST, "c.csv")
    books = walk.run(a_source(tmp_path))
    assert books.counts() == {"rows": 3, "published": 2, "deduplicated": 0, "dead_lettered": 1}
    (letter,) = walk.letters()
    assert letter.origin == "b.csv"
    assert "none of its rows can be read: the file has no column `step`" in letter.reason


def test_a_corrected_file_is_read_by_the_next_run(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER.encode() + GOOD)
    drop(tmp_path, b"case,stepp,at\n" + LAST, "b.csv")
    walk.run(a_source(tmp_path))
    drop(tmp_path, HEADER.encode() + LAST, "b.csv")
    walk.run(a_source(tmp_path))
    assert walk.steps() == [("A1", "opened"), ("A2", "closed")]


@pytest.mark.parametrize("path", ["none.csv", "none/*.csv", "*.tsv"])
def test_no_file_at_the_very_first_is_an_error_and_no_silent_zero(tmp_path: Path, path: str) -> None:
    drop(tmp_path, HEADER)
    with pytest.raises(ConfigError, match="no f"):
        items_of(a_source(tmp_path, MAPPING.replace("*.csv", path)))


def test_a_quote_that_closes_far_below_costs_only_its_own_line(tmp_path: Path) -> None:
    rows = b'A3,"open,x\n' + GOOD * 5 + b'A4,"open,x\n' + LAST
    drop(tmp_path, HEADER.encode() + rows)
    faults = [item.place for item in items_of(a_source(tmp_path)) if item.fault is not None]
    assert faults == ["a.csv row 1, line 2", "a.csv row 7, line 8"]


def test_a_cell_may_hold_line_ends_within_quotes(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER.encode() + b'A1,"two\r\nlines ""here""",' + TIME.encode() + b"\r\n" + LAST)
    books = walk.run(a_source(tmp_path))
    assert books.published == 2
    assert walk.steps()[0] == ("A1", 'two\nlines "here"')


def test_a_line_of_100_mb_costs_no_memory(tmp_path: Path) -> None:
    file = drop(tmp_path, HEADER.encode() + GOOD)
    with file.open("ab") as stream:
        for _ in range(100):
            stream.write(b"x" * 1024 * 1024)
        stream.write(b"\n" + LAST)
    tracemalloc.start()
    try:
        _, fault, last = items_of(a_source(tmp_path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "the line has 104857601 bytes, over the limit" in str(fault.fault)
    assert (len(fault.raw), last.value["case"]) == (64 * 1024, "A2")
    assert peak < 16 * 1024 * 1024


def test_a_fault_of_reading_keeps_its_kind(tmp_path: Path) -> None:
    drop(tmp_path, HEADER.encode() + b"A1\n")
    (item,) = items_of(a_source(tmp_path))
    assert isinstance(item.fault, Unreadable)
    assert item.value is None


@pytest.mark.parametrize(
    ("mapping", "row", "key"),
    [
        (MAPPING, b"A3,opened,yesterday\n", b"A3"),
        (MAPPING.replace("key: case", 'key: {template: "T-{case}"}'), b"A3,opened,yesterday\n", b"T-A3"),
        (f"id: step\n{MAPPING}", f"A3,,{TIME}\n".encode(), b"A3"),
        (MAPPING, b"A3,opened\n", None),
        (MAPPING, f",opened,{TIME}\n".encode(), None),
        (MAPPING, b"x" * 1001 + f",opened,{TIME}\n".encode(), None),
        (MAPPING.replace("key: case\n", "").replace("  type:", "  key: case\n  type:"), b"A3,opened,x\n", None),
    ],
)  # fmt: skip
def test_a_buried_row_keeps_the_key_that_its_events_would_have(
    tmp_path: Path, walk: Walk, mapping: str, row: bytes, key: bytes | None
) -> None:
    drop(tmp_path, HEADER.encode() + row)
    walk.run(a_source(tmp_path, mapping))
    (letter,) = walk.letters()
    assert letter.record.key == key
