"""Several threads' changes in one transaction: each caller has its own result, and all or none are written."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bus.errors import Fenced, LedgerUnavailable
from connectors.ledger import Ledger, open_ledger
from tests.contracts.ledger import a_delivery, a_record, begin, do, entry
from tests.faults.conftest import Worker

THREADS = 6


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'connectors.db'}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(open_ledger(url)) as opened:
        yield opened


def together(ledger: Ledger, *calls: Callable[[], Any]) -> list[Future[Any]]:
    """Make calls that wait for one transaction, in their order, and return how they ended."""
    gate = Event()
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        leader = pool.submit(ledger._line.write, lambda connection: gate.wait(10))
        made = []
        for waiting, call in enumerate((None, *calls), 1):
            made += [pool.submit(call)] if call is not None else []
            until = time.monotonic() + 10
            while len(ledger._line._queue) < waiting and time.monotonic() < until:
                time.sleep(0.001)
        gate.set()
        assert leader.result()
    return made


def fail(ledger: Ledger) -> None:
    ledger._line.write(lambda connection: connection.exec_driver_sql("SELECT 1 FROM nowhere"))


class Interrupted(BaseException):
    """As a person interrupts a thread."""


class Interrupting:
    """A change that interrupts whoever leads when it is first made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, connection: Connection) -> None:
        self.times += 1
        if self.times == 1:
            raise Interrupted


def test_changes_that_wait_at_the_same_moment_share_one_transaction(ledger: Ledger) -> None:
    commits: list[Connection] = []
    event.listen(ledger._engine, "commit", commits.append)
    ends = together(ledger, *(lambda n=n: begin(ledger, a_delivery(n)) for n in range(5)))  # type: ignore[misc]
    assert [end.result() for end in ends] == [None] * 5
    assert len(commits) == 2  # the one they waited for, and theirs


def test_each_caller_has_its_own_answer_and_a_fenced_one_fails_nobody_else(ledger: Ledger) -> None:
    do(ledger, a_delivery(1))
    begin(ledger, a_delivery(2))
    seen = entry(ledger, 2)
    first, again, fenced, finished, known = together(
        ledger,
        lambda: begin(ledger, a_delivery(3)),
        lambda: ledger.repeat(a_delivery(2), a_record(), seen),
        lambda: ledger.repeat(a_delivery(2), a_record(), seen),
        lambda: ledger.finish(a_delivery(2).key, b"two"),
        lambda: begin(ledger, a_delivery(1)),
    )
    assert (first.result(), again.result(), finished.result()) == (None, None, b"two")
    assert known.result() == entry(ledger, 1)
    with pytest.raises(Fenced):
        fenced.result()
    assert (entry(ledger, 2).state, entry(ledger, 2).attempts, entry(ledger, 2).ordinal) == ("done", 2, 2)


def test_an_error_of_the_database_fails_the_whole_group_and_each_may_call_again(ledger: Ledger) -> None:
    begin(ledger, a_delivery(1))

    def finish() -> bytes:
        return ledger.finish(a_delivery(1).key, b"one")

    for end in together(ledger, finish, lambda: fail(ledger), lambda: begin(ledger, a_delivery(2))):
        with pytest.raises(LedgerUnavailable):
            end.result()
    assert [one.state for one in ledger.entries()] == ["sending"]
    assert (finish(), begin(ledger, a_delivery(2))) == (b"one", None)


def test_who_leads_and_is_interrupted_leaves_the_others_to_be_written(ledger: Ledger) -> None:
    numbers, change = range(4), Interrupting()
    begins = [lambda n=n: begin(ledger, a_delivery(n)) for n in numbers]  # type: ignore[misc]
    *ends, last = together(ledger, *begins, lambda: ledger._line.write(change))
    written = {f"R{n}" for n in numbers if ends[n].exception() is None}
    assert {one.reference for one in ledger.entries()} == written
    assert len(written) >= 3
    assert [type(end.exception()) for end in (*ends, last) if end.exception()] == [Interrupted]


def walk(ledger: Ledger, thread: int) -> dict[int, tuple[str, int, bytes]]:
    """Change a thread's own entries at random; return what they must be: state, attempts and answer of each."""
    draw, model = random.Random(thread), dict[int, tuple[str, int, bytes]]()
    for turn in range(100):
        n = thread * 100 + draw.randrange(8)
        known, delivery = model.get(n), a_delivery(n)
        earlier = begin(ledger, delivery)
        assert known == (None if earlier is None else (earlier.state, earlier.attempts, earlier.answer))
        state, attempts, answer = known or ("sending", 1, b"")
        if earlier is not None and state != "done":
            ledger.repeat(delivery, a_record(turn), earlier)
            state, attempts = "sending", attempts + 1
        ending = draw.choice(["refused", "ambiguous", "sending", "done"])
        if ending == "done":
            answer = ledger.finish(delivery.key, b"%d" % turn) if state == "done" else b"%d" % turn
            assert ledger.finish(delivery.key, answer) == answer
        else:
            {"refused": ledger.refuse, "ambiguous": ledger.park, "sending": ledger.forget}[ending](
                delivery.key, attempts
            )
        model[n] = ("done" if state == "done" else ending, attempts, answer)
    return model


def test_threads_that_change_at_random_find_what_a_plain_dictionary_holds(ledger: Ledger) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        models = list(pool.map(lambda thread: walk(ledger, thread), range(THREADS)))
    kept = {one.reference: (one.state, one.attempts, one.answer) for one in ledger.entries()}
    assert kept == {f"R{n}": facts for model in models for n, facts in model.items()}
    ordinals = sorted(one.ordinal for one in ledger.entries() if one.ordinal is not None)
    assert ordinals == list(range(1, len(ordinals) + 1))


@pytest.mark.parametrize("deliveries", [1, 50, 200])
def test_what_threads_acknowledged_before_a_kill_is_there(url: str, deliveries: int) -> None:
    clerk = Worker("tests.connectors.clerk", url, str(THREADS))
    told = [clerk.hear("done") for _ in range(deliveries)] + clerk.kill()
    with closing(open_ledger(url)) as ledger:
        entries = {one.reference: one for one in ledger.entries()}
    assert {entries[f"R{n}"].state for n in told} == {"done"}
    done = [one for one in entries.values() if one.state == "done"]
    assert len(told) <= len(done) <= len(told) + THREADS
    assert sorted(one.ordinal or 0 for one in done) == list(range(1, len(done) + 1))
    assert len(entries) <= len(done) + THREADS
