"""Searching by time, topic, type and agency: the first matches by time, and a count of all."""

from __future__ import annotations

from typing import Any

import pytest

from bus.transport import Engine
from replay.moments import Window
from replay.reading import Coverage
from replay.search import Matches, Wanted, search
from tests.replay.doubles import JsonWire, an_event, another, append_broken, later, publish

NOON_MS = round(later(0).timestamp() * 1000)


def run(engine: Engine, *, most: int = 10, window: Window | None = None, **wanted: Any) -> tuple[Matches, Coverage]:
    asked = Wanted(window=window or Window(), **wanted)
    return search(engine, JsonWire(), asked, most, lambda done, total: None)


@pytest.fixture
def payment(engine: Engine) -> str:
    """Publish two receipts and, between them, a payment of another agency; return the payment's place."""
    paid = another(2, type="PaymentConfirmed", payload={"paymentNumber": "P1"}, agency="KBNN", time=later(5))
    return str(publish(engine, an_event(time=later(9)), paid, another(3, time=later(1)))[1])


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "PaymentConfirmed"},
        {"agency": "KBNN"},
        {"topic": "payment.events"},
        {"window": Window(first=NOON_MS + 120_000, last=NOON_MS + 400_000)},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
def test_each_condition_finds_what_it_means(engine: Engine, payment: str, wanted: dict[str, Any]) -> None:
    matches, _ = run(engine, **wanted)
    assert [one.place for one in matches.happenings] == [payment]


def test_matches_stand_in_the_order_in_which_they_happened(engine: Engine, payment: str) -> None:
    matches, _ = run(engine)
    assert [one.occurred - NOON_MS for one in matches.happenings] == [60_000, 300_000, 540_000]


def test_of_many_matches_the_first_are_shown_and_all_are_counted(engine: Engine, payment: str) -> None:
    matches, _ = run(engine, most=1)
    assert ([one.occurred - NOON_MS for one in matches.happenings], matches.total) == ([60_000], 3)


def test_a_range_of_acceptance_reads_only_what_lies_in_it(engine: Engine, payment: str) -> None:
    _, coverage = run(engine, window=Window(last=1, by="accepted"))
    assert sum(span.end - span.first for span in coverage.spans.values()) == 0


def test_an_unreadable_record_that_may_be_meant_is_named(engine: Engine) -> None:
    broken = append_broken(engine, ce_type="PaymentConfirmed", ce_agency="KBNN")
    _, coverage = run(engine, type="PaymentConfirmed")
    assert [one.place for one in coverage.unreadable] == [str(broken)]


def test_an_unreadable_record_of_another_type_is_not(engine: Engine) -> None:
    append_broken(engine, ce_type="DossierReceived")
    _, coverage = run(engine, type="PaymentConfirmed")
    assert coverage.unreadable == []


def test_dead_letters_are_not_events(engine: Engine) -> None:
    append_broken(engine, "dossier.events.dead-letter")
    matches, coverage = run(engine)
    assert (matches.total, coverage.unreadable) == (0, [])
    assert not [name for name in coverage.spans if name.topic.endswith(".dead-letter")]
