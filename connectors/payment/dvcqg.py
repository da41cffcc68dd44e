"""The messages of the national payment platform (PaymentPlatform 1.0.6): made and read. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bus.errors import CredentialsRefused, PartnerUnavailable, Rejected
from connectors import times
from connectors.payment import signatures
from connectors.payment.config import DVCQG, Platform
from connectors.payment.notices import Notice, amount_of, unproven
from connectors.payment.orders import Charge, Opened, Order, State, state_of

VERSION = "1.0.6"
_DONE, _UNKNOWN, _KNOWN, _BUSY, _WRONG_HASH = ("0", "00"), ("1",), ("2",), ("-1",), ("97",)
_FEE = "2"
"""LoaiPhiLePhi of a payment that does not tell its parts: lệ phí; MaDichVu of one that does not tell what for."""


class Known(Exception):
    """The platform has a payment of this reference already."""


class _Answer(Struct, frozen=True, kw_only=True):
    error_code: str | int
    message: str | dict[str, Any] | None = None


class _Confirm(Struct, frozen=True, kw_only=True):
    """CONFIRM, as far as it is signed."""

    LoaiBanTin: str
    MaLoi: str | int
    MaDoiTac: str
    MaThamChieu: str
    SoTien: str | int
    MaTienTe: str
    MaGiaoDich: str | int
    ThoiGianGD: str | int
    MaXacThuc: str
    MaNganHang: str = ""
    ThongTinGiaoDich: str = ""


def init_message(ours: Platform, secret: str, order: Order, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return INIT of a PaymentRequested. Raises :class:`~bus.errors.Rejected` where its parts are not its whole."""
    fields: dict[str, Any] = {
        "LoaiBanTin": "INIT", "PhienBan": VERSION, "MaDoiTac": ours.partner, "MaThamChieu": payload["reference"],
        "SoTien": str(order.amount), "LoaiHinhThanhToan": "PAY", "MaKenhThanhToan": "1", "MaThietBi": "1",
        "NgonNgu": "vi-VN", "MaTienTe": order.currency, "MaNganHang": ours.bank,
        "ThongTinGiaoDich": "Thanh toan phi, le phi", "ThoiGianGD": order.requested, "Ip": ours.ip,
    }  # fmt: skip
    signed = _signed(fields, signatures.INIT, secret)
    return {**signed, "ThongTinBienLai": _receipt(order, payload)}


def query_message(ours: Platform, secret: str, reference: str, order: Order) -> Mapping[str, Any]:
    """Return QUERY of a reference."""
    fields = {
        "LoaiBanTin": "QUERY", "PhienBan": VERSION, "MaDoiTac": ours.partner, "MaThamChieu": reference,
        "ThoiGianGD": order.requested,
    }  # fmt: skip
    return _signed(fields, signatures.QUERY, secret)


def read_init(body: bytes) -> Opened:
    """Return what INIT opened. Raises :class:`Known`, and errors as a delivery does."""
    code, message = _answer(body, "INIT")
    if code in _KNOWN:
        raise Known
    if code not in _DONE:
        raise Rejected(f"INIT: the platform refuses this payment (code {code})")
    return _opened(message, len(body), "INIT")


def read_query(body: bytes) -> Charge:
    """Return what QUERY says of a payment. Raises as a delivery does."""
    code, message = _answer(body, "QUERY")
    if code in _UNKNOWN:
        return Charge(state=State.UNKNOWN)
    if code not in _DONE:
        raise Rejected(f"QUERY: the platform does not answer about this payment (code {code})")
    status = str(message.get("TrangThaiGD", ""))
    return Charge(
        state=state_of(status), code=status, amount=amount_of(str(message.get("SoTien", ""))),
        transaction=str(message.get("MaGiaoDich") or ""), bank=str(message.get("MaNganHang") or ""),
        paid_at=str(message.get("ThoiGianGD") or ""),
    )  # fmt: skip


def read_open(body: bytes) -> Opened:
    """Return the open payment that QUERY tells of."""
    return _opened(_answer(body, "QUERY")[1], len(body), "QUERY")


def notice(body: bytes, ours: Platform, secret: str) -> Notice:
    """Return the notice in a CONFIRM, proven. Raises :class:`~bus.errors.NotProven`."""
    try:
        told = msgspec.json.decode(body, type=_Confirm)
        fields = msgspec.structs.asdict(told)
        right = signatures.platform_hash(fields, signatures.CONFIRM, secret)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        raise unproven(DVCQG, f"CONFIRM: no whole message ({len(body)} bytes)") from None
    if not signatures.is_same(told.MaXacThuc, right):
        raise unproven(DVCQG, "CONFIRM: MaXacThuc is wrong")
    if told.LoaiBanTin != "CONFIRM" or told.MaDoiTac != ours.partner:
        raise unproven(DVCQG, "CONFIRM: another message, or for another partner")
    return Notice(
        gateway=DVCQG, reference=told.MaThamChieu, amount=amount_of(str(told.SoTien)), currency=told.MaTienTe,
        transaction=str(told.MaGiaoDich), bank=told.MaNganHang, paid_at=str(told.ThoiGianGD), code=str(told.MaLoi),
        is_success=str(told.MaLoi) in _DONE, digest=hashlib.sha256(body).hexdigest(), proof=right,
    )  # fmt: skip


def reply(notice: Notice | None, code: str, text: str, ours: Platform, secret: str) -> Mapping[str, str]:
    """Return the answer to CONFIRM. Only a proven one is answered with a signature: we sign nobody else's words."""
    if notice is None:
        return {"MaLoi": code, "MoTaLoi": text}
    fields = {
        "MaLoi": code, "MoTaLoi": text, "MaDoiTac": ours.partner, "MaThamChieu": notice.reference,
        "ThoiGianGD": notice.paid_at,
    }  # fmt: skip
    return _signed(fields, signatures.CONFIRM_REPLY, secret)


def _signed(fields: Mapping[str, Any], order: Sequence[str], secret: str) -> dict[str, Any]:
    try:
        return {**fields, "MaXacThuc": signatures.platform_hash(fields, order, secret)}
    except ValueError as error:
        raise Rejected("a field of this payment holds `|`, which parts the fields of a signature") from error


def _answer(body: bytes, what: str) -> tuple[str, Mapping[str, Any]]:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        message = json.loads(answer.message) if isinstance(answer.message, str) and answer.message else answer.message
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise _no_answer(what, len(body)) from error
    code = str(answer.error_code).strip()
    if code in _WRONG_HASH:
        raise CredentialsRefused(f"{what}: the platform finds our MaXacThuc wrong")
    if code in _BUSY:
        raise PartnerUnavailable(f"{what}: the platform is busy")
    return code, message if isinstance(message, dict) else {}


def _opened(message: Mapping[str, Any], size: int, what: str) -> Opened:
    url, at = message.get("UrlThanhToan"), str(message.get("ThoiGianMo") or "")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise _no_answer(what, size)
    return Opened(pay_url=url, at=at if times.parse(at) else "")


def _no_answer(what: str, size: int) -> PartnerUnavailable:
    return PartnerUnavailable(
        f"{what}: the platform sent no whole answer ({size} bytes)",
        may_have_acted=True,
        hint="A gateway before the platform may be down, or the address names something else.",
    )


def _receipt(order: Order, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """ThongTinBienLai: for whom, by whom, and of which parts. The payer's data goes to the platform alone."""
    payer = payload.get("payer") or {}
    address = payer.get("address") or {}
    fees = _fees(order, payload)
    return {
        "MaDichVu": _code(payload.get("purpose")) or _FEE, "MaTTHC": _code(payload.get("procedure")),
        "MaDonVi": _code(payload.get("collectingAgency")), "MaHoSo": order.dossier,
        "TKThuHuong": payload.get("beneficiaryAccount") or "", "MaNHThuHuong": _code(payload.get("beneficiaryBank")),
        "HoTenNguoiNop": payer.get("name") or "", "SoCMNDNguoiNop": _code(payer.get("number")),
        "DiaChiNguoiNop": address.get("text") or "", "HuyenNguoiNop": address.get("district") or "",
        "TinhNguoiNop": address.get("province") or "", "NoiDungThanhToan": payload.get("description") or "",
        "PhiLePhi": fees,
        "DSKhoanNop": [{"NoiDung": fee["TenPhiLePhi"], "SoTien": fee["SoTien"]} for fee in fees],
    }  # fmt: skip


def _fees(order: Order, payload: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    told = payload.get("fees") or []
    fees = [
        {
            "LoaiPhiLePhi": _code(fee.get("kind")) or _FEE, "MaPhiLePhi": _code(fee.get("code")),
            "TenPhiLePhi": fee.get("name") or "", "SoTien": str(int(fee["amount"]["amount"])),
        }
        for fee in told
    ]  # fmt: skip
    if fees and sum(int(fee["SoTien"]) for fee in fees) != order.amount:
        raise Rejected("the fees of this payment do not add up to its amount")
    whole = {"LoaiPhiLePhi": _FEE, "MaPhiLePhi": "", "TenPhiLePhi": "Phí, lệ phí", "SoTien": str(order.amount)}
    return fees or [whole]


def _code(value: Mapping[str, Any] | None) -> str:
    return str(value["code"]) if value else ""
