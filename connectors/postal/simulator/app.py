"""The simulated post's HTTP face: a login, an order, its cancelling, a search and the tracking list."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, NamedTuple
from uuid import uuid4

import falcon

from connectors.postal.simulator.books import CUSTOMER, DONE, Books
from connectors.simulation import Call
from connectors.simulation.chance import lost_answer
from connectors.simulation.speaking import heard, say
from connectors.simulation.spoiling import spoil

__all__ = ["CUSTOMER", "PASSWORD", "USERNAME", "Desk", "wsgi"]

USERNAME, PASSWORD = "truc-lien-thong", "mat-khau-buu-chinh"
"""The simulator's own; nothing real is called so."""

_WORDS = {
    "100": "Thành công", "201": "Mã khách hàng không tồn tại", "202": "Địa chỉ người nhận không hợp lệ",
    "203": "Không tìm thấy đơn hàng", "300": "Hệ thống đang bận",
}  # fmt: skip
_AWAY = "503:1"
Body = Mapping[str, Any]
_SPOILED: dict[str, Callable[[Body], Body]] = {
    "contradiction": lambda answer: {**answer, "Message": "Lỗi: không lưu được đơn hàng"},
    "other-contradiction": lambda answer: {**answer, "Status": "999"},
    "other-status": lambda _: {"Status": "999", "Message": "Không xác định"},
    "short-page": lambda page: {**page, "_returned": page["_returned"] + 1},
    "disorder": lambda page: _with_rows(page, page["_embedded"]["rh:doc"][::-1]),
    "no-id": lambda page: _with_rows(page, [{"OrderNumber": "x"}]),
    "odd-id": lambda page: _with_rows(page, [{"_id": {"$oid": "g" * 24}}]),
    "other-shape": lambda _: {"rows": []},
    "no-created": lambda found: {**found, "data": [{**one, "createdDate": None} for one in found["data"]]},
    "cannot-look": lambda found: {**found, "success": False},
}
"""What a bad partner makes of a good answer."""


class _Done(NamedTuple):
    body: Body
    answered: str
    acted: bool = False


class Desk:
    """All endpoints: who is logged in, and what goes wrong: what was scripted, else what chance draws."""

    def __init__(self, books: Books, *, trouble: bool = False) -> None:
        self.books, self.trouble = books, trouble
        self.script: deque[str] = deque()
        self._tokens: set[str] = set()
        self._lock = Lock()

    def on_post_login(self, request: falcon.Request, response: falcon.Response) -> None:
        """``{username, password, customerCode}`` → ``{success, token}``."""
        asked = heard(request)
        is_known = (asked.get("username"), asked.get("password")) == (USERNAME, PASSWORD)
        fault = _AWAY if self.books.is_out() else ""
        token = uuid4().hex if is_known and not fault else None
        if token is not None:
            self._tokens.add(token)
        self.books.store.record(Call("login", "", {}, fault or str(is_known)))
        say(response, {"success": is_known, "token": token})
        spoil(response, fault)

    def on_post_order(self, request: falcon.Request, response: falcon.Response) -> None:
        """MOrder → ``{Status, Message}``."""
        asked = heard(request)

        def act() -> _Done:
            status = self.books.order(asked)
            return _Done(_words(status), status, acted=status == DONE)

        public = {name: asked.get(name) for name in ("CustomerCode", "OrderNumber", "CODAmount")}
        self._answer(request, response, Call("order", str(asked.get("OrderNumber")), public, ""), act)

    def on_get_cancel(self, request: falcon.Request, response: falcon.Response) -> None:
        """``?CustomerCode=&OrderNumber=`` → ``{Status, Message}``."""
        customer = request.get_param("CustomerCode", required=True)
        number = request.get_param("OrderNumber", required=True)

        def act() -> _Done:
            status, acted = self.books.cancel(customer, number)
            return _Done(_words(status), status, acted)

        self._answer(request, response, Call("cancel", number, {"CustomerCode": customer}, ""), act)

    def on_get_found(self, request: falcon.Request, response: falcon.Response) -> None:
        """``?type=1&code=`` → ``{success, data}``."""
        code = request.get_param("code", required=True)

        def act() -> _Done:
            return _Done({"success": True, "data": self.books.find(code)}, "ok")

        self._answer(request, response, Call("getOrder", code, {}, ""), act)

    def on_get_tracking(self, request: falcon.Request, response: falcon.Response) -> None:
        """``?lastId=&pagesize=`` → a page, as RESTHeart has it."""
        last_id = request.get_param("lastId", required=True)
        size = request.get_param_as_int("pagesize", required=True)

        def act() -> _Done:
            return _Done(self.books.page(last_id, size), "ok")

        self._answer(request, response, Call("tracking", "", {"lastId": last_id}, ""), act)

    def _answer(self, request: falcon.Request, response: falcon.Response, call: Call, act: Callable[[], _Done]) -> None:
        """Act, enter the call and commit both; then answer, well or badly."""
        with self._lock:
            fault = self.script.popleft() if self.script else ""
            refused = self._refusal(request, fault)
            with self.books.store.transaction():
                done = _Done(_words("300"), refused) if refused else act()
                self.books.store.record(call._replace(answered=done.answered, acted=done.acted))
                if done.acted and call.service == "order" and self.trouble and not fault:
                    fault = lost_answer(self.books.store, self.books.seed, "order", call.reference)
        body = _SPOILED[fault](done.body) if fault in _SPOILED and not refused else done.body
        say(response, body)
        spoil(response, refused or fault)

    def _refusal(self, request: falcon.Request, fault: str) -> str:
        """Return why a call is not even looked at: a status of HTTP's, or that the post is busy; else nothing."""
        if fault == "token-over":
            self._tokens.clear()
        if self.books.is_out():
            return _AWAY
        if fault == "busy" or fault.partition(":")[0].isdigit():
            return fault
        return "" if request.get_header("access-token") in self._tokens else "401"


def wsgi(desk: Desk) -> falcon.App[Any, Any]:
    """Return the whole system as a WSGI application."""
    app = falcon.App()
    app.add_route("/GetAccessToken", desk, suffix="login")
    app.add_route("/orderPost", desk, suffix="order")
    app.add_route("/orderCancel", desk, suffix="cancel")
    app.add_route("/getOrder", desk, suffix="found")
    app.add_route("/orderTracking", desk, suffix="tracking")
    return app


def _words(status: str) -> Body:
    return {"Status": status, "Message": _WORDS[status]}


def _with_rows(page: Body, rows: list[Body]) -> Body:
    return {**page, "_returned": len(rows), "_embedded": {"rh:doc": rows}}
