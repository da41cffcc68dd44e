"""Fees and charges that were asked for (DanhSachLePhi)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.one_stop.mapping.facts import Fact, code
from connectors.one_stop.mapping.item import Item, Moment

_SAID = ("MaPhiLePhi", "TenPhiLePhi", "LoaiPhiLePhi", "HinhThucThu", "Gia")
_AT_RECEPTION = ("1", None)


def fee_facts(item: Item, dossier: str, received: Moment | None) -> Iterator[Fact]:
    """Yield the fees of a dossier that was received. What is collected later has no date of its own."""
    if received is None:
        return
    seen: Counter[str] = Counter()
    for row in item.rows("DanhSachLePhi"):
        name = row.text("MaPhiLePhi") or row.text("TenPhiLePhi") or ""
        seen[name] += 1
        time = received if row.text("HinhThucThu") in _AT_RECEPTION else None
        yield fee_fact(row, dossier, time, f"{name}/{seen[name]}")


def fee_fact(row: Item, dossier: str, time: Moment | None, own: str) -> Fact:
    """Return the fact of one fee."""
    return Fact(
        type="FeeAsked", subject=dossier, dossier=dossier, own=own, time=time, said=row.said(_SAID),
        payload={
            "amount": {"amount": row.amount("Gia"), "currency": "VND"},
            "feeKind": code("ONE-STOP-FEE-KIND", row.text("LoaiPhiLePhi")),
            "feeCode": code("ONE-STOP-FEE", row.text("MaPhiLePhi")),
            "feeName": row.text("TenPhiLePhi"),
            "collection": code("ONE-STOP-COLLECTION", row.text("HinhThucThu")),
        },
    )  # fmt: skip
