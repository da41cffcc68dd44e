"""Invented people, with all that a population database holds of them. Pure; no row names a real one."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
_MIDDLE_AND_GIVEN = ("Thị Hạnh", "Thu Hương", "Ngọc Lan", "Văn Bình", "Đức Dũng", "Quốc Khánh", "Minh Tuấn", "Thị Yến")
_RELIGIONS = ("Không", "Phật giáo", "Công giáo", "Tin Lành", "Cao Đài", "Phật giáo Hòa Hảo")
_PEOPLES = ("Kinh", "Tày", "Thái", "Mường", "Khmer", "Nùng", "Hmông", "Dao")
_STATES = ("Chưa kết hôn", "Đang có vợ/chồng", "Đã ly hôn", "Góa")
_STREETS = ("Trần Hưng Đạo", "Lý Bôn", "Điện Biên", "Nguyễn Văn Linh", "Chùa Chuông", "Phố Hiến")
_BLOOD = ("A+", "B+", "AB+", "O+", "A-", "O-")


class Person(NamedTuple):
    """Whom a number belongs to: the name in capitals, and ``yyyyMMdd`` or ``yyyy``."""

    number: str
    name: str
    born: str


def named(random: Random) -> str:
    """Return a name in capitals."""
    return f"{random.choice(_FAMILY)} {random.choice(_MIDDLE_AND_GIVEN)}".upper()


def born(random: Random) -> str:
    """Return a day of birth."""
    return f"{random.randrange(1940, 2025)}{random.randrange(1, 13):02}{random.randrange(1, 29):02}"


def misnamed(person: Person, random: Random) -> Person:
    """Return the same person under another name."""
    return person._replace(name=f"{person.name} {random.choice(('ANH', 'VY', 'SƠN'))}")


def misdated(person: Person, random: Random) -> Person:
    """Return the same person with another year of birth."""
    return person._replace(born=f"{int(person.born[:4]) - random.randrange(1, 4)}{person.born[4:]}")


def record(person: Person, random: Random) -> Mapping[str, Any]:
    """Return the whole record: shaped as CongdanCollection.CongDan, and as full (reference: domain.md 3.2)."""
    is_old = len(person.number) == 9
    family, _, given = person.name.partition(" ")
    middle, _, last = given.rpartition(" ")
    address = _address(random)
    return {
        "SoDinhDanh": _number(random) if is_old else person.number,
        "SoCMND": person.number if is_old else _number(random)[:9],
        "HoVaTen": {"Ho": family, "ChuDem": middle, "Ten": last},
        "NgayThangNamSinh": {"Nam": person.born[:4], "NgayThangNam": person.born if len(person.born) == 8 else ""},
        "GioiTinh": str(random.randrange(1, 3)),
        "DanToc": random.choice(_PEOPLES),
        "TonGiao": random.choice(_RELIGIONS),
        "TinhTrangHonNhan": random.choice(_STATES),
        "NhomMau": random.choice(_BLOOD),
        "QuocTich": "Việt Nam",
        "NoiDangKyKhaiSinh": address,
        "QueQuan": _address(random),
        "ThuongTru": address,
        "NoiOHienTai": _address(random),
        "Cha": _relative(random),
        "Me": _relative(random),
        "VoChong": _relative(random),
        "ChuHo": {"QuanHe": "Con", **_relative(random)},
        "SoSoHoKhau": f"{random.randrange(10**9):09}",
        "LoaiTaiKhoan": "2",
    }


def _address(random: Random) -> Mapping[str, str]:
    return {
        "MaTinhThanh": "33",
        "MaPhuongXa": f"{random.randrange(11_000, 13_000)}",
        "ChiTiet": f"Số {random.randrange(1, 400)}, đường {random.choice(_STREETS)}",
        "QuocGia": "Việt Nam",
    }


def _relative(random: Random) -> Mapping[str, str]:
    return {"HoVaTen": named(random), "QuocTich": "Việt Nam", "SoDinhDanh": _number(random)}


def _number(random: Random) -> str:
    return f"033{random.randrange(4)}{random.randrange(10**8):08}"
