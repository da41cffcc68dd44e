"""What is handled where: procedures with their papers and fees, and the agencies before and after 1 July 2025."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from connectors.times import VIETNAM

MERGER = datetime(2025, 7, 1, tzinfo=VIETNAM)
"""Thái Bình (H54) became part of Hưng Yên (H31): its code is closed since."""


class Procedure(NamedTuple):
    """``days`` are working days; ``fee`` is in đồng; ``is_for_firms`` if enterprises file it."""

    code: str
    name: str
    sector: tuple[str, str]
    days: int
    fee: int
    papers: tuple[str, ...]
    result: str
    is_for_firms: bool = False


class Agency(NamedTuple):
    """A department: its number below the province's code, and its name."""

    unit: str
    name: str


_CIVIL = ("G15-HT02", "Hộ tịch")
_RESIDENCE = ("G01-DC01", "Đăng ký, quản lý cư trú")
_BUILDING = ("G17-XD04", "Hoạt động xây dựng")

PROCEDURES = (
    Procedure("1.001193", "Đăng ký khai sinh", _CIVIL, 1, 0, ("Tờ khai đăng ký khai sinh", "Giấy chứng sinh"),
              "Giấy khai sinh"),
    Procedure("1.000894", "Đăng ký kết hôn", _CIVIL, 1, 0, ("Tờ khai đăng ký kết hôn",
              "Giấy xác nhận tình trạng hôn nhân"), "Giấy chứng nhận kết hôn"),
    Procedure("2.000635", "Cấp bản sao trích lục hộ tịch", _CIVIL, 1, 8_000, ("Tờ khai cấp bản sao trích lục",),
              "Trích lục hộ tịch"),
    Procedure("1.004194", "Đăng ký tạm trú", _RESIDENCE, 3, 15_000, ("Tờ khai thay đổi thông tin cư trú",
              "Giấy tờ chứng minh chỗ ở hợp pháp"), "Thông báo kết quả đăng ký tạm trú"),
    Procedure("1.001612", "Đăng ký thành lập hộ kinh doanh", ("G12-DN03", "Thành lập và hoạt động hộ kinh doanh"), 3,
              100_000, ("Giấy đề nghị đăng ký hộ kinh doanh",), "Giấy chứng nhận đăng ký hộ kinh doanh"),
    Procedure("1.009994", "Cấp giấy phép xây dựng mới đối với nhà ở riêng lẻ", _BUILDING, 15, 75_000,
              ("Đơn đề nghị cấp giấy phép xây dựng", "Bản vẽ thiết kế", "Giấy tờ về quyền sử dụng đất"),
              "Giấy phép xây dựng"),
    Procedure("1.009974", "Cấp giấy phép xây dựng mới đối với công trình", _BUILDING, 20, 150_000,
              ("Đơn đề nghị cấp giấy phép xây dựng", "Hồ sơ thiết kế"), "Giấy phép xây dựng", is_for_firms=True),
)  # fmt: skip

LINKED = Procedure(
    "2.002621",  # from memory
    "Liên thông đăng ký khai sinh, đăng ký thường trú, cấp thẻ BHYT cho trẻ em dưới 6 tuổi", _CIVIL, 3, 16_000,
    ("Tờ khai điện tử liên thông", "Giấy chứng sinh", "Giấy tờ chứng minh chỗ ở hợp pháp"), "Giấy khai sinh",
)  # fmt: skip
"""One filing for three procedures of three agencies (Decree 63/2024); the fee is for certified copies."""

AGENCIES = (
    Agency("04", "Sở Tài chính"),
    Agency("12", "Sở Tư pháp"),
    Agency("15", "Sở Xây dựng"),
    Agency("28", "Trung tâm Phục vụ hành chính công"),
)


def agency_of(number: int) -> Agency:
    """Return the department that receives dossier ``number``: each in its turn."""
    return AGENCIES[number % len(AGENCIES)]


def dossier_code(number: int, received: datetime, of_the_day: int) -> str:
    """Return a dossier's code, of the generation that was used on its day.

    >>> dossier_code(1, datetime(2025, 6, 26, tzinfo=VIETNAM), 1), dossier_code(1, MERGER, 9)
    ('000.00.12.H54-250626-0001', 'H31.12-20250701-0000003')
    """
    unit, place = agency_of(number).unit, of_the_day // len(AGENCIES) + 1
    if received < MERGER:
        province = "H54" if number % 2 else "H31"
        return f"000.00.{unit}.{province}-{received:%y%m%d}-{place:04}"
    return f"H31.{unit}-{received:%Y%m%d}-{place:07}"
