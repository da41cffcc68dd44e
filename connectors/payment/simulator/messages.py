"""What the gateways say: answers to questions, and notices, signed with their keys. Pure but for the bill's paper."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from connectors.payment import signatures
from connectors.payment.simulator import PARTNER, PLATFORM_SECRET, TERMINAL, VNPAY_SECRET
from connectors.payment.simulator.books import Order

_PAPER = base64.b64encode(b"%PDF-1.4\n% a receipt of the simulator's\n%%EOF\n").decode()


def platform_answer(code: str, message: Mapping[str, Any] | None = None) -> bytes:
    """Return the platform's answer to a message of ours."""
    return _json({"error_code": code, "message": json.dumps(message or {}, ensure_ascii=False)})


def platform_open(order: Order, url: str) -> Mapping[str, str]:
    """Return what INIT tells of a payment that it has opened."""
    return {"UrlThanhToan": url, "ThoiGianMo": order.opened_at}


def platform_state(order: Order, url: str) -> Mapping[str, str]:
    """Return what QUERY tells of a payment."""
    return {
        **platform_open(order, url), "TrangThaiGD": "00" if order.paid_at else "01", "SoTien": str(order.amount),
        "MaGiaoDich": order.transaction, "MaNganHang": order.bank, "ThoiGianGD": order.paid_at,
    }  # fmt: skip


def platform_bill() -> Mapping[str, str]:
    """Return what GET_BILL tells of a payment that was made."""
    return {"BienLai": _PAPER}


def confirm(order: Order, code: str = "00", secret: str = PLATFORM_SECRET, **changes: str) -> Mapping[str, str]:
    """Return CONFIRM of a payment; ``changes`` are made before it is signed."""
    fields = {
        "LoaiBanTin": "CONFIRM", "MaLoi": code, "MaDoiTac": PARTNER, "MaThamChieu": order.reference,
        "SoTien": str(order.amount), "MaTienTe": "VND", "MaGiaoDich": order.transaction, "MaNganHang": order.bank,
        "ThoiGianGD": order.paid_at, "ThongTinGiaoDich": "Thanh toan phi, le phi", **changes,
    }  # fmt: skip
    return {**fields, "MaXacThuc": signatures.platform_hash(fields, signatures.CONFIRM, secret)}


def ipn(order: Order, code: str = "00", secret: str = VNPAY_SECRET, **changes: str) -> str:
    """Return VNPay's notice of a payment as a query; ``changes`` are made before it is signed."""
    fields = {
        "vnp_Amount": str(order.amount * 100), "vnp_BankCode": order.bank, "vnp_CardType": "ATM",
        "vnp_OrderInfo": "Thanh toan phi, le phi", "vnp_PayDate": order.paid_at, "vnp_ResponseCode": code,
        "vnp_TmnCode": TERMINAL, "vnp_TransactionNo": order.transaction, "vnp_TransactionStatus": code,
        "vnp_TxnRef": order.reference, **changes,
    }  # fmt: skip
    return urlencode({**fields, "vnp_SecureHash": signatures.vnpay_hash(fields, secret)})


def vnpay_answer(asked: Mapping[str, Any], code: str, order: Order | None = None) -> bytes:
    """Return VNPay's answer to querydr, signed."""
    fields = {
        "vnp_ResponseId": str(asked.get("vnp_RequestId", "")), "vnp_Command": "querydr", "vnp_ResponseCode": code,
        "vnp_Message": "QueryDR", "vnp_TmnCode": TERMINAL, "vnp_TxnRef": str(asked.get("vnp_TxnRef", "")),
        **({} if order is None else _vnpay_state(order)),
    }  # fmt: skip
    right = signatures.vnpay_joined_hash(fields, signatures.VNPAY_ANSWER, VNPAY_SECRET)
    return _json({**fields, "vnp_SecureHash": right})


def _vnpay_state(order: Order) -> Mapping[str, str]:
    return {
        "vnp_Amount": str(order.amount * 100), "vnp_BankCode": order.bank, "vnp_PayDate": order.paid_at,
        "vnp_TransactionNo": order.transaction, "vnp_TransactionType": "01",
        "vnp_TransactionStatus": "00" if order.paid_at else "01", "vnp_OrderInfo": "Thanh toan phi, le phi",
    }  # fmt: skip


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
