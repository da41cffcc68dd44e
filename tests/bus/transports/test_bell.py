"""Waking readers by datagrams: whatever happens to sockets and folders, news is heard and no commit suffers."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from bus.errors import TransportError
from bus.transport import Commit, Engine, Seen
from bus.transports import open_engine
from bus.transports.sqlite import bell
from bus.transports.sqlite.bell import Ear, Sockets, _own_folder

ARRIVES_S = 30.0


def commit(engine: Engine, number: int = 0) -> None:
    """Commit something."""
    engine.log.commit(Commit(seen=[Seen(scope="s", id=os.urandom(16))]))


def hears(reader: Engine, act: Callable[[], None]) -> bool:
    """Say whether a thread that waits hears of what ``act`` commits."""
    version = reader.log.wait(0, 1)
    heard: list[int] = []
    thread = Thread(target=lambda: heard.append(reader.log.wait(version, ARRIVES_S)))
    thread.start()
    act()
    thread.join(ARRIVES_S)
    return heard != [] and heard[0] != version


@pytest.fixture
def url(ram_disk: Path) -> str:
    """Return the URL of a log."""
    return f"sqlite:///{ram_disk}/bus.db"


@pytest.fixture
def writer(url: str) -> Iterator[Engine]:
    """Return an engine that commits."""
    with closing(open_engine(url)) as engine:
        yield engine


@pytest.fixture
def reader(url: str, writer: Engine) -> Iterator[Engine]:
    """Return an engine that waits, as another process would."""
    with closing(open_engine(url)) as engine:
        yield engine


@pytest.fixture
def sockets(reader: Engine) -> Path:
    """Return the folder of sockets."""
    folder: Path = reader._store._bell._folder  # type: ignore[attr-defined]
    return folder


@pytest.fixture
def only_datagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody look again by himself."""
    monkeypatch.setattr("bus.transports.sqlite.log.LOOK_AGAIN_S", 1e6)


@pytest.mark.usefixtures("only_datagrams")
def test_another_engine_is_woken_by_a_datagram_again_and_again(reader: Engine, writer: Engine) -> None:
    assert all(hears(reader, lambda: commit(writer)) for _ in range(10))


@pytest.mark.usefixtures("only_datagrams")
def test_every_waiting_thread_is_woken(reader: Engine, writer: Engine) -> None:
    version = reader.log.wait(0, 1)
    heard: list[int] = []
    threads = [Thread(target=lambda: heard.append(reader.log.wait(version, ARRIVES_S))) for _ in range(8)]
    for thread in threads:
        thread.start()
    commit(writer)
    for thread in threads:
        thread.join(ARRIVES_S)
    assert len(heard) == 8


@pytest.mark.usefixtures("only_datagrams")
def test_a_socket_of_a_dead_process_is_taken_away(reader: Engine, writer: Engine, sockets: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    dead.bind(str(sockets / "99999999-0"))
    dead.close()
    (sockets / "not a socket").touch()
    assert hears(reader, lambda: commit(writer))
    assert not (sockets / "99999999-0").exists()


@pytest.mark.usefixtures("only_datagrams")
def test_sockets_that_a_process_of_the_same_number_left_are_in_nobodys_way(
    reader: Engine, writer: Engine, sockets: Path
) -> None:
    for number in range(50):
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as left:
            left.bind(str(sockets / f"{os.getpid()}-{number}"))
    assert hears(reader, lambda: commit(writer))


@pytest.mark.usefixtures("only_datagrams")
def test_a_full_socket_keeps_nobody_waiting(reader: Engine, writer: Engine, sockets: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as full:
        full.bind(str(sockets / f"{os.getpid()}-999"))
        for _ in range(400):
            commit(writer)
        assert hears(reader, lambda: commit(writer))
        assert full.recv(16) == b"!"


def test_a_folder_that_is_taken_away_is_made_anew_or_done_without(
    reader: Engine, writer: Engine, sockets: Path
) -> None:
    assert hears(reader, lambda: (shutil.rmtree(sockets), commit(writer)))  # type: ignore[func-returns-value]
    assert hears(reader, lambda: commit(writer))


def test_a_folder_that_vanishes_while_it_is_listed_does_not_fail_a_commit(
    writer: Engine, reader: Engine, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanished(_folder: Path) -> Iterator[Path]:
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(Path, "iterdir", vanished)
    assert hears(reader, lambda: commit(writer))


@pytest.mark.parametrize("error", [OSError(105, "no buffers"), PermissionError(13, "no"), OSError(36, "too long")])
def test_no_error_of_a_socket_fails_a_commit(
    writer: Engine, reader: Engine, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def fail(_self: Sockets, _name: str) -> None:
        raise error

    monkeypatch.setattr(Sockets, "_ring_at", fail)
    assert hears(reader, lambda: commit(writer))


@pytest.mark.usefixtures("only_datagrams")
def test_who_can_have_no_socket_polls_and_says_so_once(
    reader: Engine, writer: Engine, sockets: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_self: Ear, _name: str) -> None:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(Ear, "__init__", refuse)
    monkeypatch.setattr(logging.getLogger("lienthong"), "propagate", True)
    assert hears(reader, lambda: commit(writer))
    assert hears(reader, lambda: commit(writer))
    told = {id(record): record for record in caplog.records}.values()  # a handler of another test may hear it twice
    ours = [record for record in told if record.lienthong_facts["folder"] == str(sockets)]  # type: ignore[attr-defined]
    assert [record.levelname for record in ours] == ["WARNING"]


@pytest.mark.usefixtures("only_datagrams")
def test_a_runtime_folder_with_a_long_name_is_done_without(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as base:
        long = Path(base) / ("long" * 30)
        long.mkdir()
        monkeypatch.setattr(bell, "_runtime_folder", lambda: long)
        with closing(open_engine(url)) as writer, closing(open_engine(url)) as reader:
            assert hears(reader, lambda: commit(writer))


@pytest.mark.usefixtures("only_datagrams")
def test_without_a_runtime_folder_readers_poll(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise PermissionError(13, "no")

    monkeypatch.setattr(bell, "_runtime_folder", none)
    with closing(open_engine(url)) as writer, closing(open_engine(url)) as reader:
        assert hears(reader, lambda: commit(writer))


@pytest.mark.parametrize("make", [lambda folder: folder.mkdir(mode=0o755), lambda folder: folder.symlink_to("/tmp")])  # noqa: S108
def test_a_runtime_folder_that_others_may_enter_or_that_leads_elsewhere_is_not_used(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "runtime")
    with pytest.raises(PermissionError):
        _own_folder(tmp_path / "runtime")


def test_closing_leaves_no_socket_and_no_folder(url: str) -> None:
    engine = open_engine(url)
    folder: Path = engine._store._bell._folder  # type: ignore[attr-defined]
    engine.log.wait(engine.log.wait(0, 1), 0.01)
    had = len(list(folder.iterdir()))
    engine.close()
    assert (had, folder.exists()) == (1, False)


def test_who_waits_while_the_engine_is_closed_ends(url: str) -> None:
    engine = open_engine(url)
    version = engine.log.wait(0, 1)
    errors: list[TransportError] = []

    def wait() -> None:
        try:
            engine.log.wait(version, ARRIVES_S)
        except TransportError as error:
            errors.append(error)

    thread = Thread(target=wait)
    thread.start()
    engine.close()
    thread.join(ARRIVES_S)
    assert len(errors) == 1
