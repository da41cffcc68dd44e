"""The process may end at any step between the ledger, the partner and the log: nothing acts twice or is lost.

Every step is tried: before and after each of the ledger's writes, each call and each commit. Then members that
overtake each other in the middle of a call.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bus.consumer import Consumer, Subscription
from bus.envelope import Envelope
from bus.errors import Fenced, LeftAmbiguous, PartnerUnavailable, Rejected
from bus.redrive import letters, redrive
from bus.transport import Engine
from bus.transports import open_engine
from connectors.attempts import Attempts
from connectors.ledger import Ledger, open_ledger
from tests.bus.doubles import TOPIC, JsonWire, an_event, codes_of_letters, publish
from tests.connectors.delivery_doubles import (
    QUICK,
    CommitHook,
    Crash,
    Fuse,
    Fused,
    Till,
    attempt,
    deliver,
    entries,
    make_topics,
    states,
    told,
)

LOST = PartnerUnavailable("no whole answer", may_have_acted=True)
WRITES = ("begin", "repeat", "finish", "pass_over", "refuse", "park", "forget")
ORDERED = [an_event(n, key=f"k{n % 2}") for n in range(4)]
EVENTS = [*ORDERED, an_event(4, type="FeeAsked"), an_event(5, type="DossierPaused"), an_event(6, payload={"n": "bad"})]


class Picky(Till):
    """A till that refuses what is bad."""

    def deliver(self, delivery):  # type: ignore[no-untyped-def]
        """Act, or refuse."""
        if delivery.operation.reference == "bad":
            raise Rejected("not for sale")
        return super().deliver(delivery)


@contextmanager
def a_house() -> Iterator[tuple[Engine, Ledger]]:
    engine, ledger = open_engine("sqlite://"), open_ledger("sqlite://")
    make_topics(engine)
    yield engine, ledger
    engine.close()
    ledger.close()


def run_to_the_end(engine: Engine, ledger: Ledger, till: Till, fuse: Fuse) -> int:
    """Start the loop again after every crash, and return how many there were."""
    crashes = 0
    while True:
        log = Fused(engine.log, fuse, "commit")
        fused = Fused(engine, fuse)
        fused.log = log
        try:
            deliver(fused, Fused(till, fuse, "deliver", "settle"), Fused(ledger, fuse, *WRITES))  # type: ignore[arg-type]
        except Crash:
            crashes += 1
        else:
            return crashes


def check_books(engine: Engine, ledger: Ledger, till: Till) -> None:
    """Everything acted once, in order, was told once, and nothing else was buried."""
    assert Counter(till.effects) == Counter(["0", "1", "2", "3", "4"])
    assert [[n for n in till.effects if n in key] for key in ("02", "13")] == [["0", "2"], ["1", "3"]]
    assert Counter(told(engine)) == Counter(f"paid {n}" for n in range(5))
    assert codes_of_letters(engine) == ["LT-E2404"]
    assert Counter(states(ledger)) == {"done": 6, "refused": 1}
    ordinals = [one.ordinal for one in entries(ledger) if one.state == "done"]
    assert ordinals == sorted(ordinals, key=int) == list(range(1, 7))


def run_with(burns_at: Callable[[int], bool]) -> tuple[int, int]:
    """Run everything with a fuse, check the books, and return steps and crashes."""
    fuse = Fuse(burns_at)
    with a_house() as (engine, ledger):
        publish(engine, *EVENTS)
        till = Picky(after=[None, None, LOST])
        crashes = run_to_the_end(engine, ledger, till, fuse)
        check_books(engine, ledger, till)
    return fuse.steps, crashes


def test_a_crash_at_any_step_repeats_and_loses_nothing() -> None:
    steps, _ = run_with(lambda _: False)
    assert steps > 40
    for at in range(1, steps + 1):
        assert run_with(lambda step, at=at: step == at)[1] == 1  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(20))
def test_crashes_upon_crashes_repeat_and_lose_nothing(seed: int) -> None:
    draw = random.Random(seed)
    _, crashes = run_with(lambda _: draw.random() < 0.15)
    assert crashes > 0


def test_a_crash_after_a_delivery_was_parked_does_not_call_again(engine: Engine, ledger: Ledger) -> None:
    """Only a person's redrive does: the same record, come again, is none."""
    publish(engine, an_event(1))
    till, fuse = Till(after=[LOST]), Fuse(lambda step: step == 2)
    till.unsettled = LeftAmbiguous("who knows?")
    with pytest.raises(Crash):
        deliver(engine, till, Fused(ledger, fuse, "park"))
    deliver(engine, till, ledger)
    assert (till.effects, codes_of_letters(engine), states(ledger)) == (["1"], ["LT-E2405"], ["ambiguous"])


def test_a_crash_of_a_redriven_delivery_is_settled_like_any(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(before=[LOST])
    till.unsettled = LeftAmbiguous("who knows?")
    deliver(engine, till, ledger)
    redrive(engine, next(iter(letters(engine, [f"{TOPIC}.dead-letter"]))).letter)
    with pytest.raises(Crash):
        deliver(engine, Fused(till, Fuse(lambda step: step == 2), "deliver"), ledger)
    till.unsettled = None
    assert deliver(engine, till, ledger) == {"settled": 1}
    assert (till.effects, told(engine)) == (["1"], ["paid 1"])


# -- members that overtake each other -------------------------------------------------------------------


def test_who_takes_over_in_the_middle_of_a_call_does_not_call_too(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till()
    till.settles_after_s = 100.0

    def take_over() -> None:
        with pytest.raises(PartnerUnavailable):
            attempt(till, ledger, engine)

    till.while_calling = take_over
    assert len(attempt(till, ledger, engine)) == 1
    assert (till.effects, till.asked, states(ledger)) == (["1"], 0, ["done"])


def test_who_finds_out_first_is_heard_and_the_other_tells_the_same(engine: Engine, ledger: Ledger) -> None:
    """The call acted; a new owner asks while the old one still waits for its answer."""
    publish(engine, an_event(1))
    till = Till()
    found: list[list[Envelope]] = []
    till.while_answering = lambda: found.append(attempt(till, ledger, engine))
    early = attempt(till, ledger, engine)
    assert (till.effects, till.asked, found) == (["1"], 1, [early])
    assert [one.attempts for one in entries(ledger)] == [1]


def test_of_two_who_ask_at_once_one_calls_and_the_other_is_fenced(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(before=[LOST])
    with pytest.raises(PartnerUnavailable):
        attempt(till, ledger, engine)

    def overtake() -> None:
        till.while_settling = lambda: None
        attempt(till, ledger, engine)

    till.while_settling = overtake
    with pytest.raises(Fenced):
        attempt(till, ledger, engine)
    assert (till.effects, [one.attempts for one in entries(ledger)]) == (["1"], [2])


def test_what_an_owner_that_was_overtaken_says_of_its_failure_is_not_heard(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till()

    def overtake() -> None:
        till.while_calling = lambda: None
        attempt(till, ledger, engine)
        raise Rejected("too late")

    till.while_calling = overtake
    with pytest.raises(Rejected):
        attempt(till, ledger, engine)
    assert (till.effects, states(ledger)) == (["1"], ["done"])


def test_an_owner_that_lost_its_partition_commits_nothing_and_the_new_one_tells_its_reply(
    engine: Engine, ledger: Ledger
) -> None:
    publish(engine, an_event(1))
    till, sink = Till(), Till()
    taken: list[Consumer] = []

    def lose() -> None:
        """Let another member handle the page first, as after a lease that ran out."""
        if not taken:
            for member in list(engine._members):  # type: ignore[attr-defined]
                member.leave()
            subscription = Subscription(group="till", topics=(TOPIC,), tells_once=True, policy=QUICK)
            taken.append(Consumer(engine, JsonWire(), subscription, Attempts(sink, ledger)))
            taken[0].step()
            taken[0].close()

    deliver(CommitHook(engine, lose), till, ledger)  # type: ignore[arg-type]
    assert (till.effects, sink.effects, told(engine)) == (["1"], [], ["paid 1"])
