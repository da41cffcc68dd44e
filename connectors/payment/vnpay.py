"""VNPay 2.1.0: the signed link by which it is paid, its notices, and its interface for questions. Pure."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import msgspec

from bus.errors import CredentialsRefused, PartnerUnavailable, Rejected
from connectors import times
from connectors.payment import signatures
from connectors.payment.config import VNPAY, Vnpay
from connectors.payment.notices import Notice, amount_of, unproven
from connectors.payment.orders import Charge, Opened, Order, State, state_of

VERSION = "2.1.0"
_HUNDREDTHS = 100
_MOST_FIELDS = 64
_DONE, _UNKNOWN, _REPEATED, _WRONG_HASH, _WRONG_TERMINAL = "00", "91", "94", "97", "02"


def pay_link(ours: Vnpay, secret: str, reference: str, order: Order) -> Opened:
    """Return the link by which a payment is made: nothing is asked of VNPay, so it may be made any number of times."""
    fields = {
        "vnp_Version": VERSION, "vnp_Command": "pay", "vnp_TmnCode": ours.terminal,
        "vnp_Amount": str(order.amount * _HUNDREDTHS), "vnp_CurrCode": order.currency, "vnp_TxnRef": reference,
        "vnp_OrderInfo": "Thanh toan phi, le phi", "vnp_OrderType": "other", "vnp_Locale": "vn",
        "vnp_ReturnUrl": ours.return_url, "vnp_IpAddr": ours.ip, "vnp_CreateDate": order.requested,
    }  # fmt: skip
    signed = {**dict(sorted(fields.items())), "vnp_SecureHash": signatures.vnpay_hash(fields, secret)}
    return Opened(pay_url=f"{ours.base_url.rstrip('/')}{ours.pay_endpoint}?{urlencode(signed)}")


def query_message(ours: Vnpay, secret: str, reference: str, order: Order) -> Mapping[str, str]:
    """Return querydr of a reference; each has a number of its own, by which VNPay knows repeats."""
    fields = {
        "vnp_RequestId": secrets.token_hex(16), "vnp_Version": VERSION, "vnp_Command": "querydr",
        "vnp_TmnCode": ours.terminal, "vnp_TxnRef": reference, "vnp_OrderInfo": "Truy van giao dich",
        "vnp_TransactionDate": order.requested, "vnp_CreateDate": times.told(datetime.now(UTC)),
        "vnp_IpAddr": ours.ip,
    }  # fmt: skip
    try:
        return {**fields, "vnp_SecureHash": signatures.vnpay_joined_hash(fields, signatures.VNPAY_QUERY, secret)}
    except ValueError as error:
        raise Rejected("a field of this payment holds `|`, which parts the fields of a signature") from error


def read_query(body: bytes, secret: str) -> Charge:
    """Return what querydr says of a payment. Raises as a delivery does."""
    try:
        told = {name: str(value) for name, value in msgspec.json.decode(body, type=dict[str, str | int | None]).items()
                if value is not None}  # fmt: skip
        right = signatures.vnpay_joined_hash(told, signatures.VNPAY_ANSWER, secret)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise PartnerUnavailable(f"querydr: VNPay sent no whole answer ({len(body)} bytes)") from error
    code = told.get("vnp_ResponseCode", "")
    if code in (_WRONG_HASH, _WRONG_TERMINAL):
        raise CredentialsRefused(f"querydr: VNPay refuses our signature or our terminal (code {code})")
    if code == _REPEATED:
        raise PartnerUnavailable("querydr: VNPay has answered this question before")
    if code not in (_DONE, _UNKNOWN):
        raise Rejected(f"querydr: VNPay does not answer about this payment (code {code})")
    if not signatures.is_same(told.get("vnp_SecureHash"), right):
        raise CredentialsRefused("querydr: the answer's signature is not VNPay's")
    if code == _UNKNOWN:
        return Charge(state=State.UNKNOWN)
    status = told.get("vnp_TransactionStatus", "")
    return Charge(
        state=state_of(status), code=status, amount=amount_of(told.get("vnp_Amount", ""), hundredths=True),
        transaction=told.get("vnp_TransactionNo", ""), bank=told.get("vnp_BankCode", ""),
        paid_at=told.get("vnp_PayDate", ""),
    )  # fmt: skip


def notice(query: str, ours: Vnpay, secret: str) -> Notice:
    """Return the notice in a query string, proven. Raises :class:`~bus.errors.NotProven`."""
    fields = _fields(query)
    right = signatures.vnpay_hash(fields, secret)
    if not signatures.is_same(fields.get("vnp_SecureHash"), right):
        raise unproven(VNPAY, "IPN: vnp_SecureHash is wrong")
    if fields.get("vnp_TmnCode") != ours.terminal:
        raise unproven(VNPAY, "IPN: it is for another terminal")
    response = fields.get("vnp_ResponseCode", "")
    status = fields.get("vnp_TransactionStatus") or response  # an empty field is not signed: anybody can add one
    return Notice(
        gateway=VNPAY, reference=fields.get("vnp_TxnRef", ""),
        amount=amount_of(fields.get("vnp_Amount", ""), hundredths=True),
        currency="VND",  # VNPay's notices name none: it takes no other
        transaction=fields.get("vnp_TransactionNo", ""), bank=fields.get("vnp_BankCode", ""),
        paid_at=fields.get("vnp_PayDate", ""), code=response if response != _DONE else status,
        is_success=response == status == _DONE, digest=hashlib.sha256(query.encode("utf-8", "replace")).hexdigest(),
        proof=right,
    )  # fmt: skip


def _fields(query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict",
                          max_num_fields=_MOST_FIELDS)  # fmt: skip
    except (ValueError, UnicodeError):
        raise unproven(VNPAY, "IPN: no whole query") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise unproven(VNPAY, "IPN: a field stands there twice")
    return fields
