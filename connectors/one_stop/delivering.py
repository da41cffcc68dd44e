"""From events to what is sent to the partner: a progress step, a payment's state, a result. Pure.

What is told in free words stays out: the sender's note, and whatever else may name people. Each thing carries a name
of ours, so that the partner can be asked for it: the event's id for a step, the payment's reference, the paper's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import Unmappable
from connectors.times import told

PROGRESS, PAYMENT, RESULT = "CapNhatTienDoHoSoMC", "CapNhatThanhToan", "DongBoHoSoMC"

_DELIVERED, _SENT_BACK = "Bưu điện đã phát kết quả", "Bưu điện đã chuyển hoàn kết quả"
_PARCEL_ENDS = {
    ("VNPOST-LEGACY", "100"): _DELIVERED, ("VNPOST-LEGACY", "170"): _SENT_BACK,
    ("VNPOST", "14"): _DELIVERED, ("VNPOST", "19"): _SENT_BACK,
}  # fmt: skip
_OUTCOMES = {
    "match": "Thông tin công dân khớp", "no-match": "Thông tin công dân không khớp",
    "not-found": "Không tìm thấy công dân",
}  # fmt: skip
_WAITING, _PAID = "Chờ thanh toán", "Đã thanh toán"


class Message(Struct, frozen=True, kw_only=True):
    """One call: which service takes which item. ``dossier`` is what it is about.

    ``name`` and ``reference`` together are ours for what is to be done.
    """

    service: str
    name: str
    reference: str
    dossier: str
    item: Mapping[str, Any]

    @property
    def is_repeatable(self) -> bool:
        """Whether the partner keeps one thing of one name, so that the call may simply be made again."""
        return self.service != PROGRESS

    def fields(self) -> Mapping[str, Any]:
        """Return what the call holds beside the session."""
        updating = {"isUpdating": "True"} if self.service == RESULT else {}
        return {**updating, "data": [self.item]}


def message(event: Envelope) -> Message | None:
    """Return what an event is to the partner; None if nothing, as a step of a parcel that is still on its way.

    Raises :class:`~bus.errors.Unmappable` with the field's name, never its value.
    """
    dossier = _code(event.payload, "dossierCode")
    return _MESSAGES[event.type](event, dossier) if dossier else None


def _answered(event: Envelope, dossier: str) -> Message:
    outcome = _code(event.payload, "outcome")
    what = _OUTCOMES.get(outcome, "Đã có kết quả xác thực thông tin công dân")
    return _progress(event, dossier, what, kind="XacThuc", result=outcome)


def _step(event: Envelope, dossier: str) -> Message:
    return _progress(event, dossier, str(event.payload["step"]), kind="LienThong", result="")


def _tracked(event: Envelope, dossier: str) -> Message | None:
    status = event.payload["status"]
    what = _PARCEL_ENDS.get((status["codeSystem"], status["code"]))
    if what is None:
        return None
    return _progress(event, dossier, what, kind="BuuChinh", result=f"{status['codeSystem']}/{status['code']}")


def _progress(event: Envelope, dossier: str, what: str, *, kind: str, result: str) -> Message:
    payload, time = event.payload, _time(event)
    item = {
        "MaHoSo": dossier, "NguoiXuLy": payload.get("officer"), "ChucDanh": payload.get("position"),
        "ThoiDiemXuLy": time, "PhongBanXuLy": payload.get("department") or event.agency, "NoiDungXuLy": what,
        "TrangThai": _code(payload, "status") if kind == "LienThong" else None,
        "NgayBatDau": _moment(payload, "startedAt"), "NgayKetThucTheoQuyDinh": _moment(payload, "dueAt"),
        "MaThamChieu": str(event.id), "LoaiTienDo": kind, "KetQua": result,
    }  # fmt: skip
    return Message(service=PROGRESS, name="progress", reference=str(event.id), dossier=dossier, item=item)


def _opened(event: Envelope, dossier: str) -> Message:
    return _payment("opened", event, dossier, {
        "TrangThai": _WAITING, "DuongDanThanhToan": event.payload["payUrl"], "ThoiGianYeuCau": _time(event),
    })  # fmt: skip


def _paid(event: Envelope, dossier: str) -> Message:
    payload = event.payload
    return _payment("paid", event, dossier, {
        "TrangThai": _PAID, "HinhThucThanhToan": _code(payload, "method"),
        "MaGiaoDich": payload["gatewayTransaction"], "MaNganHang": _code(payload, "bank"),
        "ThoiGianGD": _moment(payload, "paidAt") or _time(event),
    })  # fmt: skip


def _payment(name: str, event: Envelope, dossier: str, fields: Mapping[str, Any]) -> Message:
    payload = event.payload
    item = {
        "MaThamChieu": payload["reference"], "MaHoSo": dossier, "SoTien": str(payload["amount"]["amount"]),
        "MaTienTe": payload["amount"]["currency"], "CongThanhToan": _code(payload, "gateway"),
        "ThamChieuTruc": str(event.id), **fields,
    }  # fmt: skip
    return Message(service=PAYMENT, name=name, reference=payload["reference"], dossier=dossier, item=item)


def _result(event: Envelope, dossier: str) -> Message:
    payload = event.payload
    paper = payload["fileId"] or payload["resultId"]
    if not paper:
        raise Unmappable("`fileId` and `resultId` are missing: the partner keeps a result by its name")
    row = {
        "GiayToId": paper, "TenGiayTo": payload["title"], "MaThanhPhanHoSo": _code(payload, "kind"),
        "MaGiayToKetQua": payload["resultId"], "NgayBanHanh": _time(event), "ThamChieuTruc": str(event.id),
    }  # fmt: skip
    item = {"MaHoSo": dossier, "DanhSachGiayToKetQua": [row]}
    return Message(service=RESULT, name="result", reference=f"{dossier}/{paper}", dossier=dossier, item=item)


def _time(event: Envelope) -> str:
    return told(event.time)


def _moment(payload: Mapping[str, Any], name: str) -> str | None:
    moment = payload.get(name)
    return None if moment is None else told(moment["at"])


def _code(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return "" if value is None else str(value["code"])


_MESSAGES: dict[str, Callable[[Envelope, str], Message | None]] = {
    "CitizenLookupAnswered": _answered,
    "PaymentOpened": _opened,
    "PaymentConfirmed": _paid,
    "PostalStatusChanged": _tracked,
    "DossierStepDone": _step,
    "ResultIssued": _result,
}
TYPES = frozenset(_MESSAGES)
"""The event types that concern the partner."""
