"""A row has the same id for ever, wherever and however it is exported again."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from unicodedata import normalize

import pytest

from connectors.file_drop.ordinals import Ordinals
from tests.connectors.file_drop.making import (
    HEAD,
    HEADER,
    MAPPING,
    ROWS,
    Walk,
    a_source,
    drop,
    events_of,
    items_of,
    outcomes,
    write_mapping,
)

WITH_ID = MAPPING + "id: [case, step]\n"


def ids(folder: Path, content: str | bytes, name: str = "a.csv", mapping: str = MAPPING) -> list[str]:
    """Return the ids of the events that an export tells, and remove it."""
    file = drop(folder, content, name)
    found = [str(event.id) for event in events_of(a_source(folder, mapping))]
    file.unlink()
    return found


AGAIN = {
    "columns in another order": (
        "at,case,step\n2026-11-24T08:00:00+07:00,A1,opened\n2026-11-24T09:00:00Z,A2,opened\n"
        "2026-11-24T10:00:00+07:00,A1,closed\n"
    ),
    "quotes": HEADER + ROWS.replace("opened", '"opened"').replace("A1", '"A1"'),
    "a byte order mark": "\ufeff" + HEADER + ROWS,
    "CRLF": (HEADER + ROWS).replace("\n", "\r\n"),
    "no line end": (HEADER + ROWS).rstrip("\n"),
    "empty lines": HEADER + "\n" + ROWS.replace("\n", "\n\n"),
    "one more column that is empty": (HEADER + ROWS).replace("\n", ",\n").replace("at,\n", "at,note\n"),
}


@pytest.mark.parametrize("content", AGAIN.values(), ids=AGAIN.keys())
@pytest.mark.parametrize("mapping", [MAPPING, WITH_ID], ids=["by cells", "by columns"])
def test_the_same_rows_written_otherwise_keep_their_ids(tmp_path: Path, content: str, mapping: str) -> None:
    assert ids(tmp_path, content, mapping=mapping) == ids(tmp_path, HEADER + ROWS, mapping=mapping)


def test_the_files_name_and_the_place_within_it_do_not_matter(tmp_path: Path) -> None:
    lines = ROWS.splitlines(keepends=True)
    first = ids(tmp_path, HEADER + ROWS)
    assert ids(tmp_path, HEADER + lines[2] + lines[0], "z.csv") == [first[2], first[0]]


def test_json_lines_with_the_same_texts_have_the_ids_of_csv(tmp_path: Path) -> None:
    rows = [dict(zip(("case", "step", "at"), row.split(","), strict=True)) for row in ROWS.splitlines()]
    content = "\n".join(json.dumps({**row, "note": None}) for row in rows)
    mapping = MAPPING.replace("*.csv", "*.jsonl")
    assert ids(tmp_path, content, "a.jsonl", mapping) == ids(tmp_path, HEADER + ROWS)


def test_decomposed_letters_are_the_composed_ones(tmp_path: Path) -> None:
    export = HEADER + "A1,tiếp nhận hồ sơ,2026-11-24T08:00:00Z\n"
    decomposed = normalize("NFD", export)
    assert decomposed != export
    assert ids(tmp_path, decomposed) == ids(tmp_path, export)


def test_equal_rows_are_facts_of_their_own_within_a_file_and_the_same_in_another(tmp_path: Path) -> None:
    row = ROWS.splitlines(keepends=True)[0]
    first, copy = ids(tmp_path, HEADER + row * 3), ids(tmp_path, HEADER + row * 2, "b.csv")
    assert len(set(first)) == 3
    assert first[:2] == copy


def test_equal_rows_are_counted_across_batches_and_after_a_restart(tmp_path: Path) -> None:
    row = ROWS.splitlines(keepends=True)[0]
    drop(tmp_path, HEADER + row * 1500)
    with closing(a_source(tmp_path)) as source, closing(a_source(tmp_path)) as other:
        cursor = source.fetch(None).cursor
        found = items_of(other, cursor)
    assert [item.native_id.partition("#")[2] for item in found] == [str(n) for n in range(1000, 1500)]


@pytest.mark.parametrize("cell", ["hồ sơ", normalize("NFD", "hồ sơ"), "a b"], ids=["composed", "decomposed", "ascii"])
def test_rows_that_are_equal_but_for_their_quotes_are_counted_together_after_a_restart(
    tmp_path: Path, cell: str
) -> None:
    row = "A1,{},2026-11-24T08:00:00Z\n"
    drop(tmp_path, HEADER + (row.format(cell) + row.format(f'"{cell}"')) * 600)
    with closing(a_source(tmp_path)) as source, closing(a_source(tmp_path)) as other:
        batch = source.fetch(None)
        items = [*batch.items, *items_of(other, batch.cursor)]
    assert [item.native_id.partition("#")[2] for item in items] == [str(n) for n in range(1200)]


def test_rows_with_the_same_id_columns_are_one_fact(tmp_path: Path) -> None:
    rows = "A1,opened,2026-11-24T08:00:00Z\nA1,opened,2026-11-25T08:00:00Z\nA1, closed ,2026-11-24T08:00:00Z\n"
    found = ids(tmp_path, HEADER + rows, mapping=WITH_ID)
    assert found[0] == found[1] != found[2]


def test_a_row_without_anything_in_its_id_columns_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "case,step,at,nr\nA1,opened,2026-11-24T08:00:00Z,\n")
    (fault,) = outcomes(a_source(tmp_path, MAPPING + "id: nr\n"))
    assert str(fault) == "the row has nothing in `nr`, its id"


def test_another_source_tells_facts_of_its_own(tmp_path: Path) -> None:
    other = MAPPING.replace("source: test", "source: other")
    assert not set(ids(tmp_path, HEADER + ROWS)) & set(ids(tmp_path, HEADER + ROWS, mapping=other))


def test_several_events_of_a_row_have_ids_of_their_own(tmp_path: Path) -> None:
    events = "events:\n"
    for step in ("a", "b"):
        fields = f"{{dossierCode: {{column: case, codeSystem: T}}, step: {step}}}"
        events += f"  - {{type: DossierStepDone, fields: {fields}}}\n"
    events += "  - {type: DossierPaused, fields: {dossierCode: {column: case, codeSystem: T}}}\n"
    found = ids(tmp_path, HEADER + ROWS, mapping=HEAD + events)
    assert len(set(found)) == 9


def test_an_event_added_to_a_mapping_leaves_the_others_ids_as_they_are(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + ROWS)
    walk.run(a_source(tmp_path))
    paused = "  - {type: DossierPaused, fields: {dossierCode: {column: case, codeSystem: T}}}\n"
    fields = "{dossierCode: {column: case, codeSystem: TEST}, step: {column: step}}"
    both = HEAD + f"events:\n{paused}  - {{type: DossierStepDone, fields: {fields}}}\n"
    books = walk.run(a_source(tmp_path, both))
    assert books.counts() == {"rows": 3, "published": 3, "deduplicated": 3, "dead_lettered": 0}


def test_a_copy_of_a_file_publishes_nothing(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + ROWS)
    walk.run(a_source(tmp_path))
    drop(tmp_path, HEADER + ROWS, "copy of a.csv")
    assert walk.run(a_source(tmp_path)).counts() == {
        "rows": 3, "published": 0, "deduplicated": 3, "dead_lettered": 0,
    }  # fmt: skip


def test_the_same_file_again_is_not_even_read(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + ROWS)
    assert walk.run(a_source(tmp_path)).published == 3
    assert walk.run(a_source(tmp_path)).rows == 0


def test_a_changed_mapping_reads_everything_again_and_publishes_what_was_buried(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + ROWS + "A3,opened,24/11/2026 08:00\n")
    assert walk.run(a_source(tmp_path)).dead_lettered == 1
    more = MAPPING.replace("time: at", "time: {column: at, format: [iso, dd/MM/yyyy HH:mm], zone: Asia/Ho_Chi_Minh}")
    assert walk.run(a_source(tmp_path, more)).counts() == {
        "rows": 4, "published": 1, "deduplicated": 3, "dead_lettered": 0,
    }  # fmt: skip


def test_a_comment_in_the_mapping_changes_nothing(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + ROWS)
    walk.run(a_source(tmp_path))
    write_mapping(tmp_path, "# a comment\n" + MAPPING)
    assert walk.run(a_source(tmp_path, "# a comment\n" + MAPPING)).rows == 0


def test_order_per_key_is_the_files_order(tmp_path: Path, walk: Walk) -> None:
    rows = [(f"A{n % 5}", f"step {n:05d}") for n in range(2500)]
    drop(tmp_path, HEADER + "".join(f"{case},{step},2026-11-24T08:00:00Z\n" for case, step in rows))
    walk.run(a_source(tmp_path))
    assert walk.steps() == sorted(rows, key=lambda row: row[0])


def test_counts_of_equal_rows_begin_again_with_another_file() -> None:
    ordinals = Ordinals()
    one, other = b"1" * 8, b"2" * 8
    assert ordinals.count([one, other, one]) == [0, 0, 1]
    assert ordinals.count([one]) == [2]
    ordinals.clear()
    assert ordinals.count([one]) == [0]
    ordinals.close()
    ordinals.close()
