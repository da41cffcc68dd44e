"""The ground under a command: the folder of its data, its own output, its registry, and Ctrl-C while it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bus.cli
from bus.cli import root
from bus.cli.root import run
from tests.bus.cli.calling import ROOT, Answer, Call, as_lines, received


@pytest.mark.parametrize("command", [("topic", "apply"), ("event", "tail"), ("doctor",), ("schema", "list")])
def test_a_file_on_the_way_to_the_folder_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    code = run(["--data", str(tmp_path / "file" / "x"), *command])
    answer = Answer(code, *capfd.readouterr())
    assert (code in (1, 2), f"{tmp_path / 'file' / 'x'} cannot be the folder" in answer.err + answer.out) == (
        True,
        True,
    )
    assert "  at " not in answer.err


def test_a_folder_that_cannot_be_made_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--data", "/proc/none", "topic", "apply"]) == 2
    assert "LT-E1001: /proc/none cannot be the folder of the data" in capfd.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["topic", "list"]])
def test_output_without_room_is_one_sentence(data: Path, arguments: list[str]) -> None:
    code = "import bus.cli; bus.cli.main()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "--data", str(data), *arguments],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, "the output cannot be written: No space left on device" in done.stderr) == (1, True)
    assert len(done.stderr.splitlines()) == 2


def test_ctrl_c_while_it_starts_is_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(root, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        bus.cli.main([])
    assert ended.value.code == 130


def test_a_lost_registry_is_not_made_again_by_who_only_reads(call: Call, data: Path) -> None:
    call("event", "emit", "DossierReceived", "-f", "-", stdin=as_lines(received()))
    for file in data.glob("registry.db*"):
        file.unlink()
    tail, doctor = call("event", "tail"), call("doctor")
    assert (tail.code, doctor.code, (data / "registry.db").exists()) == (1, 1, False)
    hint = hint_of(tail.err)
    assert "newest backup" in hint
    assert hint in doctor.out


def hint_of(err: str) -> str:
    """Return what an error says to do."""
    return err.partition("Next: ")[2].strip()


def test_a_registry_made_anew_gives_the_same_ids_and_says_what_that_means(call: Call, data: Path) -> None:
    call("event", "emit", "DossierReceived", "-f", "-", stdin=as_lines(received()))
    before = call("schema", "list", "--json").data
    for file in data.glob("registry.db*"):
        file.unlink()
    answer = call("topic", "apply")
    assert (answer.code, "was made anew" in answer.err) == (0, True)
    assert call("schema", "list", "--json").data == before
    assert call("event", "tail").code == 0


def test_a_registrys_file_is_for_its_owner_only(data: Path) -> None:
    assert (data / "registry.db").stat().st_mode & 0o777 == 0o600
