"""What came in about a dossier, as its office understands it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.store import Sent
from connectors.times import VIETNAM, parse

LOOKUP, OPENED, PAID, STEP, RESULT, PARCEL = "lookup", "opened", "paid", "step", "result", "parcel"

_PROGRESS = {"XacThuc": LOOKUP, "LienThong": STEP, "BuuChinh": PARCEL}
_PAYMENT = {"Chờ thanh toán": OPENED, "Đã thanh toán": PAID}


class Answer(NamedTuple):
    """``value`` is what it says: an outcome, a step, a transaction, a kind of result, a parcel's end.

    ``reference`` is its sender's name for it, ``detail`` the bank of a payment.
    """

    kind: str
    value: str
    at: datetime
    reference: str = ""
    detail: str = ""


def answers_of(sent: Sequence[Sent]) -> Sequence[Answer]:
    """Return what these things say, in order; some say nothing to an office."""
    return [answer for one in sent for answer in _answers(one)]


def _answers(sent: Sent) -> Sequence[Answer]:
    item = sent.item
    match sent.service:
        case "CapNhatTienDoHoSoMC":
            kind = _PROGRESS.get(str(item.get("LoaiTienDo")), "")
            value = item.get("NoiDungXuLy") if kind == STEP else item.get("KetQua")
            return [Answer(kind, str(value), _at(item.get("ThoiDiemXuLy")), str(item.get("MaThamChieu")))]
        case "CapNhatThanhToan":
            kind = _PAYMENT.get(str(item.get("TrangThai")), "")
            at = _at(item.get("ThoiGianGD") or item.get("ThoiGianYeuCau"))
            bank = str(item.get("MaNganHang") or "")
            return [Answer(kind, str(item.get("MaGiaoDich")), at, _name(item), bank)]
        case _:
            papers = item.get("DanhSachGiayToKetQua", ())
            return [
                Answer(RESULT, str(row.get("MaThanhPhanHoSo")), _at(row.get("NgayBanHanh")), _name(row))
                for row in papers
            ]


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("ThamChieuTruc"))


def _at(text: object) -> datetime:
    moment = parse(str(text))
    return FIRST_DAY if moment is None else moment.astimezone(VIETNAM)
