"""Steps and payments become events."""

from __future__ import annotations

from typing import Any

import pytest

from bus.errors import Unmappable
from tests.connectors.one_stop.items import CODE, PAID, PAYMENT, STEP, ids, only, told, types


def test_a_step_is_called_by_the_status_that_it_led_to() -> None:
    (event,) = told("steps", STEP)
    assert (event.type, event.key, event.payload["step"]) == ("DossierStepDone", CODE, "Đang xử lý")
    assert event.payload["note"] == "Thẩm định hồ sơ"
    assert event.payload["dueAt"]["text"] == "20260612170000"


def test_a_step_that_is_stored_twice_is_one() -> None:
    twice = STEP | {"MaTienDo": "7/1b", "ThoiDiemCapNhat": "20260609093000"}
    assert ids(told("steps", STEP)) == ids(told("steps", twice))


def test_two_steps_of_one_second_are_two() -> None:
    assert ids(told("steps", STEP)).isdisjoint(ids(told("steps", STEP | {"NoiDungXuLy": "Trình ký"})))


def test_a_step_may_have_no_status_and_no_official() -> None:
    bare = {name: STEP[name] for name in ("MaTienDo", "MaHoSo", "ThoiDiemCapNhat", "ThoiDiemXuLy")}
    (event,) = told("steps", bare)
    assert (event.payload["step"], event.payload["status"], event.payload["officer"]) == ("Xử lý hồ sơ", None, None)


@pytest.mark.parametrize("changes", [{"TrangThai": "11"}, {"MaHoSo": ""}, {"ThoiDiemXuLy": None}])
def test_a_step_without_what_it_needs_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unmappable):
        told("steps", STEP | changes)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (PAYMENT, ["PaymentRequested"]),
        (PAYMENT | {"TrangThai": "Hủy thanh toán"}, ["PaymentRequested"]),
        (PAID, ["PaymentRequested", "PaymentConfirmed"]),
        (PAID | {"TrangThai": "Đã hoàn phí", "ThoiGianHoanPhi": "20260610100000"},
         ["PaymentRequested", "PaymentConfirmed", "PaymentRefunded"]),
        (PAID | {"TrangThai": "da-thanh-toan"}, ["PaymentRequested", "PaymentConfirmed"]),
    ],
)  # fmt: skip
def test_a_payments_version_tells_what_became_of_it(item: dict[str, Any], expected: list[str]) -> None:
    assert types(told("payments", item)) == expected


def test_a_payment_keeps_the_dossiers_order() -> None:
    event = only(told("payments", PAID), "PaymentConfirmed")
    assert (event.key, event.correlation, event.payload["reference"]) == (CODE, CODE, PAID["MaThamChieu"])
    assert event.payload["amount"]["currency"] == "VND"
    assert event.payload["state"]["code"] == "da-thanh-toan"


def test_a_payment_without_a_dossier_is_keyed_by_its_reference() -> None:
    event = only(told("payments", PAID | {"MaHoSo": None}), "PaymentConfirmed")
    assert (event.key, event.correlation, event.payload["dossierCode"]) == (PAID["MaThamChieu"], None, None)


def test_what_is_known_only_when_it_is_paid_does_not_touch_the_request() -> None:
    assert ids(told("payments", PAYMENT)) < ids(told("payments", PAID))


def test_a_time_by_the_12_hour_clock_is_told_as_it_stands() -> None:
    event = only(told("payments", PAID | {"ThoiGianGD": "20260609020500"}), "PaymentConfirmed")
    assert event.payload["paidAt"]["text"] == event.payload["sourceTime"] == "20260609020500"


@pytest.mark.parametrize(
    "changes", [{"TrangThai": "Đang chờ"}, {"TrangThai": None}, {"SoTien": None}, {"SoTien": True}, {"SoTien": 8.123}]
)
def test_a_payment_without_what_it_needs_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unmappable):
        told("payments", PAYMENT | changes)
