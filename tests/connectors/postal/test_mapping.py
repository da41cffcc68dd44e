"""What a row of the tracking list tells, and what an order is to the post."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.envelope import Envelope, event_id
from bus.errors import Unmappable
from connectors.postal.mapping import events, moment, order
from connectors.postal.source import rows
from connectors.sdk import Fetched
from tests.connectors.postal.world import (
    CONFIG,
    CUSTOMER,
    DOSSIER,
    NAME,
    NOON,
    PHONE,
    a_party,
    a_row,
    an_order,
    code,
    dong,
)

FIRST = "0" * 24
HERE = datetime(2025, 7, 18, 2, 30, tzinfo=UTC)


def told(raw: bytes, **changes: Any) -> Sequence[Envelope]:
    (item,) = rows([raw], FIRST)
    return events(item, msgspec.structs.replace(CONFIG, **changes))


def test_a_status_is_told_with_its_list_and_keeps_the_posts_own_words() -> None:
    (event,) = told(a_row(7))
    assert (event.type, event.key, event.correlation, event.time) == ("PostalStatusChanged", DOSSIER, DOSSIER, HERE)
    assert event.id == event_id("postal", f"{7:024x}")
    assert event.payload["status"] == code("14", "VNPOST")
    assert event.payload["dossierCode"] == code(DOSSIER, "VN-DOSSIER")
    assert event.payload["sourceTime"] == "18/07/2025 09:30:00"


def test_an_order_number_that_is_no_dossier_code_is_the_key_alone() -> None:
    (event,) = told(a_row(OrderNumber="DH-2025-77"))
    assert (event.key, event.correlation, event.payload["dossierCode"]) == ("DH-2025-77", None, None)


@pytest.mark.parametrize("name", ["VNPOST", "VNPOST-LEGACY"])
def test_the_configuration_may_say_of_which_list_a_customers_statuses_are(name: str) -> None:
    (event,) = told(a_row(StatusList=None), customers={CUSTOMER: name})
    assert event.payload["status"]["codeSystem"] == name


@pytest.mark.parametrize("name", [None, "VNPOST2", ""])
def test_a_status_of_no_known_list_is_not_guessed(name: str | None) -> None:
    with pytest.raises(Unmappable, match="StatusList"):
        told(a_row(StatusList=name))


@pytest.mark.parametrize("status", ["77", 77])
def test_a_status_that_is_in_no_list_goes_through(status: str | int) -> None:
    (event,) = told(a_row(StatusCode=status))
    assert event.payload["status"]["code"] == "77"


def test_rows_of_other_customers_tell_nothing_whatever_they_hold() -> None:
    assert told(a_row(CustomerCode="H99-KHAC", EventTime="?", StatusList="?")) == ()


@pytest.mark.parametrize(("name", "status"), [("VNPOST", "21"), ("VNPOST-LEGACY", "120")])
def test_cash_that_is_paid_out_is_told_beside_the_status(name: str, status: str) -> None:
    changed, paid = told(a_row(StatusList=name, StatusCode=status, CODAmount=50_000))
    assert (changed.type, paid.type) == ("PostalStatusChanged", "PostalCodPaid")
    assert (changed.id == paid.id, paid.payload["amount"]) == (False, {"amount": Decimal(50_000), "currency": "VND"})


@pytest.mark.parametrize(
    ("name", "status", "amount"),
    [("VNPOST-LEGACY", "110", 50_000), ("VNPOST", "120", 50_000), ("VNPOST", "21", None), ("VNPOST", "21", 0)],
)
def test_cash_that_is_only_collected_or_none_is_not_paid_out(name: str, status: str, amount: int | None) -> None:
    assert len(told(a_row(StatusList=name, StatusCode=status, CODAmount=amount))) == 1


@pytest.mark.parametrize(
    "text", ["18/07/2025 09:30:00", "2025-07-18T09:30:00+07:00", "2025-07-18T02:30:00Z", "2025-07-18T09:30:00"]
)
def test_times_are_read_in_both_writings_and_are_vietnams_without_an_offset(text: str) -> None:
    (event,) = told(a_row(EventTime=text))
    assert (event.time, event.payload["sourceTime"]) == (HERE, text)


@pytest.mark.parametrize(
    "text", ["", "18/07/2025", "2025-07-18", "07/18/2025 09:30:00", "31/06/2025 00:00:00", "01/01/0001 00:00:00", "T"]
)
def test_what_is_no_time_is_not_guessed(text: str) -> None:
    with pytest.raises(Unmappable, match="no time"):
        told(a_row(EventTime=text))


@given(st.text())
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    with contextlib.suppress(Unmappable):
        assert moment(text).microsecond % 1000 == 0


@pytest.mark.parametrize(
    "changes", [{"OrderNumber": None}, {"OrderNumber": ""}, {"StatusCode": None}, {"StatusCode": ""}, {"EventTime": 5},
                {"CODAmount": -1}, {"CODAmount": 0.5}, {"CustomerCode": []}],
)  # fmt: skip
def test_a_row_that_is_not_one_says_why_by_the_fields_name(changes: dict[str, Any]) -> None:
    (item,) = rows([a_row(**changes)], FIRST)
    assert item.fault is not None
    assert next(iter(changes)) in str(item.fault)


def test_texts_are_in_nfc_and_empty_ones_are_none() -> None:
    (event,) = told(a_row(StatusMessage="Pha\u0301t tha\u0300nh co\u0302ng", Notes=" ", POSID=""))
    kept = (event.payload["statusText"], event.payload["note"], event.payload["postOffice"])
    assert kept == ("Phát thành công", None, None)


def test_an_order_is_what_the_post_takes() -> None:
    asked = order(an_order(cod=dong("50000.00")), CONFIG)
    assert asked["Receiver"] == {
        "Name": NAME, "Tel": PHONE, "Email": "", "Address": "Số 5, thôn Đông, Xã Tiên Lữ", "District": "",
        "Province": "Hưng Yên",
    }  # fmt: skip
    assert {name: value for name, value in asked.items() if name not in ("Sender", "Receiver")} == {
        "CustomerCode": "H31-HCC", "OrderNumber": DOSSIER, "CODAmount": 50_000, "Description": "Giấy khai sinh",
        "ItemCode": "", "FlagConfig": 2, "CreatedDate": "16/07/2025 12:00:00",
    }  # fmt: skip
    assert moment(asked["CreatedDate"]) == NOON


def test_the_events_own_customer_code_goes_first() -> None:
    assert order(an_order(customerCode="H31-KHAC"), CONFIG)["CustomerCode"] == "H31-KHAC"


def test_who_is_not_told_is_left_empty() -> None:
    asked = order(an_order(sender=None, receiver=a_party(address=None), description=None), CONFIG)
    assert (set(asked["Sender"].values()), asked["Receiver"]["Address"], asked["Description"]) == ({""}, "", "")


@pytest.mark.parametrize("cod", [dong("0.50"), dong("-1"), dong("5", "USD")])
def test_cash_that_is_not_of_whole_dong_is_refused(cod: dict[str, Any]) -> None:
    with pytest.raises(Unmappable, match="cod"):
        order(an_order(cod=cod), CONFIG)


def test_two_rows_with_the_same_content_are_two_facts() -> None:
    """The post's own name of a row is the only one that there is: two scans in one second look the same."""
    items: list[Fetched] = rows([a_row(1), a_row(2)], FIRST)
    one, other = (events(item, CONFIG)[0] for item in items)
    assert one.id != other.id
