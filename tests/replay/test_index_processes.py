"""Several processes and one index: asked at once, and killed while they read."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bus.transports import open_engine
from tests.replay.asker import ask
from tests.replay.doubles import another, make_topics, publish

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "4"))
DOSSIERS, EVENTS = 50, 4000
CODE = "H56.14-261124-0007"


@pytest.fixture
def expected(tmp_path: Path) -> list[str]:
    """Write a log of some dossiers and return the places of one's events."""
    engine = open_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    make_topics(engine)
    events = [another(number % DOSSIERS) for number in range(EVENTS)]
    places = [place for start in range(0, EVENTS, 500) for place in publish(engine, *events[start : start + 500])]
    engine.close()
    return sorted(str(place) for place, event in zip(places, events, strict=True) if event.key == CODE)


def begin(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.replay.asker", str(folder), CODE]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def test_processes_that_ask_at_once_all_get_the_whole_answer(tmp_path: Path, expected: list[str]) -> None:
    askers = [begin(tmp_path) for _ in range(3)]
    answers = [json.loads(asker.communicate()[0]) for asker in askers]
    assert answers == [expected] * 3


def test_a_follower_killed_at_any_point_leaves_a_right_index(tmp_path: Path, expected: list[str]) -> None:
    for _ in range(ROUNDS):
        asker = begin(tmp_path)
        try:
            asker.wait(timeout=random.uniform(0.1, 1.2))
        except subprocess.TimeoutExpired:
            asker.kill()
        asker.communicate()
    assert ask(tmp_path, CODE) == expected
