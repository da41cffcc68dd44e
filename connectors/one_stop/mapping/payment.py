"""A payment's version: what was asked for, paid and given back.

Times come as the partner writes them. Some write the hour by the 12-hour clock, so that an afternoon's payment looks
like a night's; nobody can tell from one item, so it is told as it stands, and an audit finds the pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from unicodedata import normalize

from connectors.one_stop.mapping.facts import By, Fact, agency, code
from connectors.one_stop.mapping.item import Item, Moment
from connectors.one_stop.mapping.party import person
from schemas.codes import table

_SYSTEM = "VN-PAYMENT-STATE"
_MONEY = ("SoTien", "MaTienTe")
_ASKED = (*_MONEY, "HinhThucYeuCau", "CongYeuCau", "MaTTHC", "MaDonVi", "NguoiNop", "PhiLePhi")
_PAID = (*_MONEY, "HinhThucThanhToan", "CongThanhToan", "MaGiaoDich", "MaNganHang")


def payment_facts(item: Item, by: By) -> Sequence[Fact]:
    """Return the facts of a payment's version. Raises :class:`~bus.errors.Unmappable`."""
    return list(_facts(item, _state(item), by))


def _facts(item: Item, state: str, by: By) -> Iterator[Fact]:
    asked, paid, refunded = (item.moment(name) for name in ("ThoiGianYeuCau", "ThoiGianGD", "ThoiGianHoanPhi"))
    if asked is not None:
        yield _fact("PaymentRequested", item, asked, _requested(item))
    is_paid = paid is not None or state in ("da-thanh-toan", "da-hoan-phi")
    if is_paid and item.text("HinhThucThanhToan") not in by.confirmed_elsewhere:
        yield _fact("PaymentConfirmed", item, paid, _confirmed(item, paid))
    if refunded is not None or state == "da-hoan-phi":
        yield _fact("PaymentRefunded", item, refunded, {"state": code(_SYSTEM, "da-hoan-phi"), **_through(item)})


def _requested(item: Item) -> dict[str, Any]:
    """The method and the gateway are those that were asked for, if any; how it is paid in the end may differ."""
    return {
        "state": code(_SYSTEM, "chua-thanh-toan"),
        "method": code("VN-PAYMENT-METHOD", item.text("HinhThucYeuCau")),
        "gateway": code("VN-PAYMENT-GATEWAY", item.text("CongYeuCau")),
        "fees": [_fee(row) for row in item.rows("PhiLePhi")],
        "procedure": code("VN-PROCEDURE", item.text("MaTTHC")),
        "collectingAgency": agency(item.text("MaDonVi"), item.text("MaHoSo")),
        "payer": person(item.part("NguoiNop")),
    }


def _fee(row: Item) -> dict[str, Any]:
    return {
        "amount": {"amount": row.amount("SoTien"), "currency": "VND"},
        "kind": code("ONE-STOP-FEE-KIND", row.text("LoaiPhiLePhi")),
        "code": code("ONE-STOP-FEE", row.text("MaPhiLePhi")),
        "name": row.text("TenPhiLePhi"),
    }


def _confirmed(item: Item, paid: Moment | None) -> dict[str, Any]:
    return {
        **_through(item),
        "state": code(_SYSTEM, "da-thanh-toan"),
        "bank": code("ONE-STOP-BANK", item.text("MaNganHang")),
        "paidAt": paid.value() if paid else None,
    }


def _through(item: Item) -> dict[str, Any]:
    """How it was paid is known only once it was."""
    return {
        "method": code("VN-PAYMENT-METHOD", item.text("HinhThucThanhToan")),
        "gateway": code("VN-PAYMENT-GATEWAY", item.text("CongThanhToan")),
        "gatewayTransaction": item.text("MaGiaoDich"),
    }


def _fact(event_type: str, item: Item, time: Moment | None, payload: dict[str, Any]) -> Fact:
    reference, dossier = item.needed("MaThamChieu"), item.text("MaHoSo")
    return Fact(
        type=event_type, subject=dossier or reference, dossier=dossier, own=reference, time=time,
        said=item.said(_ASKED if event_type == "PaymentRequested" else _PAID),
        payload={
            "reference": reference,
            "amount": {"amount": item.amount("SoTien"), "currency": item.text("MaTienTe") or "VND"},
            **payload,
        },
    )  # fmt: skip


def _state(item: Item) -> str:
    """Return the state's code; the partner writes the state's Vietnamese name."""
    text = item.needed("TrangThai")
    state = _states().get(normalize("NFC", text).casefold())
    if state is None:
        raise item.unmappable(
            "TrangThai",
            "is no payment state that is known here",
            f"Ask the partner what it means. Known: {', '.join(_states())}.",
        )
    return state


@cache
def _states() -> dict[str, str]:
    entries = table(_SYSTEM).entries
    return {entry.vi.casefold(): entry.code for entry in entries} | {entry.code: entry.code for entry in entries}
