"""The serving process is killed at random moments while notices come: each that was answered is one record."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread

import pytest

from bus.records import TopicPartition
from bus.transports import open_engine
from connectors.notebook import pages
from tests.connectors.serving_world import Served, write_configs

ROOT = Path(__file__).resolve().parents[2]
_KILLS = 30


class Process:
    """A serving process, from outside."""

    def __init__(self, data: Path, port: int = 0) -> None:
        words = ["--data", str(data), "connector", "serve", "--port", str(port), "--json"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.connectors.serving_world", *words],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.served = Served(json.loads(self._process.stdout.readline())["base_url"])

    def kill(self) -> None:
        """End it without warning."""
        self._process.kill()
        self._gone()

    def end(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.terminate()
        self._process.wait(20)
        self._gone()
        return self._process.returncode

    def _gone(self) -> None:
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Partner:
    """Sends notices one after the other, each again until it is answered with success; some come twice."""

    def __init__(self, served: Served, name: str) -> None:
        self._served, self._name = served, name
        self._stop = Event()
        self.answered: list[str] = []
        self._thread = Thread(target=self._send)
        self._thread.start()

    def end(self) -> None:
        """Have the last notice answered, and stop."""
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.is_set():
            notice = f"{self._name}-{len(self.answered)}"
            while not self._is_taken(notice):
                time.sleep(0.01)
            if len(self.answered) % 5 == 0:
                self._is_taken(notice)
            self.answered.append(notice)

    def _is_taken(self, notice: str) -> bool:
        try:
            return self._served.notify(notice, reason=notice).status == 200
        except (OSError, HTTPException):
            return False


@contextmanager
def partners(served: Served) -> Iterator[list[str]]:
    """Let three partners send; what was answered is in the list at the end."""
    senders, answered = [Partner(served, name) for name in "abc"], list[str]()
    try:
        yield answered
    finally:
        for sender in senders:
            sender.end()
            answered += sender.answered


def told(data: Path) -> Counter[str]:
    """Return how often each reason was told, and check the log."""
    with closing(open_engine(f"sqlite:///{data}/bus.db")) as engine:
        assert {finding.level for finding in engine.admin.check()} <= {"ok", "warning"}
        found = [record for partition in range(4) for record in
                 engine.log.read(TopicPartition("dossier.events", partition), 0, 1_000_000)]  # fmt: skip
    return Counter(record.text("ce_id") for record in found)


def test_killed_at_random_moments_each_answered_notice_is_one_record(tmp_path: Path) -> None:
    draw = random.Random(4)
    write_configs(tmp_path, hook={"a": 1})
    process = Process(tmp_path)
    port = int(process.served.port)
    with partners(process.served) as answered:
        for _ in range(_KILLS):
            time.sleep(draw.uniform(0.0, 0.4))
            process.kill()
            process = Process(tmp_path, port)
        time.sleep(0.3)
    assert process.end() == 0
    counts = told(tmp_path)
    assert (len(counts), set(counts.values())) == (len(answered), {1})
    assert len(answered) > _KILLS


def test_a_process_that_is_asked_to_end_does_so_soon_and_says_how_its_parts_stood(tmp_path: Path) -> None:
    write_configs(tmp_path, hook={"a": 1}, list={"words": "một hai"}, box={"a": 1})
    process = Process(tmp_path)
    process.served.until(lambda parts: parts["sink box"]["lag"] == 0 and parts["source list"]["cursor"] == "2")
    assert process.end() == 0
    (page,) = pages(tmp_path)
    assert (page.is_alive, {one.kind for one in page.standings}) == (False, {"source", "sink", "webhook"})


def test_a_process_whose_partner_does_not_answer_ends_soon_all_the_same(tmp_path: Path) -> None:
    write_configs(tmp_path, list={"words": "một hai"}, box={"slow_s": 3600})
    process = Process(tmp_path)
    process.served.until(lambda _: (tmp_path / "connectors" / "box.txt").exists())
    assert process.end() == 0
    write_configs(tmp_path, box={"slow_s": 0})
    process = Process(tmp_path)
    process.served.until(lambda parts: parts["sink box"]["lag"] == 0)
    assert process.end() == 0
    assert (tmp_path / "connectors" / "box.txt").read_text("utf-8").split() == ["một", "một", "hai"]


def test_two_processes_with_the_same_configurations_tell_and_deliver_everything_once(tmp_path: Path) -> None:
    words = [f"từ-{number}" for number in range(40)]
    write_configs(tmp_path, hook={"a": 1}, list={"words": " ".join(words)}, box={"a": 1})
    one, other = Process(tmp_path), Process(tmp_path)
    for number in range(20):
        assert {process.served.notify(f"n-{number}", reason=f"n-{number}").status for process in (one, other)} == {200}
    one.kill()
    other.served.until(lambda parts: parts["source list"]["cursor"] == "40" and parts["sink box"]["lag"] == 0)
    assert other.end() == 0
    assert set(told(tmp_path).values()) == {1}
    box = (tmp_path / "connectors" / "box.txt").read_text("utf-8").split()
    assert set(box) == {*words, *(f"n-{number}" for number in range(20))}


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of a file's size is set through Linux")
def test_while_files_may_not_grow_notices_are_not_answered_with_success_and_come_again(tmp_path: Path) -> None:
    import resource

    write_configs(tmp_path, hook={"a": 1})
    process = Process(tmp_path)
    child = process._process.pid
    for number in range(5):
        assert process.served.notify(f"n-{number}").status == 200
    whole = resource.prlimit(child, resource.RLIMIT_FSIZE)
    resource.prlimit(child, resource.RLIMIT_FSIZE, (4096, whole[1]))
    full = [process.served.notify(f"full-{number}") for number in range(3)]
    resource.prlimit(child, resource.RLIMIT_FSIZE, whole)
    again = [process.served.notify(f"full-{number}") for number in range(3)]
    assert ({answer.status for answer in full}, {answer.status for answer in again}) == ({503}, {200})
    assert process.end() == 0
    assert (sum(told(tmp_path).values()), set(told(tmp_path).values())) == (8, {1})
