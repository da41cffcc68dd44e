"""What can be polled: a feed is one list service of the partner, in the order of its changes."""

from __future__ import annotations

from typing import NamedTuple


class Feed(NamedTuple):
    """``service`` is asked; ``id`` is the field that tells two things of the same second apart."""

    service: str
    id: str


DOSSIER = "MaHoSo"
"""The field that names the dossier, in the things of every feed."""

FEEDS = {
    "dossiers": Feed("DanhSachHoSo", DOSSIER),
    "steps": Feed("DanhSachTienDo", "MaTienDo"),
    "payments": Feed("DanhSachThanhToan", "MaThamChieu"),
    "lookups": Feed("DanhSachYeuCauXacThuc", "MaYeuCau"),
    "parcels": Feed("DanhSachYeuCauBuuChinh", "MaDonHang"),
}
"""In the order of a round, as a rule: a dossier's own facts come before its steps, payments and requests."""

USUAL = ("dossiers", "steps", "payments")
"""Those that are read where nothing else is said. The others ask something of other agencies."""

CHANGED_AT = "ThoiDiemCapNhat"
"""The field that says when the partner last changed a thing, by the partner's clock."""
