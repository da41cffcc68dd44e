"""Signatures: held against digests of literal texts, and sound against every change."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from connectors.payment import signatures

KEY = "khóa"
INIT = {
    "LoaiBanTin": "INIT", "PhienBan": "1.0.6", "MaDoiTac": "P", "MaThamChieu": "R1", "SoTien": "50000",
    "LoaiHinhThanhToan": "PAY", "MaKenhThanhToan": "1", "MaThietBi": "1", "NgonNgu": "vi-VN", "MaTienTe": "VND",
    "MaNganHang": "", "ThongTinGiaoDich": "lệ phí", "ThoiGianGD": "20260609081500", "Ip": "10.0.0.1",
}  # fmt: skip
CONFIRM = {
    "LoaiBanTin": "CONFIRM", "MaLoi": "00", "MaDoiTac": "P", "MaThamChieu": "R1", "SoTien": 50000, "MaTienTe": "VND",
    "MaGiaoDich": "77", "MaNganHang": "NCB", "ThoiGianGD": "20260609082500", "ThongTinGiaoDich": "lệ phí",
}  # fmt: skip
REPLY = {"MaLoi": "00", "MoTaLoi": "Thành công", "MaDoiTac": "P", "MaThamChieu": "R1", "ThoiGianGD": "20260609082500"}
QUERY = {
    "LoaiBanTin": "QUERY", "PhienBan": "1.0.6", "MaDoiTac": "P", "MaThamChieu": "R1", "ThoiGianGD": "20260609081500",
}  # fmt: skip
BILL = {**QUERY, "LoaiBanTin": "GET_BILL"}
TEXTS = [
    (INIT, signatures.INIT, "INIT|1.0.6|P|R1|50000|PAY|1|1|vi-VN|VND||lệ phí|20260609081500|10.0.0.1|khóa"),
    (CONFIRM, signatures.CONFIRM, "CONFIRM|00|P|R1|50000|VND|77|NCB|20260609082500|lệ phí|khóa"),
    (REPLY, signatures.CONFIRM_REPLY, "00|Thành công|P|R1|20260609082500|khóa"),
    (QUERY, signatures.QUERY, "QUERY|1.0.6|P|R1|20260609081500|khóa"),
    (BILL, signatures.GET_BILL, "GET_BILL|1.0.6|P|R1|20260609081500|khóa"),
]
IPN = {
    "vnp_Amount": "5000000", "vnp_BankCode": "NCB", "vnp_CardType": "", "vnp_OrderInfo": "Thanh toán: lệ phí",
    "vnp_ResponseCode": "00", "vnp_TxnRef": "R/1", "other": "x", "vnp_SecureHash": "?", "vnp_SecureHashType": "SHA512",
}  # fmt: skip
IPN_TEXT = (
    "vnp_Amount=5000000&vnp_BankCode=NCB&vnp_OrderInfo=Thanh+to%C3%A1n%3A+l%E1%BB%87+ph%C3%AD"
    "&vnp_ResponseCode=00&vnp_TxnRef=R%2F1"
)


@pytest.mark.parametrize(("fields", "order", "text"), TEXTS, ids=[str(one[0].get("LoaiBanTin")) for one in TEXTS])
def test_the_platforms_hash_is_sha256_of_the_fields_in_order_and_the_secret(
    fields: dict[str, object], order: tuple[str, ...], text: str
) -> None:
    assert signatures.platform_hash(fields, order, KEY) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("fields", "order", "_text"), TEXTS)
def test_any_changed_field_changes_the_platforms_hash(
    fields: dict[str, object], order: tuple[str, ...], _text: str
) -> None:
    changed = [{**fields, name: f"{fields[name]}x"} for name in order]
    hashes = {signatures.platform_hash(one, order, KEY) for one in [fields, *changed]}
    assert len(hashes) == len(order) + 1
    assert signatures.platform_hash(fields, order, "another") not in hashes


def test_a_field_that_holds_the_mark_is_never_signed_but_at_the_end() -> None:
    """Else `a|b` and `c` would be signed as `a` and `b|c` are."""
    for name in signatures.CONFIRM[:-1]:
        with pytest.raises(ValueError, match="mark"):
            signatures.platform_hash({**CONFIRM, name: "a|b"}, signatures.CONFIRM, KEY)
    assert signatures.platform_hash({**CONFIRM, "ThongTinGiaoDich": "a|b"}, signatures.CONFIRM, KEY)


def test_vnpays_hash_is_hmac_sha512_over_sorted_encoded_fields_of_its_own() -> None:
    right = hmac.new(KEY.encode(), IPN_TEXT.encode(), hashlib.sha512).hexdigest()
    assert signatures.vnpay_hash(IPN, KEY) == right
    assert signatures.vnpay_hash(dict(reversed(IPN.items())), KEY) == right


@pytest.mark.parametrize("name", ["vnp_Amount", "vnp_BankCode", "vnp_OrderInfo", "vnp_ResponseCode", "vnp_TxnRef"])
def test_any_changed_field_changes_vnpays_hash(name: str) -> None:
    right = signatures.vnpay_hash(IPN, KEY)
    assert signatures.vnpay_hash({**IPN, name: IPN[name] + "0"}, KEY) != right
    assert signatures.vnpay_hash({**IPN, name: ""}, KEY) != right


def test_vnpays_questions_are_signed_by_their_values_in_order() -> None:
    fields = {name: name[-3:] for name in signatures.VNPAY_QUERY}
    text = "tId|ion|and|ode|Ref|ate|ate|ddr|nfo"
    right = hmac.new(KEY.encode(), text.encode(), hashlib.sha512).hexdigest()
    assert signatures.vnpay_joined_hash(fields, signatures.VNPAY_QUERY, KEY) == right


@pytest.mark.parametrize("given", [None, 7, "", "ab", "é", "ABCDEF1", "\ud800"])
def test_only_the_right_signature_is_the_same(given: object) -> None:
    assert not signatures.is_same(given, "abcdef")
    assert signatures.is_same("ABCdef", "abcdef")
