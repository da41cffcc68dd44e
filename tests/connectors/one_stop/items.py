"""Items as the partner sends them, and what the mapping makes of them."""

from __future__ import annotations

import json
from typing import Any

from bus.envelope import Envelope
from connectors.one_stop.mapping import By, events
from connectors.one_stop.rows import read

CODE = "H31.12-20260609-0000007"
BY = By(source="one-stop", agency="H31", applicant_kinds="ONE-STOP-PARTY")

FILED = {
    "MaHoSo": CODE, "ThoiDiemCapNhat": "20260609080000", "MaTTHC": "1.001193", "KenhThucHien": "2", "HinhThuc": "1",
    "ChuHoSo": "Nguyễn Thị Mẫu", "SoGiayToChuHoSo": "034190000001", "LoaiDoiTuong": "1", "MaDoiTuong": "TID1",
    "TrichYeuHoSo": "Đăng ký khai sinh", "TaiKhoanDuocXacThucVoiVNeID": "1", "NgayNopHoSo": "20260608203000",
    "TrangThaiHoSo": "1",
}  # fmt: skip
RECEIVED = {
    **FILED, "TrangThaiHoSo": "2", "ThoiDiemCapNhat": "20260609081500", "NgayTiepNhan": "20260609081500",
    "NgayHenTra": "20260612170000",
}  # fmt: skip
DONE = {
    **RECEIVED, "TrangThaiHoSo": "10", "NgayKetThucXuLy": "20260611100000", "NgayTra": "20260611150000",
    "ThoiDiemCapNhat": "20260611150000",
    "DanhSachGiayToKetQua": [{"GiayToId": "KQ1", "TenGiayTo": "Giấy khai sinh", "MaGiayToKetQua": "KQ.G15.000001"}],
}  # fmt: skip
ASKED = {
    "HoSoBoSungId": "BS1", "NguoiYeuCauBoSung": "Lê Văn Cán", "NoiDungBoSung": "Thiếu giấy chứng sinh",
    "NgayBoSung": "20260609100000", "NgayHenTraTruoc": "20260612170000",
    "DanhSachGiayToBoSung": [{"TenGiayTo": "Giấy chứng sinh"}],
}  # fmt: skip
GIVEN = {
    **ASKED, "NgayTiepNhanBoSung": "20260610090000", "NguoiTiepNhanBoSung": "Lê Văn Cán",
    "ThongTinTiepNhan": "Đã nhận đủ", "NgayHenTraMoi": "20260615170000",
}  # fmt: skip
STEP = {
    "MaTienDo": "7/1", "MaHoSo": CODE, "ThoiDiemCapNhat": "20260609090000", "NguoiXuLy": "Lê Văn Cán",
    "ChucDanh": "Chuyên viên", "ThoiDiemXuLy": "20260609090000", "PhongBanXuLy": "Phòng Hộ tịch",
    "NoiDungXuLy": "Thẩm định hồ sơ", "TrangThai": "4", "NgayBatDau": "20260609081500",
    "NgayKetThucTheoQuyDinh": "20260612170000",
}  # fmt: skip
PAYMENT = {
    "MaThamChieu": f"{CODE}-20260609082000", "MaHoSo": CODE, "ThoiDiemCapNhat": "20260609082000", "SoTien": 8000,
    "MaTienTe": "VND", "TrangThai": "Chờ thanh toán", "ThoiGianYeuCau": "20260609082000",
}  # fmt: skip
PAID = {
    **PAYMENT, "TrangThai": "Đã thanh toán", "ThoiGianGD": "20260609140500", "HinhThucThanhToan": "truc-tuyen",
    "CongThanhToan": "VNPAY", "MaGiaoDich": "14226112", "MaNganHang": "NCB",
}  # fmt: skip

LOOK = {
    "MaYeuCau": f"XT-{CODE}", "MaHoSo": CODE, "ThoiDiemCapNhat": "20260609080005", "MaTichHop": "003",
    "MaDVC": "1.001193", "MaDonVi": "H31.12", "MaCanBo": "034085000001", "SoDinhDanh": "034190000001",
    "HoVaTen": "Nguyễn Thị Mẫu", "NgayThangNamSinh": "19900203", "TruongThongTin": ["HoVaTen", "NgayThangNamSinh"],
    "ThoiDiemYeuCau": "20260609080001",
}  # fmt: skip
PARCEL = {
    "MaDonHang": CODE, "MaHoSo": CODE, "ThoiDiemCapNhat": "20260611150005", "MaKhachHang": "H31-HCC",
    "NguoiNhan": {"HoTen": "Nguyễn Thị Mẫu", "SoDienThoai": "0900000001", "DiaChi": "Số 1", "TenTinh": "Hưng Yên"},
    "TienThuHo": 0, "NoiDung": "Giấy khai sinh", "ThoiDiemYeuCau": "20260611150000",
}  # fmt: skip
REQUEST = PAYMENT | {
    "HinhThucYeuCau": "truc-tuyen", "CongYeuCau": "VNPAY", "MaDonVi": "H31.12",
    "PhiLePhi": [{"MaPhiLePhi": "LP1", "TenPhiLePhi": "Lệ phí", "LoaiPhiLePhi": "2", "SoTien": 8000}],
}  # fmt: skip


def told(feed: str, item: dict[str, Any]) -> list[Envelope]:
    """Return the events of an item, through the reading that a page's items go through."""
    return list(events(read(json.dumps(item, ensure_ascii=False).encode(), feed), BY))


def dossier(item: dict[str, Any], **changes: Any) -> list[Envelope]:
    """Return the events of a dossier's version; None takes a field away."""
    return told("dossiers", {name: value for name, value in (item | changes).items() if value is not None})


def types(found: list[Envelope]) -> list[str]:
    """Return what the events are, in order."""
    return [event.type for event in found]


def only(found: list[Envelope], event_type: str) -> Envelope:
    """Return the one event of a type."""
    (event,) = [event for event in found if event.type == event_type]
    return event


def ids(found: list[Envelope]) -> set[str]:
    """Return the events' ids."""
    return {str(event.id) for event in found}
