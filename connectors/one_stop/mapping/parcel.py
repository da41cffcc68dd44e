"""An order to the public postal service, as an office places it for a dossier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.one_stop.mapping.facts import By, Fact, code
from connectors.one_stop.mapping.item import Item

_SAID = ("ChieuGui", "MaKhachHang", "MaTTHC", "NguoiGui", "NguoiNhan", "TienThuHo", "NoiDung")


def parcel_facts(item: Item, _by: By) -> Sequence[Fact]:
    """Return the order. Raises :class:`~bus.errors.Unmappable`."""
    order, dossier = item.needed("MaDonHang"), item.text("MaHoSo")
    return [
        Fact(
            type="PostalOrdered", subject=dossier or order, dossier=dossier, own=order,
            time=item.moment("ThoiDiemYeuCau"), said=item.said(_SAID),
            payload={
                "orderNumber": order,
                "direction": code("ONE-STOP-DIRECTION", item.text("ChieuGui")),
                "customerCode": item.text("MaKhachHang"),
                "sender": _party(item.part("NguoiGui")),
                "receiver": _party(item.part("NguoiNhan")),
                "cod": _collected(item),
                "procedure": code("VN-PROCEDURE", item.text("MaTTHC")),
                "description": item.text("NoiDung"),
            },
        )
    ]  # fmt: skip


def _collected(item: Item) -> dict[str, Any] | None:
    """Nothing to collect is no cash on delivery."""
    if item.text("TienThuHo") in (None, "0"):
        return None
    return {"amount": item.amount("TienThuHo"), "currency": "VND"}


def _party(item: Item) -> dict[str, Any] | None:
    """Return a sender or receiver: the post has to reach them."""
    text, province, commune = item.text("DiaChi"), item.text("TenTinh"), item.text("TenXa")
    address = {"unit": None, "text": text, "province": province, "district": None, "commune": commune}
    party = {
        "name": item.text("HoTen"), "phone": item.text("SoDienThoai"),
        "address": address if text or province or commune else None,
    }  # fmt: skip
    return (
        {"number": None, "kind": None, "portalAccount": None, "email": None, **party} if any(party.values()) else None
    )
