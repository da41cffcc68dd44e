"""A replay that is killed again and again gives every target just what was planned: once each, in order per key."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from bus.cli.session import Session
from bus.records import Record
from bus.replays import ORIGIN
from replay.runs import shelf
from replay.runs.plan import Pace, Plan, TargetSpec
from replay.runs.targets.naming import target_of
from tests.faults.conftest import Worker
from tests.replay.runs.reading import with_fastavro
from tests.replay.runs.receiver import Receiver
from tests.replay.runs.world import TOPIC, a_plan, a_session, history, past, place_of, publish, real_time, records_of

Start: TypeAlias = Callable[..., Worker]
Found: TypeAlias = list[tuple[str, bytes | None]]
"""Origins and keys, in a target's order."""

RUNNER = "tests.replay.runs.runner"
EVENTS, KILLS = 900, 30


class Arrival(NamedTuple):
    """A target, and what a reader finds there of a plan's run."""

    spec: TargetSpec
    read: Callable[[Session, Plan], Found]


def _container(folder: Path) -> Arrival:
    file = folder / "history.avro"

    def read(_session: Session, _plan: Plan) -> Found:
        return [((dict(one.marks)[ORIGIN] or b"").decode(), one.key) for one in with_fastavro(file)]

    return Arrival(target_of(str(file)), read)


def _lines(folder: Path) -> Arrival:
    file = folder / "history.jsonl"

    def read(_session: Session, _plan: Plan) -> Found:
        told = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return [(one["replay"]["origin"], one["key"].encode()) for one in told]

    return Arrival(target_of(str(file)), read)


def _topic(_folder: Path) -> Arrival:
    def read(session: Session, plan: Plan) -> Found:
        mine = [one for one in records_of(session, TOPIC) if one.text("lt_replay_run") == plan.run]
        return [(one.text("lt_replay_origin"), one.key) for one in mine]

    return Arrival(target_of(TOPIC), read)


@contextmanager
def _endpoint(folder: Path) -> Iterator[Arrival]:
    with Receiver(folder / "receiver.db") as receiver:

        def read(_session: Session, plan: Plan) -> Found:
            events = receiver.store.events(plan.run)
            return [(one["ltreplayorigin"], one["partitionkey"].encode()) for one in events]

        yield Arrival(target_of(receiver.url), read)


@pytest.fixture(params=["avro", "jsonl", "topic", "http"])
def arrival(request: pytest.FixtureRequest, folder: Path) -> Iterator[Arrival]:
    if request.param == "http":
        with _endpoint(folder) as over_http:
            yield over_http
    else:
        yield {"avro": _container, "jsonl": _lines, "topic": _topic}[request.param](folder)


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    with closing(a_session(folder)) as session:
        publish(session, history(EVENTS))
        yield session


def planned(session: Session, folder: Path, spec: TargetSpec, pace: Pace | None = None) -> Plan:
    plan = a_plan(session, spec, pace=pace or Pace())
    shelf.keep(folder, plan)
    return plan


def is_replayed(history_of_it: Sequence[Record], found: Found) -> bool:
    """Say whether all arrived once each, and every key in its order; a key may have become a pseudonym of itself."""
    if sorted(place for place, _ in found) != sorted(map(place_of, history_of_it)):
        return False
    wanted = {place_of(record): (number, record.key) for number, record in enumerate(history_of_it)}
    pseudonyms = {(wanted[place][1], key) for place, key in found}
    per_key: dict[bytes | None, list[int]] = {}
    for place, key in found:
        per_key.setdefault(key, []).append(wanted[place][0])
    one_to_one = len(pseudonyms) == len({key for key, _ in pseudonyms}) == len({key for _, key in pseudonyms})
    return one_to_one and all(numbers == sorted(numbers) for numbers in per_key.values())


def hear(worker: Worker) -> tuple[str, str]:
    """Return the next thing that the process says; nothing at its end."""
    words = worker.output.readline().split()
    return (words[0], words[1]) if words else ("", "")


def kill(worker: Worker) -> None:
    """End it without warning."""
    worker.process.kill()
    worker.process.wait()
    for pipe in (worker.process.stdin, worker.process.stdout):
        assert pipe is not None
        pipe.close()


def ran_to_the_end(worker: Worker) -> str:
    """Wait for the end, and return the outcome."""
    while (said := hear(worker))[0] not in ("over", ""):
        continue
    worker.process.wait()
    return said[1]


def test_thirty_kills_at_random_points_leave_neither_a_gap_nor_a_repeat(
    session: Session, folder: Path, arrival: Arrival, start: Start
) -> None:
    plan = planned(session, folder, arrival.spec, real_time(0.5))
    drawn = random.Random(1)
    for point in sorted(drawn.sample(range(plan.records * 4 // 5), KILLS)):
        worker = start(RUNNER, str(folder), plan.run, str(point), str(drawn.uniform(0, 0.004)))
        assert (ran_to_the_end(worker), worker.process.returncode) == ("", -signal.SIGKILL)
    assert ran_to_the_end(start(RUNNER, str(folder), plan.run)) == "done"
    assert is_replayed(past(session), arrival.read(session, plan))


def test_kills_at_random_moments_of_a_run_that_is_flat_out_do_no_harm_either(
    session: Session, folder: Path, arrival: Arrival, start: Start, rounds: int
) -> None:
    plan = planned(session, folder, arrival.spec)
    drawn = random.Random(rounds)
    for _ in range(rounds):
        worker = start(RUNNER, str(folder), plan.run)
        time.sleep(drawn.uniform(0.2, 0.7))
        kill(worker)
    assert ran_to_the_end(start(RUNNER, str(folder), plan.run)) in ("done", "already")
    assert is_replayed(past(session), arrival.read(session, plan))


def test_two_processes_never_run_one_plan(session: Session, folder: Path, arrival: Arrival, start: Start) -> None:
    plan = planned(session, folder, arrival.spec, real_time(1.0))
    first = start(RUNNER, str(folder), plan.run)
    assert hear(first)[0] == "given"
    second = start(RUNNER, str(folder), plan.run)
    assert (hear(second), second.process.wait() != 0) == (("", ""), True)
    kill(first)
    assert ran_to_the_end(start(RUNNER, str(folder), plan.run)) == "done"
    assert is_replayed(past(session), arrival.read(session, plan))
