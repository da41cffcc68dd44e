"""Files that are replaced, rewritten or gone; and how much one batch takes."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from bus.errors import ConfigError, CursorLost, PartnerUnavailable
from connectors.file_drop.source import FileSource
from tests.connectors.file_drop.making import (
    HEADER,
    LATE,
    LONG,
    ROWS,
    Walk,
    a_source,
    append,
    drop,
    items_of,
    run_until_first_commit,
    steps,
)


@pytest.mark.parametrize(
    "content",
    [HEADER + LATE, HEADER + ROWS.replace("opened", "OPENED") + LATE, HEADER + LATE + ROWS],
    ids=["shorter", "changed", "a row in front"],
)
def test_a_file_that_was_replaced_is_read_again_and_only_new_rows_are_published(
    tmp_path: Path, walk: Walk, content: str
) -> None:
    drop(tmp_path)
    walk.run(a_source(tmp_path))
    drop(tmp_path, content)
    books = walk.run(a_source(tmp_path))
    assert books.rows == content.count("\n") - 1
    assert ("A9", "late") in walk.steps()
    assert books.dead_lettered == 0
    assert len(set(walk.steps())) == len(walk.steps())


def test_a_file_that_was_only_touched_is_not_read_again(tmp_path: Path) -> None:
    file = drop(tmp_path)
    _, cursor = steps(a_source(tmp_path))
    os.utime(file, (0, 0))
    found, later = steps(a_source(tmp_path), cursor)
    assert (found, steps(a_source(tmp_path), later)) == ([], ([], later))


def test_a_file_that_went_away_after_its_end_is_forgotten(tmp_path: Path) -> None:
    file = drop(tmp_path)
    drop(tmp_path, name="b.csv")
    _, cursor = steps(a_source(tmp_path))
    file.unlink()
    found, cursor = steps(a_source(tmp_path), cursor)
    assert (found, b"a.csv" in cursor, b"b.csv" in cursor) == ([], False, True)


def test_a_file_that_went_away_before_its_end_leaves_a_letter_and_comes_back_whole(tmp_path: Path, walk: Walk) -> None:
    file = drop(tmp_path, HEADER + LONG)
    drop(tmp_path, name="b.csv")
    run_until_first_commit(walk, a_source(tmp_path))
    file.rename(tmp_path / "away")
    assert walk.run(a_source(tmp_path)).dead_lettered == 1
    (letter,) = walk.letters()
    assert letter.origin == "a.csv after row 1000"
    assert "the file went away when" in letter.reason
    (tmp_path / "away").rename(tmp_path / "again.csv")
    assert walk.run(a_source(tmp_path)).counts() == {
        "rows": 1200, "published": 200, "deduplicated": 1000, "dead_lettered": 0,
    }  # fmt: skip


def test_a_file_that_was_replaced_before_its_end_leaves_a_letter(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + LONG)
    run_until_first_commit(walk, a_source(tmp_path))
    drop(tmp_path, HEADER + LATE)
    assert walk.run(a_source(tmp_path)).counts() == {
        "rows": 2, "published": 1, "deduplicated": 0, "dead_lettered": 1,
    }  # fmt: skip
    assert "the file was replaced when" in walk.letters()[0].reason


def test_a_replaced_file_that_takes_several_runs_begins_anew_only_once(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + LONG)
    walk.run(a_source(tmp_path))
    drop(tmp_path, HEADER + LATE + LONG)
    run_until_first_commit(walk, a_source(tmp_path))
    assert walk.run(a_source(tmp_path)).counts() == {
        "rows": 201, "published": 0, "deduplicated": 201, "dead_lettered": 0,
    }  # fmt: skip


def test_a_replaced_file_whose_header_does_not_fit_leaves_both_letters(tmp_path: Path, walk: Walk) -> None:
    drop(tmp_path, HEADER + LONG)
    run_until_first_commit(walk, a_source(tmp_path))
    drop(tmp_path, "other\n1\n")
    assert walk.run(a_source(tmp_path)).dead_lettered == 2


def test_once_leaves_an_open_line_that_somebody_is_writing(tmp_path: Path) -> None:
    file = drop(tmp_path, HEADER + LONG + "A9,la")
    with closing(a_source(tmp_path)) as source:
        cursor = source.fetch(None).cursor
        append(file, "te,2026-11")
        found, cursor = steps(source, cursor)
    append(file, "-24T11:00:00Z\n")
    assert (found[-1], steps(a_source(tmp_path), cursor)[0]) == ("step 1199", ["late"])


def test_a_file_that_is_rewritten_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + LONG)
    with closing(a_source(tmp_path)) as source:
        cursor = source.fetch(None).cursor
        drop(tmp_path, HEADER + LONG.replace("step 7,", "STEP 7,"))
        items = items_of(source, cursor)
    assert items[-1].value["step"] == "step 1199"
    assert any(item.value["step"] == "STEP 7" for item in items)


def test_a_file_that_keeps_changing_is_told(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + LONG)
    with closing(a_source(tmp_path)) as source, pytest.raises(PartnerUnavailable, match="keeps changing"):
        read_and_rewrite(source, tmp_path)


def read_and_rewrite(source: FileSource, folder: Path) -> None:
    """Rewrite the file behind each batch."""
    cursor = None
    for n in range(20):
        cursor = source.fetch(cursor).cursor
        drop(folder, HEADER + LONG.replace("step 7,", f"step 7 {n},"))


def test_what_is_no_plain_file_is_left_alone(tmp_path: Path) -> None:
    drop(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    assert len(items_of(a_source(tmp_path))) == 3


def test_a_cursor_of_something_else_stops_the_source(tmp_path: Path) -> None:
    drop(tmp_path)
    with pytest.raises(CursorLost, match="none of the file drop's"):
        a_source(tmp_path).fetch(b"42")


def test_more_files_than_a_cursor_can_hold_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.file_drop.source._MAX_CURSOR_BYTES", 500)
    for n in range(5):
        drop(tmp_path, name=f"{n}.csv")
    with pytest.raises(ConfigError, match="5 files are more than a cursor can hold"):
        a_source(tmp_path).fetch(None)


def test_a_batch_takes_small_files_together(tmp_path: Path) -> None:
    for n in range(50):
        drop(tmp_path, name=f"{n:02d}.csv")
    with closing(a_source(tmp_path)) as source:
        assert len(source.fetch(None).items) == 150


def test_a_batch_is_bounded_in_bytes(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + f"A1,{'x' * 400_000},2026-11-24T08:00:00Z\n" * 30)
    with closing(a_source(tmp_path)) as source:
        batch = source.fetch(None)
    assert batch.more
    assert len(batch.items) == 11
