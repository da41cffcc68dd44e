"""``up``: the services of an installation, started, told, started again and ended; and only once on one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.errors import AlreadyUp
from bus.services import command, installed
from bus.settings import load
from bus.sole import sole
from tests.bus.cli.calling import Call

LIMIT_S = 30.0
Up = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def up(data: Path) -> Iterator[Up]:
    """Run ``up`` in a session of its own, as at a terminal; it is ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def starting() -> subprocess.Popen[str]:
        words = [sys.executable, "-P", "-m", "bus.cli", "--data", str(data), "up", "--json"]
        one = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        running.append(one)
        return one

    yield starting
    for one in running:
        one.kill()
        one.communicate()


def next_line(running: subprocess.Popen[str]) -> Any:
    """Return what ``up`` tells next."""
    assert running.stdout is not None
    return json.loads(running.stdout.readline())


def the_rest(running: subprocess.Popen[str]) -> list[tuple[str, int | None]]:
    """Return what ``up`` tells until it ends."""
    out, _ = running.communicate(timeout=LIMIT_S)
    return [(one["what"], one["code"]) for one in map(json.loads, out.splitlines())]


def heard(data: Path, text: str) -> bool:
    """Wait until the index's service has said something; say that it has."""
    log = data / "logs" / "index.log"
    subprocess.run(["timeout", "30", "sh", "-c", f"until grep -q '{text}' {log}; do sleep 0.05; done"], check=True)
    return True


def test_where_there_is_nothing_to_run_the_next_step_is_told(call: Call, data: Path) -> None:
    data.rename(data.with_name("elsewhere"))
    answer = call("up")
    assert (answer.code, "Next: `lienthong topic apply`" in answer.err) == (3, True)
    assert not data.exists()


def test_services_are_started_and_at_sigterm_ended_in_good_order(up: Up, data: Path) -> None:
    running = up()
    started = next_line(running)
    assert (started["service"], started["what"], started["restarts"]) == ("index", "started", 0)
    assert heard(data, "Following")
    running.terminate()
    assert (the_rest(running), running.returncode) == ([("stopped", 0)], 0)


def test_ctrl_c_at_the_terminal_ends_services_in_good_order(up: Up, data: Path) -> None:
    running = up()
    next_line(running)
    assert heard(data, "Following")
    os.killpg(running.pid, signal.SIGINT)
    assert (the_rest(running), running.returncode) == ([("stopped", 0)], 130)


def test_a_killed_service_is_told_and_started_again(up: Up) -> None:
    running = up()
    os.kill(next_line(running)["pid"], signal.SIGKILL)
    ended, started = next_line(running), next_line(running)
    assert (ended["what"], ended["reason"], started["what"], started["restarts"]) == (
        "ended", "killed by SIGKILL", "started", 1)  # fmt: skip


def test_a_second_one_on_the_same_folder_is_refused_until_the_first_is_gone(up: Up, call: Call) -> None:
    running = up()
    next_line(running)
    answer = call("up")
    assert (answer.code, f"as process {running.pid}" in answer.err) == (9, True)
    running.kill()
    assert next_line(up())["what"] == "started"


def test_a_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            sole(tmp_path / "up.lock", "this"),
            pytest.raises(AlreadyUp, match="this is up already"),
            sole(tmp_path / "up.lock", "this"),
        ):
            pass


def test_a_command_as_a_service_works_with_the_same_settings(data: Path, tmp_path: Path) -> None:
    settings = load({"LIENTHONG_ZONE": "UTC", "LIENTHONG_REGISTRY": "sqlite:////srv/registry.db"}, data=data)
    service = command(settings, "index", "index", "follow")
    assert load(service.environ, tmp_path) == settings
    assert service.argv[-2:] == ("index", "follow")


def test_connectors_run_where_some_are_configured(data: Path) -> None:
    settings = load({}, data=data)
    (data / "connectors").mkdir()
    assert [one.name for one in installed(settings)] == ["index"]
    (data / "connectors" / "one-stop.yaml").touch()
    assert sorted(one.name for one in installed(settings)) == ["index", "runtime"]
