"""``doctor`` and ``version``: one line for each thing looked at, also where nothing opens any more."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bus.cli import checkup, ground
from bus.deadletters import DECODE, Failure, record_letter
from bus.errors import DecodeError
from bus.records import NewRecord
from bus.settings import load
from bus.transport import Commit, Engine
from tests.bus.cli.calling import Answer, Call, as_lines, received

PAGE = 4096


def emit(call: Call, count: int = 3, first: int = 1) -> None:
    """Emit events of so many dossiers."""
    text = as_lines(*(received(f"H56.14-261124-{number:04}") for number in range(first, first + count)))
    assert call("event", "emit", "DossierReceived", "-f", "-", stdin=text).code == 0


def checks(answer: Answer) -> dict[str, dict[str, Any]]:
    """Return the lines by name; of several with one name the worst."""
    order = ("ok", "warning", "fault")
    return {one["name"]: one for one in sorted(answer.data["checks"], key=lambda one: order.index(one["level"]))}


def test_a_sound_installation_is_all_ok(call: Call) -> None:
    emit(call)
    answer = call("doctor", "--json")
    assert (answer.code, list(answer.data)) == (0, ["ok", "faults", "warnings", "checks", "settings"])
    assert {one["level"] for one in answer.data["checks"]} == {"ok"}
    assert {"python", "sqlite", "data", "log.pages", "log.records", "log.mark", "registry", "topics", "contracts",
            "newest", "clock", "groups", "deadletters", "index", "files"} <= checks(answer).keys()  # fmt: skip


def test_people_read_a_line_each_then_the_settings(call: Call) -> None:
    answer = call("doctor")
    assert "ok       log.records   all records are whole" in answer.out
    assert "(--data)" in answer.out
    assert answer.err.endswith("All is well.\n")


def test_before_the_first_apply_it_says_so_and_makes_nothing(call: Call, tmp_path: Path) -> None:
    answer = call("--data", str(tmp_path / "new"), "doctor", "--json")
    assert (answer.code, checks(answer)["log"]["level"], (tmp_path / "new").exists()) == (0, "warning", False)
    assert "`lienthong topic apply` makes it" in checks(answer)["log"]["hint"]


def test_a_damaged_page_is_code_6(call: Call, data: Path) -> None:
    emit(call, 60)
    content = bytearray((data / "bus.db").read_bytes())
    page = content.index(b"H56.14-261124-0030") // PAGE * PAGE
    content[page : page + 64] = b"\xa5" * 64
    (data / "bus.db").write_bytes(content)
    answer = call("doctor", "--json")
    faults = [one for one in answer.data["checks"] if one["level"] == "fault"]
    assert (answer.code, all(one["name"].startswith("log") for one in faults)) == (6, True)
    assert all("backup" in one["hint"] for one in faults)
    assert checks(answer)["index"]["level"] == "ok"


def test_a_flipped_bit_is_named_by_its_place(call: Call, data: Path) -> None:
    emit(call)
    content = bytearray((data / "bus.db").read_bytes())
    content[content.rindex(b"H56.14-261124-0002")] ^= 4
    (data / "bus.db").write_bytes(content)
    answer = call("doctor", "--json")
    assert (answer.code, "dossier.events/" in checks(answer)["log.records"]["detail"]) == (6, True)
    assert "H56.14" not in answer.out


def test_a_lost_log_is_a_line_of_the_report(call: Call, data: Path) -> None:
    emit(call)
    (data / "bus.db").unlink()
    answer = call("doctor", "--json")
    log = checks(answer)["log"]
    assert (answer.code, log["level"], "acknowledged commits are missing" in log["detail"]) == (6, "fault", True)
    assert "--accept-loss" in log["hint"]
    assert "index" in checks(answer)


def older_copy(call: Call, data: Path) -> None:
    """Put an older copy of the log in its place."""
    emit(call, 1)
    shutil.copy(data / "bus.db", data / "older.db")
    emit(call, 4, first=2)
    shutil.copy(data / "older.db", data / "bus.db")


def test_an_older_copy_is_a_line_of_the_report(call: Call, data: Path) -> None:
    older_copy(call, data)
    answer = call("doctor")
    assert (answer.code, "4 acknowledged commits are missing" in answer.out) == (6, True)


def test_a_loss_is_accepted_by_a_person_only(call: Call, data: Path) -> None:
    older_copy(call, data)
    answer = call("doctor", "--accept-loss")
    assert (answer.code, "Say `--yes`" in answer.err) == (2, True)
    assert call("doctor", "--json").code == 6


def test_a_loss_once_accepted_leaves_a_log_that_works(call: Call, data: Path) -> None:
    older_copy(call, data)
    answer = call("doctor", "--accept-loss", "--yes")
    assert (answer.code, "Accepted: 4 acknowledged commits are gone." in answer.err) == (0, True)
    emit(call)
    assert "there is no loss to accept" in call("doctor", "--accept-loss").err


def test_a_damaged_mark_is_taken_on_a_persons_word(call: Call, data: Path) -> None:
    (data / "bus.db-mark").write_bytes(b"x" * 64)
    assert call("doctor", "--json").code == 6
    assert "The log is taken as it stands." in call("doctor", "--accept-loss", "--yes").err
    assert call("doctor", "--json").code == 0


def test_a_damaged_record_is_gone_past_on_a_persons_word(call: Call, data: Path) -> None:
    emit(call, 3)
    damage_a_record(data / "bus.db")
    assert call("doctor", "--json").code == 6
    assert "checksum" in call("doctor", "--accept-loss", "--yes").err
    assert call("doctor", "--json").code == 0


def damage_a_record(file: Path) -> None:
    """Change the value of a record behind the engine's back."""
    with closing(sqlite3.connect(file)) as log, log:
        tables = log.execute("SELECT name FROM sqlite_master WHERE name LIKE 'log_%'").fetchall()
        table = next(name for (name,) in tables if log.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
        log.execute(f"UPDATE {table} SET value=x'00' WHERE off=0")


def test_a_question_that_is_answered_with_no_changes_nothing(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older_copy(call, data)
    monkeypatch.setattr("bus.cli.doctor._is_asked", lambda: True)
    assert call("doctor", "--accept-loss", stdin="n\n").code == 6
    assert call("doctor", "--accept-loss", stdin="y\n").code == 0


def test_a_lost_registry_is_a_fault_and_no_empty_one_is_made(call: Call, data: Path) -> None:
    emit(call)
    (data / "registry.db").unlink()
    answer = call("doctor", "--json")
    assert (answer.code, checks(answer)["registry"]["level"]) == (1, "fault")
    assert not (data / "registry.db").exists()


def test_a_registry_that_is_no_database_is_a_fault(call: Call, data: Path) -> None:
    (data / "registry.db").write_bytes(b"not a database" * 1000)
    answer = call("doctor", "--json")
    assert (answer.code in (1, 6), checks(answer)["registry"]["level"]) == (True, "fault")


def test_what_waits_is_a_warning(call: Call, engine: Engine) -> None:
    emit(call)
    engine.join("billing", ["dossier.events"]).assignment()
    record = next(
        record
        for name, span in engine.log.ends("dossier.events").items()
        for record in engine.log.read(name, span.first, 1)
    )
    letter = record_letter(record, Failure(error=DecodeError("no"), stage=DECODE, by="billing"))
    engine.log.commit(Commit(appends=[letter, NewRecord(topic="payment.events", key=b"k", value=b"\xff")]))
    engine.close()
    answer = call("doctor", "--json")
    found = checks(answer)
    assert (answer.code, answer.data["ok"], answer.data["warnings"]) == (0, True, 3)
    assert "3 records behind" in found["groups"]["detail"]
    assert "1 dead letter" in found["deadletters"]["detail"]
    assert "payment.events/" in found["newest"]["detail"]


def test_a_wrong_setting_is_a_line_of_the_report(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIENTHONG_TRANSPROT", "sqlite://")
    answer = call("doctor", "--json")
    assert (answer.code, checks(answer)["settings"]["level"]) == (1, "fault")
    assert "LIENTHONG_TRANSPORT" in checks(answer)["settings"]["hint"]
    assert "python" in checks(answer)


def test_settings_are_told_with_their_origin_and_without_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "lienthong.toml").write_text('registry = "postgresql://bus:s3:cr@et@db/registry"\n')
    settings = load({}, tmp_path)
    told = {one.name: one for one in ground.settings_in_force(settings, data_given=False)}
    assert told["registry"].value == "postgresql://bus:***@db/registry"
    assert told["registry"].origin == str(tmp_path / "lienthong.toml")
    assert told["zone"].origin == "default"


@pytest.mark.parametrize(
    ("make", "level"),
    [("none", "ok"), ("sound", "ok"), ("text", "warning"), ("no key", "warning"), ("open", "warning")],
)
def test_the_index_is_looked_at_by_its_files_only(tmp_path: Path, make: str, level: str) -> None:
    settings = load({}, tmp_path, data=tmp_path)
    if make != "none":
        (tmp_path / "index.db").write_bytes(b"text" if make == "text" else b"SQLite format 3\0")
        (tmp_path / "index.key").write_bytes(b"key")
    for file in tmp_path.iterdir():
        file.chmod(0o644 if make == "open" else 0o600)
    if make == "no key":
        (tmp_path / "index.key").unlink()
    assert ground.index_line(settings).level == level


@pytest.mark.parametrize(("free", "level"), [(0, "fault"), (2**29, "warning"), (2**40, "ok")])
def test_room_on_the_disk_is_looked_at(tmp_path: Path, free: int, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        """A disk with so much room."""

    Usage.free = free  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage)
    (line,) = ground.folder_lines(tmp_path)
    assert line.level == level


def test_an_integrity_fault_weighs_more_than_another() -> None:
    damaged = checkup.Line(name="log", level="fault", detail="", code=6)
    assert checkup.code_of([damaged, checkup.fault("data", "", "")]) == 6


def test_versions_are_told(call: Call) -> None:
    answer = call("version", "--json")
    assert (answer.code, list(answer.data)) == (0, ["lienthong", "python", "sqlite", "system", "packages"])
    assert answer.data["packages"]["fastavro"]
    assert "kafka-python" in call("version").out
    assert json.loads(answer.out)["lienthong"]


def test_damage_is_told_with_its_pages_and_sends_nobody_round(call: Call, data: Path) -> None:
    emit(call)
    content = bytearray((data / "bus.db").read_bytes())
    content[PAGE : PAGE + 300] = b"\xa5" * 300
    (data / "bus.db").write_bytes(content)
    answer = call("doctor", "--json")
    faults = [one for one in answer.data["checks"] if one["level"] == "fault"]
    assert (answer.code, any("ptrmap" in one["detail"] for one in faults)) == (6, True)
    assert all(len(one["detail"]) < 1000 and "`lienthong doctor`" not in one["hint"] for one in faults)


def test_a_file_that_is_no_database_is_told_with_what_can_still_be_done(call: Call, data: Path) -> None:
    (data / "bus.db").write_bytes(b"\xa5" * PAGE * 3)
    answer = call("doctor", "--json")
    told = checks(answer)
    assert (answer.code, "cannot read" in told["log.pages"]["detail"]) == (6, True)
    assert all("Keep the file" in told[name]["hint"] for name in ("log", "log.pages"))
