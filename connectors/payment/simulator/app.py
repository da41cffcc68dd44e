"""The HTTP face of both gateways. Everything that is answered was committed before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import falcon

from connectors.payment import signatures
from connectors.payment.simulator import (
    PARTNER,
    PLATFORM_ENDPOINT,
    PLATFORM_PAGE,
    PLATFORM_SECRET,
    TERMINAL,
    VNPAY_ENDPOINT,
    VNPAY_PAGE,
    VNPAY_SECRET,
    messages,
)  # fmt: skip
from connectors.payment.simulator.books import Books, Order
from connectors.payment.simulator.draws import Draws
from connectors.simulation import Call
from connectors.simulation.chance import lost_answer
from connectors.simulation.speaking import heard
from connectors.simulation.spoiling import spoil

_ORDERS = {"INIT": signatures.INIT, "QUERY": signatures.QUERY, "GET_BILL": signatures.GET_BILL}
_PAID = "<!doctype html><title>Thanh toán</title><p>Đã thanh toán. Cảm ơn quý khách.</p>"


class Gateways:
    """What both gateways share: their books, what befalls whom, and who is told of a payment."""

    def __init__(self, books: Books, draws: Draws, *, trouble: bool, paid: Callable[[], None]) -> None:
        self.books, self.draws, self.trouble, self.paid = books, draws, trouble, paid

    def pay(self, order: Order, response: falcon.Response) -> None:
        """Pay, once, and show the page."""
        self.books.pay(order)
        self.paid()
        response.data, response.content_type = _PAID.encode(), "text/html; charset=utf-8"


def make_app(gateways: Gateways) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the WSGI application."""
    app = falcon.App()
    app.add_route(PLATFORM_ENDPOINT, Platform(gateways))
    app.add_route(PLATFORM_PAGE, PlatformPage(gateways))
    app.add_route(VNPAY_PAGE, VnpayPage(gateways))
    app.add_route(VNPAY_ENDPOINT, VnpayQuestions(gateways))
    return app


class Platform:
    """INIT, QUERY and GET_BILL of the payment platform."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways, self._books = gateways, gateways.books

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a message."""
        asked = heard(request)
        kind, reference = str(asked.get("LoaiBanTin")), str(asked.get("MaThamChieu", ""))
        if not _is_ours(asked, kind):
            self._books.store.record(Call(kind, "", {}, "97"))
            response.data = messages.platform_answer("97")
        elif kind == "INIT":
            response.data = self._init(reference, asked, request.prefix)
            spoil(response, self._fault(reference))
        else:
            response.data = self._tell(kind, reference, request.prefix)

    def _init(self, reference: str, asked: Mapping[str, Any], base: str) -> bytes:
        requested = str(asked["ThoiGianGD"])
        opened_at = self._gateways.draws.opened_at(reference, requested)
        order = Order(reference, "DVCQG", int(asked["SoTien"]), requested, opened_at)
        code = "0" if _adds_up(asked) else "3"
        with self._books.store.transaction():
            if code == "0" and not self._books.open(order):
                code = "2"
            told = {"SoTien": asked["SoTien"]}
            self._books.store.record(Call("INIT", reference, told, code, acted=code == "0"))
        return messages.platform_answer(code, messages.platform_open(order, _link(base, order)) if code == "0" else {})

    def _tell(self, kind: str, reference: str, base: str) -> bytes:
        order = self._books.find(reference)
        code = "1" if order is None else "0"
        self._books.store.record(Call(kind, "", {"MaThamChieu": reference}, code))
        if order is None:
            return messages.platform_answer("1")
        if kind == "QUERY":
            return messages.platform_answer("0", messages.platform_state(order, _link(base, order)))
        return (
            messages.platform_answer("0", messages.platform_bill()) if order.paid_at else messages.platform_answer("1")
        )

    def _fault(self, reference: str) -> str:
        if not self._gateways.trouble:
            return ""
        return lost_answer(self._books.store, self._gateways.draws.seed, "INIT", reference)


class PlatformPage:
    """The platform's pay page: whoever opens its link has paid."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Pay."""
        order = self._gateways.books.find(request.get_param("ma") or "")
        if order is None or request.get_param("khoa") != _token(order):
            raise falcon.HTTPNotFound
        self._gateways.pay(order, response)


class VnpayPage:
    """VNPay's pay page: a payment is there once somebody comes with a signed link."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Pay."""
        fields = {name: str(value) for name, value in request.params.items()}
        right = signatures.vnpay_hash(fields, VNPAY_SECRET)
        if not signatures.is_same(fields.get("vnp_SecureHash"), right) or fields.get("vnp_TmnCode") != TERMINAL:
            raise falcon.HTTPForbidden
        asked = fields["vnp_CreateDate"]
        order = Order(fields["vnp_TxnRef"], "VNPAY", int(fields["vnp_Amount"]) // 100, asked, asked)
        self._gateways.books.open(order)
        self._gateways.pay(order, response)


class VnpayQuestions:
    """querydr."""

    def __init__(self, gateways: Gateways) -> None:
        self._books = gateways.books

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Tell of a payment."""
        asked = heard(request)
        right = signatures.vnpay_joined_hash(asked, signatures.VNPAY_QUERY, VNPAY_SECRET)
        order = self._books.find(str(asked.get("vnp_TxnRef", "")))
        code = "00" if order is not None else "91"
        if not signatures.is_same(asked.get("vnp_SecureHash"), right):
            code, order = "97", None
        self._books.store.record(Call("querydr", "", {"vnp_TxnRef": asked.get("vnp_TxnRef")}, code))
        response.data = messages.vnpay_answer(asked, code, order)


def _is_ours(asked: Mapping[str, Any], kind: str) -> bool:
    if kind not in _ORDERS or asked.get("MaDoiTac") != PARTNER:
        return False
    return signatures.is_same(
        asked.get("MaXacThuc"), signatures.platform_hash(asked, _ORDERS[kind], PLATFORM_SECRET)
    )  # fmt: skip


def _adds_up(asked: Mapping[str, Any]) -> bool:
    parts = asked["ThongTinBienLai"]["PhiLePhi"]
    return sum(int(part["SoTien"]) for part in parts) == int(asked["SoTien"])


def _token(order: Order) -> str:
    return signatures.platform_hash({"ma": order.reference}, ("ma",), PLATFORM_SECRET)[:32]


def _link(base: str, order: Order) -> str:
    return f"{base}{PLATFORM_PAGE}?{urlencode({'ma': order.reference, 'khoa': _token(order)})}"
