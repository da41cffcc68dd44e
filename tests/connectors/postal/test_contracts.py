"""The contracts of sinks and sources, on the postal connector over its simulator."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connectors.postal.simulator import Simulator
from connectors.sdk import Operation, Source
from tests.connectors.postal.world import (
    NAME,
    PHONE,
    STREET,
    a_cancelling,
    a_number,
    a_party,
    an_order,
    dong,
    effects,
    hasten,
    open_sink,
    open_source,
)  # fmt: skip
from tests.contracts.sink import Partner, SinkContract, delivery_of
from tests.contracts.source import SourceContract


class TestPostalSink(SinkContract):
    @pytest.fixture
    def partner(self, tmp_path: Path, simulator: Simulator) -> Partner:
        with closing(open_sink(tmp_path, simulator.base_url)) as sink:
            sink.deliver(delivery_of(sink, an_order(a_number(3))))

        def of(operation: Operation) -> int:
            return effects(simulator.store, operation.name, operation.reference)

        return Partner(
            base_url=simulator.base_url,
            open_sink=lambda base_url: open_sink(tmp_path, base_url),
            open_stranger=lambda base_url: open_sink(tmp_path, base_url, username="stranger"),
            events=[an_order(a_number(1)), an_order(a_number(2), cod=dong("50000")), a_cancelling(a_number(3))],
            bad_events=[an_order(a_number(4), receiver=None), an_order(a_number(5), customerCode="H99-KHAC"),
                        an_order(a_number(6), cod=dong("0.50")), an_order(a_number(7), cod=dong("5", "USD")),
                        an_order(" "), a_cancelling(a_number(8)), an_order(receiver=a_party(address=None))],
            effects=of,
            personal=[NAME, STREET, PHONE],
        )  # fmt: skip


class TestPostalSource(SourceContract):
    @pytest.fixture
    def open_source(self, tmp_path: Path, simulator: Simulator) -> Callable[[], Source]:
        with closing(open_sink(tmp_path, simulator.base_url)) as sink:
            for place in range(1, 4):
                sink.deliver(delivery_of(sink, an_order(a_number(place))))
        hasten(simulator.store)
        return lambda: open_source(tmp_path, simulator.base_url, page_size=3)
