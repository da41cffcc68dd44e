"""The partners' signatures. Pure; every comparison takes the same time wherever two signatures part.

The payment platform has a plain SHA-256 with the secret at its end, VNPay an HMAC-SHA512. Both join fields by a mark
that a field may hold as well, so a field with that mark could move into its neighbour unseen: it is never signed, and
what holds one is not proven.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

INIT = (
    "LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "SoTien", "LoaiHinhThanhToan", "MaKenhThanhToan",
    "MaThietBi", "NgonNgu", "MaTienTe", "MaNganHang", "ThongTinGiaoDich", "ThoiGianGD", "Ip",
)  # fmt: skip
CONFIRM = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang", "ThoiGianGD",
    "ThongTinGiaoDich",
)  # fmt: skip
CONFIRM_REPLY = ("MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
QUERY = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
GET_BILL = QUERY
"""The platform's messages, each with its fields in the order of the hash."""

VNPAY_QUERY = (
    "vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TxnRef", "vnp_TransactionDate",
    "vnp_CreateDate", "vnp_IpAddr", "vnp_OrderInfo",
)  # fmt: skip
VNPAY_ANSWER = (
    "vnp_ResponseId", "vnp_Command", "vnp_ResponseCode", "vnp_Message", "vnp_TmnCode", "vnp_TxnRef", "vnp_Amount",
    "vnp_BankCode", "vnp_PayDate", "vnp_TransactionNo", "vnp_TransactionType", "vnp_TransactionStatus",
    "vnp_OrderInfo", "vnp_PromotionCode", "vnp_PromotionAmount",
)  # fmt: skip
"""VNPay's interface for questions signs the values of these, joined by ``|``."""

_MARK = "|"
_UNSIGNED = ("vnp_SecureHash", "vnp_SecureHashType")


def platform_hash(fields: Mapping[str, object], order: Sequence[str], secret: str) -> str:
    """Return MaXacThuc: SHA-256 of the fields in this order and the secret, joined by ``|``, in lower case.

    A field that is not there counts as empty. Raises ``ValueError`` for a field, but the last, that holds the mark.
    """
    return hashlib.sha256(_MARK.join([*_values(fields, order), secret]).encode()).hexdigest()


def vnpay_hash(fields: Mapping[str, str], secret: str) -> str:
    """Return vnp_SecureHash of a link or a notice: over its ``vnp_`` fields that are not empty, sorted and encoded."""
    signed = sorted(name for name in fields if name.startswith("vnp_") and name not in _UNSIGNED and fields[name])
    text = "&".join(f"{quote_plus(name)}={quote_plus(fields[name])}" for name in signed)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def vnpay_joined_hash(fields: Mapping[str, object], order: Sequence[str], secret: str) -> str:
    """Return vnp_SecureHash of a question or its answer. Raises ``ValueError`` as :func:`platform_hash` does."""
    return hmac.new(secret.encode(), _MARK.join(_values(fields, order)).encode(), hashlib.sha512).hexdigest()


def is_same(given: object, right: str) -> bool:
    """Tell whether a signature is right, in constant time; in whichever case its digits are written."""
    return isinstance(given, str) and hmac.compare_digest(given.lower().encode("utf-8", "replace"), right.encode())


def _values(fields: Mapping[str, object], order: Sequence[str]) -> list[str]:
    values = [str(fields.get(name, "")) for name in order]
    if any(_MARK in value for value in values[:-1]):
        raise ValueError("a signed field holds the mark that parts fields")
    return values
