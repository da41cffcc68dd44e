"""A folder is watched, or read once more after a restart: files that come and grow."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from bus.errors import PartnerUnavailable
from connectors.runtime import Run, run_source
from tests.connectors.file_drop.making import (
    AT_ONCE,
    HEADER,
    LATE,
    MAPPING,
    ROWS,
    Walk,
    a_source,
    a_watcher,
    append,
    drop,
    items_of,
    steps,
)


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


def test_a_folder_that_is_not_there_now_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    mapping = AT_ONCE.replace("*.csv", "in/*.csv")
    with closing(a_watcher(tmp_path, mapping)) as source:
        _, cursor = steps(source)
        (tmp_path / "in").rmdir()
        with pytest.raises(PartnerUnavailable, match="is not there"):
            source.fetch(cursor)
        (tmp_path / "in").mkdir()
        drop(tmp_path / "in")
        assert len(steps(source, cursor)[0]) == 3


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
