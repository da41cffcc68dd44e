"""Whatever a partner sends, it is told or refused by name: no item ends the run, and none is told differently twice."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.envelope import Envelope
from bus.errors import ContractError, PartnerUnavailable
from bus.http import Reply
from connectors.one_stop.answers import Answer, meaning
from connectors.one_stop.mapping import events
from connectors.one_stop.rows import read
from tests.connectors.one_stop.items import ASKED, BY, DONE, GIVEN, LOOK, PAID, PARCEL, REQUEST, STEP
from tests.connectors.one_stop.world import Log

WHOLE: dict[str, dict[str, Any]] = {
    "dossiers": {
        **DONE, "DanhSachHoSoBoSung": [GIVEN, ASKED], "DinhDanhCHS": {"SoDinhDanh": "034190000001"},
        "TaiLieuNop": [{"TepDinhKemId": "T1", "IsDeleted": "0", "DuocTaiSuDung": "1"}],
        "NguoiNopThay": {"HoTen": "Lê Thị Bưu"}, "CanCu": {"DossierReceived": "x"},
        "DanhSachLePhi": [{"MaPhiLePhi": "LP1", "HinhThucThu": "1", "Gia": "8000"}],
    },
    "steps": STEP,
    "payments": REQUEST | PAID,
    "lookups": LOOK,
    "parcels": PARCEL,
}  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
BOUNDED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def told(raw: bytes, feed: str) -> list[Envelope] | str:
    """Return an item's events, or the refusal."""
    try:
        return list(events(read(raw, feed), BY))
    except ContractError as error:
        return f"{error.code} {error}"


@BOUNDED
@given(feed=st.sampled_from(list(WHOLE)), data=st.data())
def test_any_value_in_any_field_is_told_or_refused(log: Log, feed: str, data: st.DataObject) -> None:
    item = dict(WHOLE[feed])
    for name in data.draw(st.lists(st.sampled_from(list(item)), max_size=3)):
        item[name] = data.draw(VALUES)
    raw = json.dumps(item).encode()
    found = told(raw, feed)
    assert found == told(raw, feed)
    for event in found if isinstance(found, list) else ():
        with suppress(ContractError):
            log.wire.encode(event)


@BOUNDED
@given(
    feed=st.sampled_from(list(WHOLE)), raw=st.binary(max_size=200) | VALUES.map(lambda one: json.dumps(one).encode())
)
def test_any_bytes_are_told_or_refused(feed: str, raw: bytes) -> None:
    assert told(raw, feed) is not None


@BOUNDED
@given(body=st.binary(max_size=200) | VALUES.map(lambda one: json.dumps(one).encode()))
def test_any_body_is_an_answer_or_an_outage(body: bytes) -> None:
    try:
        assert meaning(Reply(status=200, body=body, headers={}, seen_at=None).read(Answer, "DanhSachHoSo"))
    except PartnerUnavailable:
        return


@pytest.mark.parametrize("feed", list(WHOLE))
def test_the_whole_items_are_told(log: Log, feed: str) -> None:
    found = told(json.dumps(WHOLE[feed]).encode(), feed)
    assert isinstance(found, list)
    assert all(log.wire.encode(event).value for event in found)
