"""Invented dossiers: what a one-stop office would export. Dossier ``i`` is a function of (seed, i), so more extend it.

No row names a real person. A few rows are bad on purpose: an activity that nobody knows, an amount that is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

COLUMNS = (
    "ma_ho_so", "hoat_dong", "thoi_diem", "ma_tthc", "kenh", "don_vi", "chu_ho_so", "so_dinh_danh", "ten_buoc",
    "so_tien", "ma_tham_chieu", "so_don", "trang_thai_buu_gui", "ngay_hen_tra", "ly_do",
)  # fmt: skip

A_DAY = 100
"""Dossiers received on one working day."""

_FIRST_MORNING = datetime(2026, 1, 5, 7, 30)  # noqa: DTZ001 - local time, as the export writes it
_PROCEDURES = {"1.001193": 0, "1.000894": 0, "2.000635": 8_000, "1.004194": 15_000, "1.004222": 10_000}
_AGENCIES = ("H56.14", "H56.22", "H56.31")
_STEPS = ("Thẩm định", "Trình ký", "Đóng dấu")
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đỗ")
_MIDDLE = ("Văn", "Thị", "Hữu", "Ngọc", "Minh")
_GIVEN = ("An", "Bình", "Châu", "Dũng", "Hạnh", "Khánh", "Lan", "Phúc", "Sương", "Yến")
_BAD_EVERY = 701
_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the export; ``is_bad`` if it is wrong on purpose."""

    time: datetime
    cells: dict[str, str]
    is_bad: bool = False


def dossier_code(number: int) -> str:
    """Return the code of dossier ``number``: agency, day of reception, number of the day.

    >>> dossier_code(0), dossier_code(250)
    ('H56.14-260105-0001', 'H56.22-260107-0051')
    """
    morning = _morning(number)
    return f"{_AGENCIES[number % len(_AGENCIES)]}-{morning:%y%m%d}-{number % A_DAY + 1:04}"


def rows(seed: int, numbers: range) -> Sequence[Row]:
    """Return the rows of these dossiers in the order of their times, as an office's export has them."""
    found = [row for number in numbers for row in dossier(seed, number)]
    return sorted(found, key=lambda row: (row.time, row.cells["ma_ho_so"]))


def dossier(seed: int, number: int) -> Sequence[Row]:
    """Return one dossier's rows in order."""
    return list(_Dossier(seed, number).rows())


class _Dossier:
    """One dossier on its way through the office; its clock only goes on."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = Random(f"{seed}:{number}")  # noqa: S311 - invented data, which must come out the same again
        self.number = number
        self.code = dossier_code(number)
        self.time = _morning(number) + timedelta(minutes=self.random.randrange(480), seconds=self.random.randrange(60))
        self.channel = self.random.choice("1122223")
        self.procedure = self.random.choice(list(_PROCEDURES))

    def rows(self) -> Iterator[Row]:
        """Yield all rows in order."""
        if self.channel != "1":
            yield self._row("Nộp hồ sơ", **self._applicant())
            self._work(hours=4)
        if self.random.random() < 0.03:
            yield self._row("Từ chối", ly_do="Hồ sơ không thuộc thẩm quyền giải quyết")
            return
        due = self.time + timedelta(days=7)
        yield self._row("Tiếp nhận", ngay_hen_tra=f"{due:%d/%m/%Y} 16:30:00", **self._applicant())
        yield from self._worked_on()
        yield self._row("Có kết quả")
        yield from self._returned()

    def _worked_on(self) -> Iterator[Row]:
        yield from self._paid()
        if self.random.random() < 0.12:
            self._work(hours=6)
            yield self._row("Yêu cầu bổ sung", ly_do="Thiếu bản sao giấy tờ")
            self._work(hours=18)
            yield self._row("Đã bổ sung")
        for step in _STEPS:
            self._work(hours=6)
            yield self._row("Xử lý", ten_buoc=step)
        if self.number % _BAD_EVERY == _BAD_EVERY // 2:
            yield replace(self._row("Chưa rõ"), is_bad=True)
        self._work(hours=4)

    def _paid(self) -> Iterator[Row]:
        fee, reference = _PROCEDURES[self.procedure], f"{self.code}-01"
        if not fee:
            return
        self._work(hours=1)
        yield self._row("Thông báo lệ phí", so_tien=str(fee), ma_tham_chieu=reference)
        self._work(hours=4)
        if self.number % _BAD_EVERY == _BAD_EVERY // 3:
            yield replace(self._row("Đã nộp lệ phí", so_tien="tám nghìn", ma_tham_chieu=reference), is_bad=True)
        yield self._row("Đã nộp lệ phí", so_tien=str(fee), ma_tham_chieu=reference)

    def _returned(self) -> Iterator[Row]:
        self._work(hours=5)
        if self.channel == "3":
            parcel = f"RM{260_000_000 + self.number}VN"
            yield self._row("Gửi bưu chính", so_don=parcel)
            for status, hours in (("7", 4), ("10", 20), ("14", 26)):
                self._travel(hours=hours)
                yield self._row("Hành trình bưu gửi", so_don=parcel, trang_thai_buu_gui=status)
        yield self._row("Trả kết quả")

    def _applicant(self) -> dict[str, str]:
        draw = Random(f"{self.code}:applicant")  # noqa: S311 - the same person each time the dossier names them
        woman, year = draw.randrange(2), draw.randrange(1960, 2006)
        century = (0 if year < 2000 else 2) + woman
        names = (draw.choice(_FAMILY), draw.choice(_MIDDLE), draw.choice(_GIVEN))
        return {
            "chu_ho_so": " ".join(names),
            "so_dinh_danh": f"038{century}{year % 100:02}{draw.randrange(1_000_000):06}",
        }

    def _row(self, activity: str, **cells: str) -> Row:
        known = {
            "ma_ho_so": self.code, "hoat_dong": activity, "thoi_diem": f"{self.time:%d/%m/%Y %H:%M:%S}",
            "ma_tthc": self.procedure, "kenh": self.channel, "don_vi": self.code.partition("-")[0],
        }  # fmt: skip
        row = Row(time=self.time, cells=dict.fromkeys(COLUMNS, "") | known | cells)
        self.time += timedelta(seconds=1)  # an office's rows of one dossier never share a second
        return row

    def _work(self, *, hours: int) -> None:
        """Let office hours pass."""
        self.time = office_time(self.time, timedelta(hours=hours, minutes=self.random.randrange(-30, 90)))

    def _travel(self, *, hours: int) -> None:
        """Let the post's hours pass, by day and night."""
        self.time += timedelta(hours=hours, minutes=self.random.randrange(90))


def office_time(start: datetime, work: timedelta) -> datetime:
    """Return when ``work`` is done if it is begun at ``start`` and done from 07:30 to 16:30, Monday to Friday.

    >>> office_time(datetime(2026, 1, 9, 16, 0), timedelta(hours=1))  # a Friday
    datetime.datetime(2026, 1, 12, 8, 0)
    """
    while True:
        opening, closing = start.replace(hour=7, minute=30, second=0), start.replace(hour=16, minute=30, second=0)
        start = max(start, opening)
        if start.weekday() < _SATURDAY and start + work <= closing:
            return start + work
        if start.weekday() < _SATURDAY:
            work -= max(closing - start, timedelta())
        start = opening + timedelta(days=1)


def _morning(number: int) -> datetime:
    """Return the morning of the working day on which a dossier comes in."""
    weeks, day = divmod(number // A_DAY, 5)
    return _FIRST_MORNING + timedelta(weeks=weeks, days=day)
