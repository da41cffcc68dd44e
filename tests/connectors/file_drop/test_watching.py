"""Files that grow, change, come and go: a folder is watched, or read once more after a restart."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from bus.errors import ConfigError, CursorLost, SourceUnavailable
from connectors.file_drop.source import FileSource
from connectors.runtime import Run, run_source
from tests.connectors.file_drop.making import HEADER, MAPPING, ROWS, Walk, a_source, drop, items_of, read_on

AT_ONCE = MAPPING.replace('"*.csv"}', '"*.csv", settle_s: 0}')
LATE = "A9,late,2026-11-24T11:00:00Z\n"
LONG = "".join(f"A1,step {n},2026-11-24T08:00:00Z\n" for n in range(1200))


def a_watcher(folder: Path, mapping: str = AT_ONCE) -> FileSource:
    """Return a source that goes on watching."""
    source = a_source(folder, mapping)
    source.watch()
    return source


def steps(source: FileSource, cursor: bytes | None = None) -> tuple[list[str], bytes]:
    """Return the steps of the rows behind a cursor, a fault as ``!``, and the cursor behind them."""
    items, cursor = read_on(source, cursor)
    return ["!" if item.fault is not None else item.value["step"] for item in items], cursor


def append(file: Path, content: str) -> None:
    """Write more to a file."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(content)


@pytest.mark.parametrize("watches", [True, False])
def test_a_file_that_grows_is_read_on_from_where_it_was_left(tmp_path: Path, watches: bool) -> None:
    file = drop(tmp_path)
    with closing(a_watcher(tmp_path) if watches else a_source(tmp_path)) as source:
        _, cursor = steps(source)
        append(file, LATE)
        assert steps(source, cursor)[0] == ["late"]


def test_a_file_that_grew_while_nobody_ran_is_read_on_by_the_next_run(tmp_path: Path) -> None:
    file = drop(tmp_path)
    _, cursor = steps(a_source(tmp_path))
    append(file, LATE)
    (item,) = items_of(a_source(tmp_path), cursor)
    assert item.place == "a.csv row 4, line 5"


def test_a_watcher_leaves_a_last_line_without_its_end_for_later(tmp_path: Path) -> None:
    file = drop(tmp_path, HEADER + ROWS + "A9,la")
    with closing(a_watcher(tmp_path)) as source:
        first, cursor = steps(source)
        assert (first, steps(source, cursor)) == (["opened", "opened", "closed"], ([], cursor))
        append(file, "te,2026-11-24T11:00:00Z\n")
        assert steps(source, cursor)[0] == ["late"]


def test_a_watcher_leaves_an_open_quote_for_later(tmp_path: Path) -> None:
    file = drop(tmp_path, HEADER + ROWS + 'A9,"la\n')
    with closing(a_watcher(tmp_path)) as source:
        first, cursor = steps(source)
        append(file, 'te",2026-11-24T11:00:00Z\n')
        assert (len(first), steps(source, cursor)[0]) == (3, ["la\nte"])


def test_a_watcher_waits_for_a_header_that_is_not_whole(tmp_path: Path) -> None:
    file = drop(tmp_path, "case,st")
    with closing(a_watcher(tmp_path)) as source:
        _, cursor = steps(source)
        append(file, "ep,at\n" + LATE)
        assert steps(source, cursor)[0] == ["late"]


def test_once_takes_a_last_line_without_its_end(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + LATE.strip())
    assert steps(a_source(tmp_path))[0] == ["late"]


def test_once_takes_the_line_that_a_watcher_had_left(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + LATE.strip())
    with closing(a_watcher(tmp_path)) as watcher:
        _, cursor = steps(watcher)
    assert steps(a_source(tmp_path), cursor)[0] == ["late"]


def test_a_watcher_takes_the_last_line_of_a_file_at_rest(tmp_path: Path) -> None:
    file = drop(tmp_path, HEADER + LATE.strip())
    os.utime(file, (time.time() - 60, time.time() - 60))
    with closing(a_watcher(tmp_path, MAPPING)) as source:
        assert steps(source)[0] == ["late"]


def test_a_file_that_is_being_written_waits_and_holds_back_those_behind_it(tmp_path: Path) -> None:
    first, second = drop(tmp_path), drop(tmp_path, HEADER + LATE, "b.csv")
    os.utime(second, (time.time() - 60, time.time() - 60))
    with closing(a_watcher(tmp_path, MAPPING)) as source:
        found, cursor = steps(source)
        assert found == []
        os.utime(first, (time.time() - 60, time.time() - 60))
        assert steps(source, cursor)[0] == ["opened", "opened", "closed", "late"]


def test_a_file_whose_clock_is_ahead_is_taken_once_it_was_seen_at_rest(tmp_path: Path) -> None:
    file = drop(tmp_path)
    os.utime(file, (time.time() + 3600, time.time() + 3600))
    with closing(a_watcher(tmp_path, MAPPING.replace('"*.csv"}', '"*.csv", settle_s: 0.1}'))) as source:
        found, cursor = steps(source)
        time.sleep(0.15)
        assert (found, len(steps(source, cursor)[0])) == ([], 3)


@pytest.mark.parametrize("name", [".hidden.csv", "a.csv.part", "a.csv.tmp", "a.csv~"])
def test_unfinished_names_are_left_alone_until_they_are_renamed(tmp_path: Path, name: str) -> None:
    file = drop(tmp_path, name=name)
    with closing(a_watcher(tmp_path, AT_ONCE.replace("*.csv", "*"))) as source:
        (tmp_path / "mapping.yaml").unlink()
        found, cursor = steps(source)
        file.rename(tmp_path / "a.csv")
        assert (found, len(steps(source, cursor)[0])) == ([], 3)


def test_new_files_are_taken_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("c.csv", "a.csv", "b.csv"):
        drop(tmp_path, f"{HEADER}A1,{name},2026-11-24T08:00:00Z\n", name)
    assert steps(a_source(tmp_path))[0] == ["a.csv", "b.csv", "c.csv"]


def test_a_later_file_with_an_earlier_name_is_not_missed(tmp_path: Path) -> None:
    drop(tmp_path, name="b.csv")
    with closing(a_watcher(tmp_path)) as source:
        _, cursor = steps(source)
        drop(tmp_path, HEADER + LATE)
        assert steps(source, cursor)[0] == ["late"]


def test_files_in_folders_below_are_found(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    drop(tmp_path / "2026", HEADER + LATE)
    (item,) = items_of(a_source(tmp_path, MAPPING.replace("*.csv", "**/*.csv")))
    assert item.place == "2026/a.csv row 1, line 2"


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
    with closing(a_source(tmp_path)) as source, pytest.raises(SourceUnavailable, match="keeps changing"):
        read_and_rewrite(source, tmp_path)


def read_and_rewrite(source: FileSource, folder: Path) -> None:
    """Rewrite the file behind each batch."""
    cursor = None
    for n in range(20):
        cursor = source.fetch(cursor).cursor
        drop(folder, HEADER + LONG.replace("step 7,", f"step 7 {n},"))


def test_a_folder_that_is_not_there_now_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    mapping = AT_ONCE.replace("*.csv", "in/*.csv")
    with closing(a_watcher(tmp_path, mapping)) as source:
        _, cursor = steps(source)
        (tmp_path / "in").rmdir()
        with pytest.raises(SourceUnavailable, match="is not there"):
            source.fetch(cursor)
        (tmp_path / "in").mkdir()
        drop(tmp_path / "in")
        assert len(steps(source, cursor)[0]) == 3


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


def test_a_watched_folder_is_read_until_the_run_is_stopped(tmp_path: Path, walk: Walk) -> None:
    stop, seen = Event(), []
    mapping = AT_ONCE.replace("settle_s: 0", "settle_s: 0, interval_s: 0.05")

    def progress(books: object) -> None:
        seen.append(books)
        if len(seen) == 1:
            drop(tmp_path, HEADER + LATE, "b.csv")
        else:
            stop.set()

    drop(tmp_path)
    with closing(a_source(tmp_path, mapping)) as source:
        runner = Thread(
            target=run_source, args=(walk.engine, walk.wire, source, Run(stop=stop, progress=progress)), daemon=True
        )
        runner.start()
        runner.join(timeout=30)
    assert not runner.is_alive()
    assert ("A9", "late") in walk.steps()


def run_until_first_commit(walk: Walk, source: FileSource) -> None:
    """Run a source and stop it behind its first batch."""
    stop = Event()
    with closing(source):
        run_source(walk.engine, walk.wire, source, Run(once=True, stop=stop, progress=lambda _books: stop.set()))
