"""The partner's rows as it writes them: DongBoHoSoMC, CapNhatTienDoHoSoMC, and payments. Times are texts already."""

from __future__ import annotations

from typing import Any, NamedTuple

from connectors.one_stop.simulator.catalogue import Procedure
from connectors.one_stop.simulator.people import Applicant, Official, birth_date, officer_number

Row = dict[str, Any]

LOOKUP_SERVICE = "003"
"""MaTichHop of the population database's XacThucThongTinCongDan."""


class Filing(NamedTuple):
    """Who files what, and how; ``account`` is the portal's, None at the counter."""

    code: str
    procedure: Procedure
    channel: str
    who: Applicant
    agency: str
    phone: str
    account: str | None


def dossier_row(filing: Filing) -> Row:
    """Return a dossier that was filed and nothing more."""
    procedure, who = filing.procedure, filing.who
    return {
        "MaHoSo": filing.code, "MaTTHC": procedure.code, "TenTTHC": procedure.name,
        "MaLinhVuc": procedure.sector[0], "TenLinhVuc": procedure.sector[1],
        "KenhThucHien": filing.channel, "NoiNopHoSo": "2", "HinhThuc": "1" if filing.channel == "3" else "0",
        "ChuHoSo": who.name, "SoGiayToChuHoSo": who.number, "LoaiDoiTuong": who.kind, "MaDoiTuong": filing.account,
        "DinhDanhCHS": {"LoaiDinhDanh": "1", "SoDinhDanh": who.number} if who.kind == "1" else None,
        "Email": None, "Fax": None, "SoDienThoai": filing.phone, "ThongTinKhac": None,
        "TrichYeuHoSo": f"{procedure.name} cho {who.name}", "GhiChu": None, "ThongTinTra": None,
        "NgayNopHoSo": None, "NgayTiepNhan": None, "NgayHenTra": None, "NgayKetThucXuLy": None, "NgayTra": None,
        "NgayTuChoi": None, "TrangThaiHoSo": "1", "DonViXuLy": filing.agency,
        "HoSoCoThanhPhanSoHoa": "1", "TaiKhoanDuocXacThucVoiVNeID": "1" if filing.account else "0",
        "DuocThanhToanTrucTuyen": "0", "TaiLieuNop": [], "DanhSachLePhi": [], "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [], "DanhSachGiayToKetQua": [], "DSKetNoiCSDL": [{"MaCSDL": "7"}],
    }  # fmt: skip


def file_row(file_id: str, paper: str, kind: str, *, is_reused: bool) -> Row:
    """Return a row of TaiLieuNop."""
    return {
        "TepDinhKemId": file_id, "TenTepDinhKem": f"{paper}.pdf", "IsDeleted": "0", "MaThanhPhanHoSo": kind,
        "DuongDanTaiTepTin": f"/tep/{file_id}.pdf", "DuocSoHoa": "1", "DuocTaiSuDung": "1" if is_reused else "0",
        "DuocLayTuKhoDMQG": "0", "MaKetQuaThayThe": f"KQ-{file_id}" if is_reused else None,
    }  # fmt: skip


def fee_row(fee: str, name: str, amount: int, collected: str) -> Row:
    """Return a row of DanhSachLePhi."""
    return {
        "TenPhiLePhi": name, "MaPhiLePhi": fee, "HinhThucThu": collected, "Gia": str(amount), "LoaiPhiLePhi": "2",
    }  # fmt: skip


def supplement_row(request_id: str, paper: str, by: Official, asked: str, appointment: str) -> Row:
    """Return a row of DanhSachHoSoBoSung that is not yet answered."""
    return {
        "HoSoBoSungId": request_id, "NguoiYeuCauBoSung": by.name,
        "NoiDungBoSung": f"Đề nghị bổ sung: {paper} (bản rõ nét)", "NgayBoSung": asked,
        "NguoiTiepNhanBoSung": None, "ThongTinTiepNhan": None, "NgayTiepNhanBoSung": None, "TrangThaiBoSung": "0",
        "DanhSachGiayToBoSung": [{"TenGiayTo": paper}], "DanhSachLePhiBoSung": [],
        "NgayHenTraTruoc": appointment, "NgayHenTraMoi": None,
    }  # fmt: skip


def supplied(row: Row, file_id: str, by: Official, given: str, appointment: str) -> None:
    """Answer a request to supplement."""
    row |= {
        "NguoiTiepNhanBoSung": by.name, "ThongTinTiepNhan": "Đã nhận đủ giấy tờ bổ sung",
        "NgayTiepNhanBoSung": given, "TrangThaiBoSung": "1", "NgayHenTraMoi": appointment,
    }  # fmt: skip
    row["DanhSachGiayToBoSung"][0]["TepDinhKemId"] = file_id


def result_row(code: str, procedure: Procedure) -> Row:
    """Return a row of DanhSachGiayToKetQua."""
    return {
        "TenGiayTo": procedure.result, "MaThanhPhanHoSo": None, "GiayToId": f"KQ-{code}",
        "DuongDanTepTinKetQua": f"/ketqua/KQ-{code}.pdf", "MaGiayToKetQua": f"KQ.{procedure.sector[0][:3]}.000122",
    }  # fmt: skip


def step_row(step_id: str, code: str, by: Official, department: str) -> Row:
    """Return a step of which only the times and the content are missing."""
    return {
        "MaTienDo": step_id, "MaHoSo": code, "NguoiXuLy": by.name, "ChucDanh": by.position,
        "PhongBanXuLy": department,
    }  # fmt: skip


def payment_row(code: str, amount: int, asked: str) -> Row:
    """Return a payment that was asked for."""
    return {
        "MaThamChieu": f"{code}-{asked}", "MaHoSo": code, "SoTien": amount, "MaTienTe": "VND",
        "TrangThai": "Chờ thanh toán", "HinhThucThanhToan": None, "CongThanhToan": None, "MaGiaoDich": None,
        "MaNganHang": None, "ThoiGianYeuCau": asked, "ThoiGianGD": None, "ThoiGianHoanPhi": None,
    }  # fmt: skip


def agent_row(who: Applicant, office: tuple[str | None, str]) -> Row:
    """Return who filed for the owner, and from which office: its code, if it has one, and its name."""
    return {"HoTen": who.name, "SoDinhDanh": who.number, "MaDonVi": office[0], "DonVi": office[1]}


def lookup_row(filing: Filing, who: Applicant, by: Official, asked: str) -> Row:
    """Return a request to compare a person with the population database."""
    return {
        "MaYeuCau": f"XT-{filing.code}", "MaHoSo": filing.code, "MaTichHop": LOOKUP_SERVICE,
        "MaDVC": filing.procedure.code, "CanCuPhapLy": "Nghị định 118/2025/NĐ-CP",
        "MaDonVi": filing.code.partition("-")[0], "MaCanBo": officer_number(by), "SoDinhDanh": who.number,
        "HoVaTen": who.name, "NgayThangNamSinh": birth_date(who.number),
        "TruongThongTin": ["HoVaTen", "NgayThangNamSinh"], "ThoiDiemYeuCau": asked,
    }  # fmt: skip


def parcel_row(filing: Filing, asked: str) -> Row:
    """Return an order to send a result by post, with nothing to collect on delivery."""
    return {
        "MaDonHang": filing.code, "MaHoSo": filing.code, "MaTTHC": filing.procedure.code, "ChieuGui": "tra-ket-qua",
        "MaKhachHang": "H31-HCC",
        "NguoiGui": {
            "HoTen": filing.agency, "SoDienThoai": "02273000000", "DiaChi": "Khu hành chính, đường Lê Lợi",
            "TenTinh": "Hưng Yên", "TenXa": "Phường Phố Hiến",
        },
        "NguoiNhan": {
            "HoTen": filing.who.name, "SoDienThoai": filing.phone,
            "DiaChi": f"Số {int(filing.phone[-3:]) + 1}, thôn Đông", "TenTinh": "Hưng Yên", "TenXa": "Xã Tiên Lữ",
        },
        "TienThuHo": 0, "NoiDung": filing.procedure.result, "ThoiDiemYeuCau": asked,
    }  # fmt: skip
