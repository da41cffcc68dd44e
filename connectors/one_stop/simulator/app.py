"""The simulated system's HTTP face: a login and one endpoint for all services, as adapters of the portal have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Lock
from typing import Any
from uuid import uuid4

import falcon

from connectors.one_stop.feeds import CHANGED_AT, FEEDS
from connectors.one_stop.simulator.clock import Clock
from connectors.one_stop.simulator.faults import Faults
from connectors.one_stop.simulator.inbound import DONE, Inbound
from connectors.one_stop.simulator.store import Asked, Store, StoredRow
from connectors.one_stop.simulator.world import World
from connectors.simulation import Call
from connectors.simulation.speaking import heard, say
from connectors.simulation.spoiling import spoil
from connectors.times import told

USERNAME, PASSWORD = "truc-lien-thong", "mat-khau-thu-nghiem"
"""The simulator's own; nothing real is called so."""

AGENCY = "H31"

_ANSWERS = {
    "busy": {"error_code": "-1", "message": "Hệ thống đang bận, vui lòng thử lại sau"},
    "session-over": {"error_code": "-2", "message": "Phiên làm việc đã hết hạn"},
    "refused": {"error_code": "-5", "message": "Đơn vị không tồn tại"},
    "contradiction": {"error_code": "0", "message": "Lỗi: không kết nối được cơ sở dữ liệu"},
    "no-data": DONE,
}
_SERVICES = {feed.service: name for name, feed in FEEDS.items()}
_MAX_SIZE = 1000


class Desk:
    """What both endpoints share: the store, the clock, what happens, and what goes wrong."""

    def __init__(self, store: Store, world: World, clock: Clock, faults: Faults, inbound: Inbound) -> None:
        self.store, self.world, self.clock, self.faults, self.inbound = store, world, clock, faults, inbound
        self.lock = Lock()
        self.last: dict[str, dict[str, Any]] = {}
        self.blanks: dict[tuple[str, ...], int] = {}


class Login:
    """``{username, password}`` → ``{session, error_code}``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Begin a session."""
        asked = heard(request)
        with self._desk.lock, self._desk.store.transaction():
            if (asked.get("username"), asked.get("password")) == (USERNAME, PASSWORD):
                session = uuid4().hex
                self._desk.store.add_session(session)
                answer: dict[str, Any] = {"session": session, "error_code": 0}
            else:
                answer = {"session": None, "error_code": "-4", "message": "Sai tên đăng nhập hoặc mật khẩu"}
            self._desk.store.record(Call("login", "", {}, str(answer["error_code"])))
        _send(response, answer, self._desk.clock.now())


class Share:
    """``{session, madonvi, service, …}`` → a page of the service's rows, or what became of what was sent."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer one call, well or as the script says."""
        asked = heard(request)
        desk = self._desk
        now = desk.clock.now()  # once: an answer is never dated later than what it saw
        with desk.lock:
            with desk.store.transaction():
                desk.world.advance(now)
                fault = desk.faults.next()
                answer, lost = self._answer(asked, fault)
            desk.inbound.release()
        _send(response, answer, now)
        _spoil(response, lost or fault)

    def _answer(self, asked: dict[str, Any], fault: str) -> tuple[dict[str, Any], str]:
        """Return the answer, and how it gets lost, if it does; and keep the call."""
        service = str(asked.get("service"))
        refusal = self._refusal(asked, fault)
        if refusal is None and self._desk.inbound.knows(service):
            return self._taken(asked)
        answer = refusal or self._listed(_SERVICES[service], asked, fault)
        self._desk.store.record(Call(service, "", _public(asked), fault or str(answer["error_code"])))
        return answer, ""

    def _taken(self, asked: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Take what was sent: what comes of it carries a time behind every answer that was given."""
        desk = self._desk
        taken = desk.inbound.take(asked, desk.clock.now())
        desk.store.record(taken.call)
        return taken.answer, taken.lost

    def _refusal(self, asked: dict[str, Any], fault: str) -> dict[str, Any] | None:
        service = str(asked.get("service"))
        if fault == "session-over":
            self._desk.store.end_sessions()
        if fault in _ANSWERS:
            return _ANSWERS[fault]
        if not self._desk.store.has_session(str(asked.get("session"))):
            return _ANSWERS["session-over"]
        is_known = service in _SERVICES or self._desk.inbound.knows(service)
        return _ANSWERS["refused"] if not is_known or asked.get("madonvi") != AGENCY else None

    def _listed(self, feed: str, asked: dict[str, Any], fault: str) -> dict[str, Any]:
        if fault == "repeated-page" and feed in self._desk.last:
            return self._desk.last[feed]
        return self._page(feed, asked, fault)

    def _page(self, feed: str, asked: dict[str, Any], fault: str) -> dict[str, Any]:
        """Answer a page; one that is empty although there is more puts off its rows to the next number."""
        anchor = (feed, str(asked.get("TuThoiDiem", "")), str(asked.get("SauMa", "")))
        if fault == "empty-page":
            self._desk.blanks[anchor] = self._desk.blanks.get(anchor, 0) + 1
            return {**DONE, "data": [], "ConNua": True}
        size = min(max(int(asked.get("KichThuocTrang", 100)), 1), _MAX_SIZE)
        number = max(int(asked.get("Trang", 1)) - self._desk.blanks.get(anchor, 0), 1)
        wanted = Asked(*anchor, str(asked.get("DenThoiDiem", "")), (number - 1) * size, size + 1)
        found = self._desk.store.page(wanted)
        answer = {**DONE, "data": [_told(row) for row in found[:size]], "ConNua": len(found) > size}
        self._misbehave(feed, found, size, answer, fault)
        self._desk.last[feed] = answer
        return answer

    def _misbehave(
        self, feed: str, found: Sequence[StoredRow], size: int, answer: dict[str, Any], fault: str
    ) -> None:  # fmt: skip
        """Let rows be changed while somebody pages, or tell them twice, or in no order."""
        if fault == "shift" and found:
            later = told(self._desk.clock.now() + timedelta(seconds=1))
            self._desk.store.touch(feed, {found[0].id, found[-1].id} if len(found) > size else {found[0].id}, later)
        if fault == "twice-in-page":
            answer["data"] = [row for row in answer["data"] for _ in range(2)]
        if fault == "disorder":
            answer["data"] = answer["data"][::-1]


def wsgi(desk: Desk) -> falcon.App[Any, Any]:
    """Return the whole system as a WSGI application."""
    app = falcon.App()
    app.add_route("/auth", Login(desk))
    app.add_route("/share", Share(desk))
    return app


def _public(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name not in ("session", "data")}


def _told(row: StoredRow) -> dict[str, Any]:
    return {**row.body, CHANGED_AT: row.time}


def _spoil(response: falcon.Response, fault: str) -> None:
    if fault == "no-date":
        response.set_header("Date", "today")
    spoil(response, fault)


def _send(response: falcon.Response, answer: dict[str, Any], now: datetime) -> None:
    say(response, answer)
    response.set_header("Date", format_datetime(now.astimezone(UTC), usegmt=True))
