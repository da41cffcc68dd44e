"""Whole walks over real HTTP: requested, opened, paid, notified, confirmed and reconciled, once each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path

import pytest

from connectors.payment.config import load
from connectors.payment.gateways import open_gateways
from connectors.payment.silent import SilentPayments
from connectors.payment.simulator.draws import Draws
from connectors.payment.simulator.server import Simulator
from connectors.simulation.chance import way_of_losing
from tests.connectors.payment.world import (
    BOTH,
    House,
    a_house,
    a_reference,
    a_request,
    follow,
    later,
    link_of,
    types,
    until,
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path) as one:
        yield one


def troubled(trouble: str, seed: int = 7) -> int:
    """Return the number of a payment whose notices have this trouble."""
    return next(n for n in range(10_000) if Draws(seed).notices(a_reference(n))[0] == trouble)


def answered(simulator: Simulator) -> int:
    rows = simulator.books.store.rows("SELECT count(*) FROM notices WHERE answered = 1")
    return int(rows[0][0])


def effects(simulator: Simulator) -> list[tuple[str, str]]:
    return [(call.service, call.reference) for call in simulator.books.store.calls() if call.acted]


@contextmanager
def running(house: House, seed: int = 7, *, trouble: bool = False) -> Iterator[Simulator]:
    with Simulator(house.folder / "sim", seed=seed, notify=house.notify, trouble=trouble) as simulator:
        house.move_in(simulator.base_url)
        yield simulator


@pytest.mark.parametrize("gateway", BOTH)
def test_a_payment_is_opened_paid_notified_and_confirmed_once(house: House, gateway: str) -> None:
    with running(house) as simulator:
        house.publish(a_request(1, gateway))
        house.deliver()
        assert follow(link_of(house.told("PaymentOpened")[0])) == 200
        until(lambda: answered(simulator) == 1, "the notice is answered")
        house.deliver()
        house.deliver()
    assert types(house.told()) == [
        "PaymentConfirmed", "PaymentNoticeReceived", "PaymentOpened", "PaymentReconciled", "PaymentRequested",
    ]  # fmt: skip
    assert (house.differences(), house.letters()) == (["ok"], [])


def test_every_event_names_its_cause_and_its_dossier(house: House) -> None:
    with running(house) as simulator:
        house.publish(a_request(1))
        house.deliver()
        follow(link_of(house.told("PaymentOpened")[0]))
        until(lambda: answered(simulator) == 1, "the notice is answered")
        house.deliver()
    told = {event.type: event for event in house.told()}
    assert {event.key for event in told.values()} == {event.correlation for event in told.values()}
    assert told["PaymentOpened"].causation == told["PaymentRequested"].id
    assert told["PaymentConfirmed"].causation == told["PaymentNoticeReceived"].id
    assert told["PaymentNoticeReceived"].causation == told["PaymentOpened"].id
    times = [told[name].time for name in ("PaymentRequested", "PaymentOpened", "PaymentConfirmed")]
    assert times == sorted(set(times))


@pytest.mark.parametrize("gateway", BOTH)
def test_a_payment_whose_notice_never_comes_is_found_by_asking(house: House, gateway: str) -> None:
    number = troubled("never-sent")
    with running(house, trouble=True) as simulator:
        house.publish(a_request(number, gateway))
        house.deliver()
        follow(link_of(house.told("PaymentOpened")[0]))
        house.ask()
        assert house.told("PaymentConfirmed") == []  # it is not yet silent for long enough
        settings = load(house.folder / "payment.yaml")
        house.silent.close()
        house.silent = SilentPayments(settings, open_gateways(settings), later(hours=1))
        house.silent.keep(house.ledger)
        house.ask()
        house.deliver()
        house.ask()
        asked = len([call for call in simulator.books.store.calls() if call.service in ("QUERY", "querydr")])
    (confirmed,) = house.told("PaymentConfirmed")
    assert (confirmed.payload["confirmedBy"]["code"], house.differences()) == ("query", ["missing-here"])
    assert asked == 1  # what is settled is not asked about again


def test_notices_that_are_sent_twice_or_three_times_are_told_once(house: House) -> None:
    number = troubled("repeated")
    with running(house, trouble=True) as simulator:
        house.publish(a_request(number), a_request(number + 10_000, "VNPAY"))
        house.deliver()
        for opened in house.told("PaymentOpened"):
            follow(link_of(opened))
        owed = int(simulator.books.store.rows("SELECT count(*) FROM notices")[0][0])
        until(lambda: answered(simulator) == owed, "all notices are answered")
        codes = [row[0] for row in simulator.books.store.rows("SELECT code FROM sends WHERE status = 200")]
        house.deliver()
    assert owed > len(house.told("PaymentNoticeReceived")) == 2
    assert (len(house.told("PaymentConfirmed")), len(codes)) == (2, owed)


def test_an_answer_lost_at_init_is_found_by_asking_and_nothing_is_opened_twice(house: House) -> None:
    number = next(n for n in range(10_000) if way_of_losing(7, "INIT", a_reference(n)) == "truncated")
    with running(house, trouble=True) as simulator:
        house.publish(a_request(number))
        house.deliver()
        calls = [(call.service, call.answered) for call in simulator.books.store.calls()]
        assert effects(simulator) == [("INIT", a_reference(number))]
    assert calls == [("INIT", "0"), ("QUERY", "0")]
    assert len(house.told("PaymentOpened")) == 1


def test_a_second_request_of_another_amount_is_refused_and_does_not_hide_the_first(house: House) -> None:
    with running(house) as simulator:
        house.publish(a_request(1), a_request(1, amount=70_000))
        house.deliver()
        follow(link_of(house.told("PaymentOpened")[0]))
        until(lambda: answered(simulator) == 1, "the notice is answered")
        house.deliver()
    assert (house.differences(), len(house.letters()), len(house.told("PaymentConfirmed"))) == (["ok"], 1, 1)


def start(folder: Path, notify: str, port: int = 0) -> tuple[subprocess.Popen[str], str]:
    """Start the simulator as a process, and return it with its address."""
    arguments = ["--port", str(port), "--data", str(folder), "--seed", "7", "--notify", notify]
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.payment.simulator", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, str(loads(process.stdout.readline())["base_url"])


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    os.kill(process.pid, number)
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


def test_a_gateway_that_is_killed_sends_after_its_restart_what_it_owes(house: House) -> None:
    process, base_url = start(house.folder / "sim", "http://127.0.0.1:9/hooks/payment")
    house.move_in(base_url)
    house.publish(a_request(1), a_request(2, "VNPAY"))
    house.deliver()
    for opened in house.told("PaymentOpened"):
        follow(link_of(opened))
    end(process, signal.SIGKILL)
    process, _ = start(house.folder / "sim", house.notify, int(base_url.rpartition(":")[2]))
    try:
        until(lambda: len(house.told("PaymentNoticeReceived")) == 2, "both notices came")
        assert [follow(link_of(opened)) for opened in house.told("PaymentOpened")] == [200, 200]
        house.deliver()
    finally:
        end(process, signal.SIGTERM)
    assert (house.differences(), len(house.told("PaymentNoticeReceived"))) == (["ok", "ok"], 2)
