"""``index follow``: the index comes up with the log by itself, whatever is not there yet or put in place anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from bus.cli.root import run
from bus.errors import LienthongError
from bus.settings import Settings, load
from bus.transport import Engine
from bus.transports import open_engine
from replay.following import follow
from replay.index.lookup import Index, gaps_of
from replay.index.store import open_store
from replay.reading import Spans, spans_of
from tests.replay.conftest import OpenIndex
from tests.replay.doubles import another, publish

LIMIT_S = 60.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of an installation that is not made yet."""
    return load({}, tmp_path, data=tmp_path / "var")


@pytest.fixture
def following(settings: Settings) -> Iterator[Callable[[], None]]:
    """Start a follower beside the test; it is stopped at the end, and has raised nothing."""
    stop, failed = Event(), list[LienthongError]()
    threads: list[Thread] = []

    def work() -> None:
        try:
            follow(settings, stop)
        except LienthongError as error:
            failed.append(error)

    def starting() -> None:
        threads.append(Thread(target=work))
        threads[-1].start()

    yield starting
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []


def install(data: Path) -> None:
    """Make an installation and publish one event."""
    payload = '{"dossierCode": {"code": "H56.14-261124-0001", "codeSystem": "VN-DOSSIER"}}'
    file = data.with_name("one.json")
    file.write_text(payload)
    words = ["event", "emit", "DossierReceived", "--file", str(file), "--key", "H56.14-261124-0001"]
    words += ["--source", "test", "--native-id", "1"]
    assert run(["--data", str(data), "topic", "apply", "--json"]) == 0
    assert run(["--data", str(data), *words, "--json"]) == 0


def wait_until_indexed(settings: Settings) -> None:
    """Wait until the index has come as far as the log."""
    until = time.monotonic() + LIMIT_S
    with closing(open_engine(settings.transport)) as engine:
        spans = spans_of(engine)
    while not _is_indexed(settings, spans):
        assert time.monotonic() < until, "the index does not follow"
        time.sleep(0.05)


def _is_indexed(settings: Settings, spans: Spans) -> bool:
    if not Path(settings.index.removeprefix("sqlite:///")).exists():
        return False
    with closing(open_store(settings.index)) as store:
        return not gaps_of(store.positions(), spans)


def test_a_follower_waits_for_a_log_and_then_follows_it(settings: Settings, following: Callable[[], None]) -> None:
    following()
    install(settings.data)
    wait_until_indexed(settings)


def test_an_index_that_is_deleted_is_made_anew(settings: Settings, following: Callable[[], None]) -> None:
    install(settings.data)
    following()
    wait_until_indexed(settings)
    for file in sorted(settings.data.glob("index.db*"), reverse=True):  # the database last: nobody makes it meanwhile
        file.unlink()
    wait_until_indexed(settings)


def test_a_log_that_is_put_in_place_anew_is_followed(settings: Settings, following: Callable[[], None]) -> None:
    install(settings.data)
    following()
    wait_until_indexed(settings)
    settings.data.rename(settings.data.with_name("old"))
    install(settings.data)
    wait_until_indexed(settings)


def test_the_command_ends_in_good_order_when_asked(settings: Settings) -> None:
    install(settings.data)
    command = [sys.executable, "-P", "-m", "bus.cli", "--data", str(settings.data), "index", "follow", "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    wait_until_indexed(settings)
    os.kill(running.pid, signal.SIGTERM)
    out, _ = running.communicate(timeout=LIMIT_S)
    assert (running.returncode, out) == (0, b'{\n  "records": 1\n}\n')


def test_keeping_up_reads_what_is_new_and_nothing_twice(index: Index, engine: Engine) -> None:
    told: list[int] = []
    for number in range(3):
        publish(engine, another(number))
        index.keep_up(progress=lambda done, _total: told.append(done))
    index.keep_up(progress=lambda done, _total: told.append(done))
    assert told == [1, 1, 1]


def test_what_was_written_before_an_interruption_is_not_read_again(
    open_it: OpenIndex, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.index.follower.BATCH_POSTINGS", 1)
    publish(engine, *(another(number) for number in range(20)))

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    index = open_it()
    with pytest.raises(KeyboardInterrupt):
        index.keep_up(progress=interrupt)
    totals: list[int] = []
    index.keep_up(progress=lambda _done, total: totals.append(total))
    assert 0 < totals[0] < 20
