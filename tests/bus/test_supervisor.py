"""The supervisor: what it starts, tells, starts again and ends."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from bus.children import _MOST_LOG_BYTES
from bus.errors import ConfigError
from bus.services import Service, check_names
from bus.supervisor import Change, Supervisor

SLEEP = "import time; time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
LIMIT_S = 20.0

Keep = Callable[..., Supervisor]


def python(code: str, name: str = "one", **environ: str) -> Service:
    """Return a service that runs some Python."""
    return Service(name=name, argv=(sys.executable, "-c", code), environ=environ)


@pytest.fixture
def changes() -> SimpleQueue[Change]:
    """Return what the supervisor tells."""
    return SimpleQueue()


@pytest.fixture
def keep(tmp_path: Path, changes: SimpleQueue[Change]) -> Iterator[Keep]:
    """Start supervisors; they are stopped at the end."""
    started: list[Supervisor] = []

    def keeping(*services: Service) -> Supervisor:
        supervisor = Supervisor(services, tmp_path / "logs", hear=changes.put)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield keeping
    for one in started:
        one.stop(0.0)


def next_change(changes: SimpleQueue[Change], what: str) -> Change:
    """Wait for a change of one kind."""
    while (change := changes.get(timeout=LIMIT_S)).what != what:
        pass
    return change


def wait_for_text(file: Path, text: str) -> None:
    """Wait until a file holds a text."""
    until = time.monotonic() + LIMIT_S
    while text not in file.read_text():
        assert time.monotonic() < until, file.read_text()
        time.sleep(0.01)


def pid_of(supervisor: Supervisor, name: str = "one") -> int:
    """Return a running service's pid."""
    pid = supervisor.pid(name)
    assert pid is not None
    return pid


def test_all_services_run_when_start_returns(keep: Keep) -> None:
    supervisor = keep(python(SLEEP), python(SLEEP, "two"))
    assert [state.pid is not None for state in supervisor.states().values()] == [True, True]
    assert supervisor.restarts("one") == 0


def test_children_stay_in_the_session_but_not_in_the_terminals_process_group(keep: Keep) -> None:
    pid = pid_of(keep(python(SLEEP)))
    assert os.getsid(pid) == os.getsid(0)
    assert os.getpgid(pid) == pid


def test_a_killed_child_is_started_again_and_told(keep: Keep, changes: SimpleQueue[Change]) -> None:
    supervisor = keep(python(SLEEP))
    first = pid_of(supervisor)
    os.kill(first, signal.SIGKILL)
    ended, started = next_change(changes, "ended"), next_change(changes, "started")
    assert (ended.code, ended.reason, ended.restarts, ended.rest_s) == (-9, "killed by SIGKILL", 1, 0.0)
    assert started.pid == pid_of(supervisor) != first
    assert supervisor.states()["one"].reason == "killed by SIGKILL"


def test_what_cannot_start_is_told_with_what_its_log_says_last(keep: Keep, changes: SimpleQueue[Change]) -> None:
    keep(Service(name="one", argv=("/nonesuch",)))
    ended = next_change(changes, "ended")
    assert ended.reason == "ended with code 127: /nonesuch cannot be started: No such file or directory"


def test_an_error_is_told_with_its_advice(keep: Keep, changes: SimpleQueue[Change]) -> None:
    keep(python("import sys; sys.exit('Error LT-E1001: no\\nNext: do that\\n')"))
    assert next_change(changes, "ended").reason == "ended with code 1: Error LT-E1001: no Next: do that"


def test_what_an_earlier_process_said_is_not_told_of_the_next(
    keep: Keep, changes: SimpleQueue[Change], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    keep(
        python(
            f"import pathlib, sys; p = pathlib.Path({str(mark)!r}); sys.exit(3 if p.exists() else p.touch() or 'no')"
        )
    )
    assert [next_change(changes, "ended").reason for _ in range(2)] == ["ended with code 1: no", "ended with code 3"]


def test_who_gives_up_again_and_again_rests_longer_and_longer(keep: Keep, changes: SimpleQueue[Change]) -> None:
    keep(python("import sys; sys.exit(2)"))
    assert [next_change(changes, "ended").rest_s for _ in range(4)] == [0.0, 0.1, 0.2, 0.4]


def test_a_service_gets_its_own_environment_and_no_input(keep: Keep, tmp_path: Path) -> None:
    keep(python(f"import os, sys; print(os.environ['WORD'], repr(sys.stdin.read()), flush=True); {SLEEP}", WORD="hi"))
    wait_for_text(tmp_path / "logs" / "one.log", "hi ''\n")


def test_logs_are_for_their_owner_only(keep: Keep, tmp_path: Path) -> None:
    keep(python(SLEEP))
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (tmp_path / "logs", tmp_path / "logs" / "one.log")]
    assert modes == [0o700, 0o600]


def test_a_large_log_gives_way_to_a_new_one_when_its_child_is_started(keep: Keep, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "one.log"
    log.parent.mkdir(mode=0o700)
    log.write_bytes(b"x" * (_MOST_LOG_BYTES + 1))
    keep(python(SLEEP))
    assert (log.stat().st_size, (log.parent / "one.log.1").stat().st_size) == (0, _MOST_LOG_BYTES + 1)


def test_a_log_that_grows_too_long_is_begun_anew_while_its_child_writes_on(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bus.supervisor._TRIM_S", 0.0)
    size = _MOST_LOG_BYTES + 1
    keep(python(f"import time\nprint('x' * {size}, flush=True)\nwhile True: print('on', flush=True); time.sleep(0.01)"))
    older = tmp_path / "logs" / "one.log.1"
    until = time.monotonic() + LIMIT_S
    while not older.exists() or older.stat().st_size < size:
        assert time.monotonic() < until
        time.sleep(0.01)
    wait_for_text(tmp_path / "logs" / "one.log", "on\n")
    assert stat.S_IMODE(older.stat().st_mode) == 0o600
    assert (tmp_path / "logs" / "one.log").read_text().strip("on\n") == ""


def test_logs_that_somebody_deletes_stop_nobody(keep: Keep, tmp_path: Path, changes: SimpleQueue[Change]) -> None:
    supervisor = keep(python(SLEEP))
    shutil.rmtree(tmp_path / "logs")
    os.kill(pid_of(supervisor), signal.SIGKILL)
    assert next_change(changes, "ended").reason == "killed by SIGKILL"
    assert (tmp_path / "logs" / "one.log").exists() or next_change(changes, "started").pid is not None


def test_stop_ends_all_in_good_order(keep: Keep, changes: SimpleQueue[Change]) -> None:
    supervisor = keep(python(SLEEP), python(SLEEP, "two"))
    supervisor.stop()
    told = [next_change(changes, "stopped") for _ in range(2)]
    assert {(one.service, one.code) for one in told} == {("one", -15), ("two", -15)}
    assert [state.pid for state in supervisor.states().values()] == [None, None]


def test_stop_kills_who_does_not_listen(keep: Keep, tmp_path: Path, changes: SimpleQueue[Change]) -> None:
    supervisor = keep(python(DEAF))
    wait_for_text(tmp_path / "logs" / "one.log", "deaf")
    supervisor.stop(0.1)
    assert next_change(changes, "stopped").code == -9


def test_stop_ends_a_child_that_is_still_starting_and_one_that_rests(keep: Keep) -> None:
    for _ in range(3):
        supervisor = keep(python(SLEEP), Service(name="two", argv=("/nonesuch",)))
        supervisor.stop()
        assert [state.pid for state in supervisor.states().values()] == [None, None]


def test_stop_may_be_repeated(keep: Keep) -> None:
    supervisor = keep(python(SLEEP))
    supervisor.stop()
    supervisor.stop()
    assert supervisor.pid("one") is None


def test_two_services_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two services are called `one`"):
        check_names([python(SLEEP), python(SLEEP)])


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b"])
def test_a_services_name_can_name_a_file(name: str) -> None:
    with pytest.raises(ConfigError):
        python(SLEEP, name)
