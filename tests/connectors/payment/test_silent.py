"""What stays silent: the source's contract, when a payment is due, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bus.errors import CursorLost, PartnerUnavailable, Rejected
from connectors.ledger import Entry
from connectors.payment import orders
from connectors.payment.config import load
from connectors.payment.gateways import open_gateways
from connectors.payment.orders import Charge, Order, State
from connectors.payment.silent import Patience, SilentPayments, due_at, outcome
from connectors.payment.simulator.server import Simulator
from connectors.sdk import Source
from tests.connectors.payment.world import BOTH, House, a_house, a_reference, a_request, follow, later, link_of, until
from tests.contracts.source import OpenSource, SourceContract

MINUTE, HOUR = 60_000, 3_600_000
PATIENCE = Patience(silent=MINUTE, rest=HOUR, given_up=24 * HOUR)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path) as one:
        yield one


@pytest.fixture
def simulator(house: House) -> Iterator[Simulator]:
    """Both gateways; they tell nobody of anything."""
    with Simulator(house.folder / "sim") as one:
        house.move_in(one.base_url)
        yield one


def opened(house: House, *numbers: int, gateway: str = "DVCQG", is_paid: bool = True) -> None:
    house.publish(*(a_request(number, gateway) for number in numbers))
    house.deliver()
    for event in house.told("PaymentOpened"):
        if is_paid:
            assert follow(link_of(event)) == 200


def source_of(house: House, clock: Callable[[], int]) -> SilentPayments:
    settings = load(house.folder / "payment.yaml")
    source = SilentPayments(settings, open_gateways(settings), clock)
    source.keep(house.ledger)
    return source


def ask(house: House, hours: float) -> None:
    house.silent.close()
    house.silent = source_of(house, later(hours))
    house.ask()
    house.deliver()


class TestSilentPayments(SourceContract):
    @pytest.fixture
    def open_source(self, house: House, simulator: Simulator) -> OpenSource:
        opened(house, 1, 2, 3)
        opened(house, 4, 5, gateway="VNPAY")
        now = later(1)()

        def open_one() -> Source:
            return source_of(house, lambda: now)

        return open_one


class Gateway:
    """Says what it is told to of each payment, and remembers who was asked about."""

    is_repeatable = False

    def __init__(self, says: Callable[[str], Charge]) -> None:
        self._says, self.asked = says, list[str]()

    def query(self, reference: str, _order: Order) -> Charge:
        self.asked.append(reference)
        return self._says(reference)

    def open(self, order: Order, payload: Any) -> Any:
        raise NotImplementedError

    def find(self, reference: str, order: Order) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass


class Waiting:
    """A ledger in which payments wait, each begun a second after the one before."""

    def __init__(self, count: int) -> None:
        self._entries = [an_entry(number * 1000, a_reference(number)) for number in range(count)]

    def waiting(self, _name: str, _operation: str, _other: str, before: int, _limit: int) -> list[Entry]:
        return [entry for entry in self._entries if entry.begun_at < before]


def an_entry(begun_at: int, reference: str = "R") -> Entry:
    order = Order(gateway="DVCQG", amount=50_000, requested="20260609081500")
    return Entry(
        connector="payment", operation="init", reference=reference, key=reference, event_id=UUID(int=1),
        topic="payment.events", partition=0, offset=0, record_key=b"H31.14-260609-0001", state="done", attempts=1,
        asked=orders.written(order), answer=b"", begun_at=begun_at, ended_at=begun_at, ordinal=1,
    )  # fmt: skip


def a_source(folder: Path, house: House, gateway: Gateway, count: int, now: int) -> SilentPayments:
    house.move_in("http://127.0.0.1:1", silent_after_s=60, gives_up_after_h=24)
    source = SilentPayments(load(folder / "payment.yaml"), {"DVCQG": gateway}, lambda: now)
    source.keep(Waiting(count))  # type: ignore[arg-type]
    return source


PENDING = Charge(state=State.PENDING, code="01")


def test_a_payment_is_asked_about_ever_more_rarely_and_a_last_time() -> None:
    entry = an_entry(0)
    due = sorted({due_at(entry, now, PATIENCE).at for now in range(MINUTE, 26 * HOUR, 10_000)})
    assert due[:6] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE]
    assert max(after - before for before, after in pairwise(due)) <= HOUR
    assert (due[-1], due_at(entry, 25 * HOUR, PATIENCE).is_last) == (24 * HOUR, True)
    assert len(due) < 35


def test_thousands_that_are_open_are_asked_a_few_at_a_time_once_each(tmp_path: Path, house: House) -> None:
    gateway = Gateway(lambda _: PENDING)
    with closing(a_source(tmp_path, house, gateway, 1000, now=30 * HOUR)) as source:
        cursor, sizes = None, []
        while True:
            before = len(gateway.asked)
            batch = source.fetch(cursor)
            sizes.append(len(gateway.asked) - before)
            cursor = batch.cursor
            if not batch.more:
                break
    assert max(sizes) == 100
    assert sorted(gateway.asked) == sorted({a_reference(number) for number in range(1000)})
    assert len(cursor) < 100


def test_a_quiet_time_leaves_the_cursor_as_it_is(tmp_path: Path, house: House) -> None:
    with closing(a_source(tmp_path, house, Gateway(lambda _: PENDING), 3, now=70_000)) as source:
        cursor = source.fetch(None).cursor
        assert source.fetch(cursor).cursor == cursor


def test_an_outage_in_the_middle_keeps_what_was_told_before(tmp_path: Path, house: House) -> None:
    paid = Charge(state=State.PAID, amount=Decimal(50_000), transaction="77", paid_at="20260609082500")

    def says(reference: str) -> Charge:
        if reference == a_reference(2):
            raise PartnerUnavailable("down")
        return paid

    with closing(a_source(tmp_path, house, Gateway(says), 4, now=HOUR)) as source:
        batch = source.fetch(None)
        assert [item.native_id for item in batch.items] == [a_reference(0), a_reference(1)]
        with pytest.raises(PartnerUnavailable):
            source.fetch(batch.cursor)


def test_a_payment_that_the_gateway_does_not_talk_about_is_buried(tmp_path: Path, house: House) -> None:
    def says(_reference: str) -> Charge:
        raise Rejected("no")

    with closing(a_source(tmp_path, house, Gateway(says), 1, now=HOUR)) as source:
        (item,) = source.fetch(None).items
    assert (type(item.fault), item.value, item.key) == (Rejected, None, "H31.14-260609-0001")


@pytest.mark.parametrize(("gateway", "charge", "is_last", "told"), [
    ("DVCQG", PENDING, False, None),
    ("DVCQG", PENDING, True, "unpaid"),
    ("DVCQG", Charge(state=State.FAILED, code="02"), False, None),
    ("DVCQG", Charge(state=State.UNKNOWN), False, None),
    ("DVCQG", Charge(state=State.UNKNOWN), True, "missing-there"),
    ("VNPAY", Charge(state=State.UNKNOWN), True, "unpaid"),
    ("VNPAY", Charge(state=State.REFUNDED), False, "refund"),
    ("VNPAY", Charge(state=State.PAID, amount=Decimal(1)), False, "amount"),
    ("VNPAY", Charge(state=State.PAID, amount=Decimal(50_000)), False, "missing-here"),
])  # fmt: skip
def test_what_a_question_comes_to(gateway: str, charge: Charge, is_last: bool, told: str | None) -> None:
    order = Order(gateway=gateway, amount=50_000, requested="20260609081500")
    assert outcome(order, charge, is_last=is_last) == told


@pytest.mark.parametrize("gateway", BOTH)
def test_what_nobody_pays_is_given_up_once(house: House, simulator: Simulator, gateway: str) -> None:
    opened(house, 1, gateway=gateway, is_paid=False)
    for hours in (1, 25, 26, 50):
        ask(house, hours)
    assert (house.differences(), house.told("PaymentConfirmed")) == (["unpaid"], [])


def test_what_was_given_up_and_is_paid_after_all_is_confirmed_by_its_notice(tmp_path: Path) -> None:
    with a_house(tmp_path) as house, Simulator(tmp_path / "sim", notify=house.notify) as simulator:
        house.move_in(simulator.base_url)
        opened(house, 1, is_paid=False)
        ask(house, 25)
        assert follow(link_of(house.told("PaymentOpened")[0])) == 200
        until(lambda: bool(house.told("PaymentNoticeReceived")), "the notice came")
        house.deliver()
        assert (house.differences(), len(house.told("PaymentConfirmed"))) == (["ok", "unpaid"], 1)


def test_a_notice_that_comes_after_the_question_confirms_nothing_again(tmp_path: Path) -> None:
    with a_house(tmp_path) as house:
        with Simulator(tmp_path / "sim") as simulator:
            house.move_in(simulator.base_url)
            opened(house, 1)
            ask(house, 1)
            port = simulator.port
        with Simulator(tmp_path / "sim", port=port, notify=house.notify):
            until(lambda: bool(house.told("PaymentNoticeReceived")), "the notice came")
            house.deliver()
        assert (house.differences(), len(house.told("PaymentConfirmed"))) == (["missing-here"], 1)


def test_another_connectors_cursor_is_refused(tmp_path: Path, house: House) -> None:
    source = a_source(tmp_path, house, Gateway(lambda _: PENDING), 1, now=HOUR)
    with closing(source), pytest.raises(CursorLost):
        source.fetch(b'{"feed":"dossiers"}')
