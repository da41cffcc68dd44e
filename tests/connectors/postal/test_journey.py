"""Orders out and statuses in, over the real post: its own books are held against the log."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.deadletters import read_letter
from bus.envelope import event_id
from bus.errors import CredentialsRefused, PartnerUnavailable
from connectors.postal.simulator import Simulator
from tests.connectors.postal.world import (
    NAME,
    PHONE,
    STREET,
    Log,
    a_cancelling,
    a_number,
    an_order,
    dong,
    effects,
    hasten,
    open_sink,
    open_source,
    orders_of,
)

NUMBERS = [a_number(place) for place in range(1, 41)]


@pytest.fixture
def troubled(tmp_path: Path) -> Iterator[Simulator]:
    """A post with a seed by which several answers are lost, and whose outage is still to come."""
    with Simulator(tmp_path / "postal", seed=3, trouble=True, outage=True) as one:
        yield one


def row_ids(simulator: Simulator) -> list[str]:
    return [row[0] for row in simulator.store.rows("SELECT id FROM events ORDER BY id")]


def test_what_the_post_tells_stands_in_the_log_once(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(*(an_order(number) for number in NUMBERS))
    assert log.deliver(open_sink(tmp_path, simulator.base_url)) == {"delivered": len(NUMBERS)}
    hasten(simulator.store)
    for _ in range(2):
        log.poll(open_source(tmp_path, simulator.base_url, page_size=7))
    told = log.told()
    assert Counter(event.id for event in told) == Counter(event_id("postal", name) for name in row_ids(simulator))
    assert {event.key for event in told} == set(NUMBERS)
    assert log.letters() == []


def test_a_parcels_statuses_follow_its_order_and_one_another(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(*(an_order(number) for number in NUMBERS))
    log.deliver(open_sink(tmp_path, simulator.base_url))
    hasten(simulator.store)
    log.poll(open_source(tmp_path, simulator.base_url))
    for number in NUMBERS:
        times = [event.time for event in log.told() if event.key == number]
        assert [an_order().time, *times] == sorted({an_order().time, *times})


def test_lost_answers_and_an_outage_make_no_second_order(tmp_path: Path, log: Log, troubled: Simulator) -> None:
    log.publish(*(an_order(number) for number in NUMBERS))
    begun = time.monotonic()
    outcomes = log.deliver(open_sink(tmp_path, troubled.base_url, read_timeout_s=0.5))
    assert (outcomes["delivered"] + outcomes["settled"], log.letters()) == (len(NUMBERS), [])
    assert sorted(orders_of(troubled.store)) == NUMBERS
    assert outcomes["settled"] == troubled.store.rows("SELECT count(*) FROM injected WHERE fault LIKE 'lost%'")[0][0]
    assert outcomes["settled"] > 0
    assert time.monotonic() - begun > 1.0
    assert {call.answered for call in troubled.store.calls()} >= {"503:1"}


def test_delivered_again_by_another_group_member_nothing_acts(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    """The offset may be lost with a restored log; the ledger is what counts."""
    event = an_order()
    log.publish(event, event)
    assert log.deliver(open_sink(tmp_path, simulator.base_url)) == {"delivered": 1, "known": 1}
    assert orders_of(simulator.store) == [event.key]


def test_refused_orders_are_buried_and_the_others_go_on(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order(NUMBERS[0], receiver=None), an_order(NUMBERS[1], cod=dong("0.50")), an_order(NUMBERS[2]))
    log.deliver(open_sink(tmp_path, simulator.base_url))
    letters = [read_letter(record) for record in log.letters()]
    assert sorted(letter.code for letter in letters) == ["LT-E2402", "LT-E2404"]
    assert orders_of(simulator.store) == [NUMBERS[2]]


def test_refused_credentials_bury_nothing(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order())
    with pytest.raises(CredentialsRefused):
        log.deliver(open_sink(tmp_path, simulator.base_url, username="stranger"))
    assert log.letters() == []
    assert log.deliver(open_sink(tmp_path, simulator.base_url)) == {"delivered": 1}


def test_an_order_that_is_cancelled_ends_so(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order(), a_cancelling())
    log.deliver(open_sink(tmp_path, simulator.base_url))
    hasten(simulator.store)
    log.poll(open_source(tmp_path, simulator.base_url))
    assert effects(simulator.store, "cancel", an_order().key) == 1
    (event,) = log.told()
    assert event.payload["status"]["code"] in ("22", "60")


def test_a_cancelling_that_came_from_the_post_does_not_go_back_to_it(
    tmp_path: Path, log: Log, simulator: Simulator
) -> None:
    log.publish(an_order(), a_cancelling(source="postal"))
    assert log.deliver(open_sink(tmp_path, simulator.base_url)) == {"delivered": 1}
    assert effects(simulator.store, "cancel", an_order().key) == 0


def test_cash_on_delivery_is_told_when_it_is_paid_out(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order(cod=dong("50000")))
    log.deliver(open_sink(tmp_path, simulator.base_url))
    hasten(simulator.store)
    log.poll(open_source(tmp_path, simulator.base_url))
    last = log.told()[-1]
    assert (last.type, last.payload["amount"]["amount"]) == ("PostalCodPaid", 50_000)


def test_of_other_customers_nothing_is_told(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order())
    log.deliver(open_sink(tmp_path, simulator.base_url))
    hasten(simulator.store)
    books = log.poll(open_source(tmp_path, simulator.base_url, customers={"H31-KHAC": "VNPOST"}))
    assert (books.rows >= 4, books.published, books.dead_lettered) == (True, 0, 0)


def test_an_outage_leaves_the_cursor_where_it_was(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order())
    log.deliver(open_sink(tmp_path, simulator.base_url))
    hasten(simulator.store)
    simulator.script(*["503:0"] * 12)
    with pytest.raises(PartnerUnavailable):
        log.poll(open_source(tmp_path, simulator.base_url))
    simulator.desk.script.clear()
    assert log.poll(open_source(tmp_path, simulator.base_url)).published >= 4


def test_ledger_and_letters_hold_no_personal_data(tmp_path: Path, log: Log, simulator: Simulator) -> None:
    log.publish(an_order(), a_cancelling(a_number(9)))
    with closing(log.ledger):
        log.deliver(open_sink(tmp_path, simulator.base_url))
    held = b"".join(file.read_bytes() for file in tmp_path.glob("connectors.db*"))
    headers = b"".join(value or b"" for record in log.letters() for _, value in record.headers)
    assert [text for text in (NAME, STREET, PHONE) if text.encode() in held + headers] == []
