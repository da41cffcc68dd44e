"""What goes wrong on the wire, by the error that it becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.errors import (
    ConnectorError,
    CredentialsRefused,
    CursorLost,
    LeftAmbiguous,
    PartnerUnavailable,
    Rejected,
    RequestRefused,
)  # fmt: skip
from connectors.postal.simulator import Simulator
from connectors.postal.sink import PostalSink
from connectors.postal.source import FIRST, PostalSource, rows
from connectors.sdk import Delivery
from tests.connectors.postal.world import (
    DOSSIER,
    a_cancelling,
    a_number,
    a_row,
    an_order,
    effects,
    hasten,
    open_sink,
    open_source,
    orders_of,
)  # fmt: skip
from tests.contracts.sink import delivery_of


@pytest.fixture
def sink(tmp_path: Path, simulator: Simulator) -> Iterator[PostalSink]:
    with closing(open_sink(tmp_path, simulator.base_url)) as one:
        yield one


@pytest.fixture
def source(tmp_path: Path, simulator: Simulator) -> Iterator[PostalSource]:
    with closing(open_source(tmp_path, simulator.base_url)) as one:
        yield one


@pytest.fixture
def ordering(sink: PostalSink) -> Delivery:
    return delivery_of(sink, an_order())


# -- the sink -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["truncated", "silence", "html", "cut-json", "contradiction", "other-contradiction"])
def test_after_an_answer_that_tells_nothing_the_post_may_have_acted(
    sink: PostalSink, ordering: Delivery, simulator: Simulator, fault: str
) -> None:
    simulator.script(fault)
    with pytest.raises(PartnerUnavailable) as broken:
        sink.deliver(ordering)
    assert broken.value.may_have_acted
    assert (orders_of(simulator.store), sink.settle(ordering)) == ([DOSSIER], b"")


@pytest.mark.parametrize(("fault", "wait_s"), [("busy", None), ("503:7", 7.0), ("429:2", 2.0)])
def test_a_post_that_is_busy_has_not_acted(
    sink: PostalSink, ordering: Delivery, simulator: Simulator, fault: str, wait_s: float | None
) -> None:
    simulator.script(fault)
    with pytest.raises(PartnerUnavailable) as busy:
        sink.deliver(ordering)
    assert (busy.value.may_have_acted, busy.value.wait_s, orders_of(simulator.store)) == (False, wait_s, [])


@pytest.mark.parametrize("fault", ["404", "redirect", "other-status"])
def test_what_no_event_explains_stops_the_connector(
    sink: PostalSink, ordering: Delivery, simulator: Simulator, fault: str
) -> None:
    simulator.script(fault)
    with pytest.raises(ConnectorError) as stopped:
        sink.deliver(ordering)
    assert not stopped.value.retriable
    assert isinstance(stopped.value, RequestRefused) == (fault == "404")


def test_a_token_that_is_over_is_renewed_once(sink: PostalSink, ordering: Delivery, simulator: Simulator) -> None:
    sink.settle(ordering)
    simulator.script("token-over")
    sink.deliver(ordering)
    assert [call.service for call in simulator.store.calls()] == ["login", "getOrder", "order", "login", "order"]


def test_a_new_token_that_is_refused_stops_the_connector(
    sink: PostalSink, ordering: Delivery, simulator: Simulator
) -> None:
    simulator.script("token-over", "token-over")
    with pytest.raises(CredentialsRefused):
        sink.deliver(ordering)
    assert orders_of(simulator.store) == []


def test_a_customer_code_of_ours_that_the_post_does_not_know_buries_nothing(
    tmp_path: Path, simulator: Simulator
) -> None:
    sink = open_sink(tmp_path, simulator.base_url, customers={"H99": "item"})
    with closing(sink), pytest.raises(CredentialsRefused, match="customer code"):
        sink.deliver(delivery_of(sink, an_order()))


def test_a_customer_code_of_the_events_that_the_post_does_not_know_is_refused(sink: PostalSink) -> None:
    with pytest.raises(Rejected, match="201"):
        sink.deliver(delivery_of(sink, an_order(customerCode="H99")))


def test_the_post_makes_one_more_order_of_each_call(sink: PostalSink, ordering: Delivery, simulator: Simulator) -> None:
    """So the partner must be asked: this is what would happen without."""
    sink.deliver(ordering)
    sink.deliver(ordering)
    assert orders_of(simulator.store) == [DOSSIER, DOSSIER]


def test_an_earlier_order_of_the_same_number_is_not_taken_for_this_one(sink: PostalSink) -> None:
    """Papers are collected and a result returned, perhaps both under the dossier's code."""
    sink.deliver(delivery_of(sink, an_order()))
    later = an_order(at=an_order().time.replace(hour=8))
    assert sink.settle(delivery_of(sink, later)) is None


def test_where_the_post_does_not_say_which_order_it_has_a_person_decides(
    sink: PostalSink, ordering: Delivery, simulator: Simulator
) -> None:
    sink.deliver(ordering)
    simulator.script("no-created")
    with pytest.raises(LeftAmbiguous):
        sink.settle(ordering)


def test_a_search_that_failed_is_no_answer(sink: PostalSink, ordering: Delivery, simulator: Simulator) -> None:
    simulator.script("cannot-look")
    with pytest.raises(PartnerUnavailable):
        sink.settle(ordering)


def test_an_order_is_cancelled_once(sink: PostalSink, ordering: Delivery, simulator: Simulator) -> None:
    sink.deliver(ordering)
    for _ in range(2):
        sink.deliver(delivery_of(sink, a_cancelling()))
    assert effects(simulator.store, "cancel", DOSSIER) == 1


# -- the source -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["short-page", "disorder", "no-id", "odd-id", "other-shape", "html", "cut-json", "truncated", "503:1"]
)
def test_nothing_is_taken_of_a_page_that_cannot_be_trusted(
    source: PostalSource, sink: PostalSink, simulator: Simulator, fault: str
) -> None:
    sink.deliver(delivery_of(sink, an_order()))
    hasten(simulator.store)
    simulator.script(fault)
    with pytest.raises(PartnerUnavailable):
        source.fetch(None)
    assert len(source.fetch(None).items) >= 4


def test_pages_follow_one_another_without_a_gap(tmp_path: Path, simulator: Simulator, sink: PostalSink) -> None:
    for place in range(3):
        sink.deliver(delivery_of(sink, an_order(a_number(place))))
    hasten(simulator.store)
    found, cursor, more = [], None, True
    with closing(open_source(tmp_path, simulator.base_url, page_size=2)) as source:
        while more:
            batch = source.fetch(cursor)
            found, cursor, more = [*found, *batch.items], batch.cursor, batch.more
    seen = [row[0] for row in simulator.store.rows("SELECT id FROM events ORDER BY id")]
    assert [item.native_id for item in found] == seen


def test_a_quiet_post_leaves_the_cursor_as_it_is(source: PostalSource) -> None:
    batch = source.fetch(b"68500000000000000000000a")
    assert (batch.items, batch.cursor, batch.more) == ([], b"68500000000000000000000a", False)


@pytest.mark.parametrize("cursor", [b"", b"0" * 23, b"0" * 25, b"A" * 24, b"g" * 24, b"\xff" * 24, b"0" * 23 + b"\n"])
def test_a_cursor_of_another_connector_is_lost(source: PostalSource, cursor: bytes) -> None:
    with pytest.raises(CursorLost):
        source.fetch(cursor)


@pytest.mark.parametrize("page", [[5, 5], [6, 5], [4], [4, 6]])
def test_a_page_whose_ids_do_not_rise_is_refused_whole(page: list[int]) -> None:
    with pytest.raises(PartnerUnavailable, match="order"):
        rows([a_row(place) for place in page], f"{4:024x}")


def test_a_row_that_is_none_is_kept_to_be_buried_and_the_cursor_passes_it() -> None:
    good, bad = a_row(5), json.dumps({"_id": {"$oid": f"{6:024x}"}}).encode()
    items = rows([good, bad], FIRST)
    assert [item.fault is None for item in items] == [True, False]
    assert (items[1].raw, items[1].native_id) == (bad, f"{6:024x}")


def test_a_stranger_is_told_so(tmp_path: Path, simulator: Simulator) -> None:
    source = open_source(tmp_path, simulator.base_url, username="stranger")
    with closing(source), pytest.raises(CredentialsRefused):
        source.fetch(None)
