"""A file that grows: what happens when it, or what stands at its names, is not as a run had left it."""

from __future__ import annotations

import errno
import os
import random
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from bus.errors import Claimed, ConfigError, LienthongError, StorageFull, TargetDiffers
from replay.runs.targets.growing import Growing, translated

SIGN = b"run 1: "
Open: TypeAlias = Callable[[], Growing]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.out"


@pytest.fixture
def partial(file: Path) -> Path:
    return file.with_name("run.out.partial")


@pytest.fixture
def open_it(file: Path) -> Iterator[Open]:
    opened: list[Growing] = []

    def opening() -> Growing:
        opened.append(Growing(file))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


def settled(open_it: Open, *, behind: bytes = b"") -> bytes:
    """Write nine bytes behind the sign, settle, write on, and leave it; return the mark."""
    growing = open_it()
    growing.begin(SIGN, None)
    growing.write(SIGN + b"123456789")
    mark = growing.settle()
    growing.write(behind)
    growing.close()
    return mark


def go_on(open_it: Open, mark: bytes | None, data: bytes) -> None:
    """Go on behind a mark, up to the end."""
    growing = open_it()
    growing.begin(SIGN, mark)
    growing.write(data)
    growing.settle()
    growing.finish()


def facts(path: Path) -> tuple[int, int, bytes]:
    """Return what must not change of what is somebody else's."""
    found = path.lstat()
    return found.st_ino, found.st_mode, path.read_bytes() if stat.S_ISREG(found.st_mode) else b""


# -- whose it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_left", [False, True])
def test_only_its_owner_may_read_it(open_it: Open, file: Path, partial: Path, is_left: bool) -> None:
    mark = None
    if is_left:
        mark = settled(open_it)
        partial.chmod(0o644)
    go_on(open_it, mark, SIGN)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def _a_file(path: Path) -> None:
    path.write_bytes(b"somebody's only copy")


def _a_link(path: Path) -> None:
    (path.parent / "precious").write_bytes(SIGN)
    path.symlink_to("precious")


def _a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _another_run(path: Path) -> None:
    path.write_bytes(b"run 2: 123456789")


OTHERS = [_a_file, _a_link, _a_dangling_link, _a_pipe, Path.mkdir, _another_run]


@pytest.mark.parametrize("make", OTHERS)
def test_what_stands_at_its_name_is_never_touched(
    open_it: Open, file: Path, partial: Path, make: Callable[[Path], None]
) -> None:
    make(file)
    before = facts(file)
    with pytest.raises(TargetDiffers) as refused:
        open_it().begin(SIGN, None)
    assert (facts(file), partial.exists()) == (before, False)
    assert refused.value.exit_code == 9
    assert refused.value.hint


@pytest.mark.parametrize("make", OTHERS)
def test_what_stands_where_it_grows_is_never_touched(
    open_it: Open, partial: Path, make: Callable[[Path], None]
) -> None:
    make(partial)
    before = facts(partial)
    with pytest.raises(TargetDiffers) as refused:
        open_it().begin(SIGN, None)
    assert facts(partial) == before
    assert str(partial) in str(refused.value)
    assert refused.value.hint
    assert not (partial.parent / "nowhere").exists()


@pytest.mark.parametrize("make", OTHERS)
def test_what_has_come_to_stand_at_its_name_meanwhile_is_never_touched(
    open_it: Open, file: Path, partial: Path, make: Callable[[Path], None]
) -> None:
    growing = open_it()
    growing.begin(SIGN, None)
    growing.write(SIGN)
    make(file)
    before = facts(file)
    with pytest.raises(TargetDiffers):
        growing.finish()
    assert (facts(file), partial.read_bytes()) == (before, SIGN)


def test_an_empty_file_at_its_name_is_taken(open_it: Open, file: Path) -> None:
    file.touch()
    go_on(open_it, None, SIGN)
    assert file.read_bytes() == SIGN


def test_another_process_that_still_writes_it_is_not_disturbed(open_it: Open, file: Path, partial: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from replay.runs.targets.growing import Growing;"
        f"one = Growing(Path({str(file)!r})); one.begin({SIGN!r}, None); one.write({SIGN!r});"
        "print('writing', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        with pytest.raises(Claimed):
            open_it().begin(SIGN, None)
        child.communicate()
    assert partial.read_bytes() == SIGN


# -- crashes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [b"", b"x", b"y" * 100_000])
def test_what_was_written_behind_the_mark_is_forgotten(open_it: Open, file: Path, behind: bytes) -> None:
    go_on(open_it, settled(open_it, behind=behind), b"abc")
    assert file.read_bytes() == SIGN + b"123456789abc"


@pytest.mark.parametrize("length", range(len(SIGN) + 9))
def test_a_file_that_lost_what_was_settled_is_refused(open_it: Open, partial: Path, length: int) -> None:
    mark = settled(open_it, behind=b"more")
    os.truncate(partial, length)
    with pytest.raises(TargetDiffers) as refused:
        open_it().begin(SIGN, mark)
    assert refused.value.hint
    assert partial.stat().st_size == length


def test_a_file_that_is_gone_is_refused_and_not_made(open_it: Open, partial: Path) -> None:
    mark = settled(open_it)
    partial.unlink()
    with pytest.raises(TargetDiffers):
        open_it().begin(SIGN, mark)
    assert not partial.exists()


def test_a_file_that_was_changed_before_its_mark_is_refused(open_it: Open, partial: Path) -> None:
    mark = settled(open_it)
    partial.write_bytes(SIGN + b"12345678X")
    with pytest.raises(TargetDiffers):
        open_it().begin(SIGN, mark)


def test_a_file_that_was_moved_while_it_was_written_is_missed(open_it: Open, file: Path, partial: Path) -> None:
    growing = open_it()
    growing.begin(SIGN, None)
    growing.write(SIGN)
    partial.rename(partial.with_name("elsewhere"))
    with pytest.raises(TargetDiffers):
        growing.finish()
    assert not file.exists()


@pytest.mark.parametrize("length", range(len(SIGN) + 1))
def test_a_torn_beginning_is_begun_anew(open_it: Open, file: Path, partial: Path, length: int) -> None:
    partial.write_bytes(SIGN[:length])
    go_on(open_it, None, SIGN + b"all")
    assert file.read_bytes() == SIGN + b"all"


@pytest.mark.parametrize("seed", range(10))
def test_whatever_length_a_killed_process_leaves_the_bytes_are_those_of_one_run(
    open_it: Open, file: Path, partial: Path, seed: int
) -> None:
    drawn, whole = random.Random(seed), SIGN + random.Random(seed).randbytes(20_000)
    mark, kept = None, 0
    while kept < len(whole):
        growing = open_it()
        growing.begin(SIGN, mark)
        at = min(len(whole), kept + drawn.randint(1, 3000))
        growing.write(whole[kept:at])
        if drawn.random() < 0.6:
            mark, kept = growing.settle(), at
        growing.close()
        with partial.open("r+b") as stream:
            stream.truncate(drawn.randint(kept, kept + 9000) if kept else drawn.randint(0, len(SIGN)))
    go_on(open_it, mark, b"")
    assert file.read_bytes() == whole


@pytest.mark.parametrize("again", [1, 2])
def test_killed_between_its_two_names_it_has_one(open_it: Open, file: Path, partial: Path, again: int) -> None:
    mark = settled(open_it)
    os.link(partial, file)
    for _ in range(again):
        go_on(open_it, mark, b"")
    assert (file.read_bytes(), partial.exists()) == (SIGN + b"123456789", False)


def test_a_whole_whose_last_mark_was_not_kept_is_written_to_its_end_again(open_it: Open, file: Path) -> None:
    mark = settled(open_it)
    go_on(open_it, mark, b"abc")
    go_on(open_it, mark, b"abcdef")
    assert file.read_bytes() == SIGN + b"123456789abcdef"


def test_nothing_is_written_to_a_whole(open_it: Open, file: Path) -> None:
    mark = settled(open_it)
    go_on(open_it, mark, b"")
    growing = open_it()
    growing.begin(SIGN, mark)
    with pytest.raises(TargetDiffers):
        growing.write(b"more")
    assert file.read_bytes() == SIGN + b"123456789"


# -- disks ---------------------------------------------------------------------------------------------


@pytest.fixture
def a_small_disk() -> Iterator[Callable[[int], None]]:
    """Let no file of this process grow over so many bytes, which says what a full disk says."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_room(
    open_it: Open, file: Path, a_small_disk: Callable[[int], None]
) -> None:
    mark = settled(open_it)
    growing = open_it()
    growing.begin(SIGN, mark)
    a_small_disk(2_000_000)
    with pytest.raises(StorageFull) as full:
        growing.write(b"z" * 3_000_000)
    a_small_disk(4_000_000)
    assert "run the plan again" in full.value.hint
    go_on(open_it, mark, b"z" * 3_000_000)
    assert file.read_bytes() == SIGN + b"123456789" + b"z" * 3_000_000


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing/run"):
        Growing(tmp_path / "missing" / "run").begin(SIGN, None)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "no-folder").touch()
    with pytest.raises(ConfigError, match="no-folder"):
        Growing(tmp_path / "no-folder" / "run").begin(SIGN, None)


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Growing(tmp_path / ("n" * 250)).begin(SIGN, None)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.ENOENT])
def test_every_error_of_a_disk_says_what_to_do_next(number: int) -> None:
    error = translated(OSError(number, os.strerror(number)), Path("run.avro"))
    assert isinstance(error, LienthongError)
    assert "run.avro" in str(error)
    assert error.hint.endswith("then run the plan again: it goes on behind what was settled.")


@pytest.mark.parametrize("is_taken", [False, True])
def test_where_a_disk_knows_no_second_names_it_is_renamed_but_over_nothing(
    open_it: Open, file: Path, monkeypatch: pytest.MonkeyPatch, is_taken: bool
) -> None:
    def refuse(*_names: object, **_how: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    growing = open_it()
    growing.begin(SIGN, None)
    growing.write(SIGN)
    if is_taken:
        _a_file(file)
        with pytest.raises(TargetDiffers):
            growing.finish()
    else:
        growing.finish()
    assert file.read_bytes() == (b"somebody's only copy" if is_taken else SIGN)


def test_a_mark_that_is_none_is_refused(open_it: Open) -> None:
    with pytest.raises(TargetDiffers):
        open_it().begin(SIGN, b"no mark")
