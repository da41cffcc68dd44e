"""The sink's contract suite, on a small exchange over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.doubles import an_event
from tests.connectors.shop import ShopSink, a_shop
from tests.contracts.sink import Partner, SinkContract


class TestShopSink(SinkContract):
    @pytest.fixture
    def partner(self, tmp_path: Path) -> Iterator[Partner]:
        who = "Nguyễn Thị Ví Dụ"
        with a_shop(tmp_path) as shop:
            yield Partner(
                base_url=shop.base_url,
                open_sink=ShopSink,
                open_stranger=lambda base_url: ShopSink(base_url, "wrong"),
                events=[an_event(n, type=kind, payload={"n": n, "who": who})
                        for n, kind in enumerate(["DossierReceived", "FeeAsked", "DossierReceived"])],
                bad_events=[an_event(7, payload={"n": "bad", "who": who}), an_event(8, payload={"who": who})],
                effects=shop.effects,
                personal=[who],
            )  # fmt: skip
