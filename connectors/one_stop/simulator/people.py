"""Invented people and enterprises with numbers of the right shape. No row names a real one."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
_WOMEN = ("Thị Hạnh", "Thu Hương", "Ngọc Lan", "Thị Mỹ Duyên", "Khánh Linh", "Thị Tuyết", "Bích Ngọc", "Thị Yến")
_MEN = ("Văn Bình", "Đức Dũng", "Quốc Khánh", "Hữu Phước", "Minh Tuấn", "Văn Đại", "Xuân Trường", "Thế Vỹ")
_TRADES = ("Thương mại", "Xây dựng", "Dệt may", "Nông sản", "Vận tải", "Cơ khí")
_NAMES = ("Phú Thịnh", "Hưng Phát", "Sông Hồng", "An Bình", "Thái Dương", "Minh Khai")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_OFFICIALS = (
    ("Nguyễn Thị Thanh", "Chuyên viên"),
    ("Phạm Văn Lộc", "Chuyên viên chính"),
    ("Đỗ Thị Quỳnh", "Phó Trưởng phòng"),
    ("Vũ Đình Hải", "Trưởng phòng"),
)


class Applicant(NamedTuple):
    """Whose dossier it is; ``kind`` is LoaiDoiTuong (1 citizen, 2 enterprise)."""

    name: str
    number: str
    kind: str


class Official(NamedTuple):
    """Who works on it."""

    name: str
    position: str


def person(random: Random) -> Applicant:
    """Return a citizen, born in one of the two provinces that merged."""
    is_woman, year = random.random() < 0.5, random.randrange(1950, 2008)
    given = random.choice(_WOMEN if is_woman else _MEN)
    century = (0 if year < 2000 else 2) + is_woman
    number = f"{random.choice(('033', '034'))}{century}{year % 100:02}{random.randrange(1_000_000):06}"
    return Applicant(f"{random.choice(_FAMILY)} {given}", number, "1")


def enterprise(random: Random) -> Applicant:
    """Return an enterprise with a tax code whose check digit is right."""
    name = f"Công ty TNHH {random.choice(_TRADES)} {random.choice(_NAMES)}"
    while True:
        head = f"{random.choice(('09', '10'))}{random.randrange(1, 10_000_000):07}"
        check = 10 - sum(int(digit) * weight for digit, weight in zip(head, _TAX_WEIGHTS, strict=True)) % 11
        if check < 10:
            return Applicant(name, f"{head}{check}", "2")


def birth_date(number: str) -> str:
    """Return the day of birth (yyyyMMdd) behind a personal number: a function of it.

    >>> birth_date("034190001234")[:4]
    '1990'
    """
    random = Random(f"{number}:born")  # noqa: S311 - invented data
    year = 1900 + 100 * (int(number[3]) // 2) + int(number[4:6])
    return f"{year}{random.randrange(1, 13):02}{random.randrange(1, 29):02}"


def officer_number(who: Official) -> str:
    """Return an official's own number: the same for the same official."""
    return person(Random(f"{who.name}:officer")).number  # noqa: S311 - invented data


def mother(random: Random) -> Applicant:
    """Return a citizen who files for her child."""
    year = random.randrange(1985, 2006)
    number = f"034{1 + 2 * (year >= 2000)}{year % 100:02}{random.randrange(1_000_000):06}"
    return Applicant(f"{random.choice(_FAMILY)} {random.choice(_WOMEN)}", number, "1")


def official(random: Random) -> Official:
    """Return one of the office's people."""
    return Official(*random.choice(_OFFICIALS))
