"""The simulated database's HTTP face: one service, which compares what it is sent with what it holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import falcon

from connectors.population.simulator.looks import SERVICE, Answer, enter_call, looked, refused
from connectors.population.simulator.proof import is_proven
from connectors.simulation import Store
from connectors.simulation.chance import lost_answer
from connectors.simulation.speaking import heard, say
from connectors.simulation.spoiling import spoil

_NOT_MADE = ("busy",)
"""Faults after which the look was not made; so are all that are a status."""

_BODIES: dict[str, Callable[[Answer], Mapping[str, Any]]] = {
    "contradiction": lambda answer: {**answer, "thongBao": "Lỗi: không thành công"},
    "other-code": lambda answer: {**answer, "maLoi": "777", "thongBao": "Lỗi khác"},
    "other-request": lambda answer: {**answer, "maYeuCau": "R-0"},
    "other-person": lambda answer: {**answer, "CongDan": {"SoDinhDanh": "001199000001"}},
    "other-outcome": lambda answer: {**answer, "ketQua": "0"},
    "no-outcome": lambda answer: {**answer, "ketQua": None},
    "no-time": lambda answer: {**answer, "thoiGian": "hôm nay"},
    "not-json-object": lambda _: {"maLoi": []},
}
"""What a bad partner makes of a good answer."""


class Desk:
    """The store, the seed, and what goes wrong: what was scripted for the next calls, else what chance draws."""

    def __init__(self, store: Store, seed: int, *, trouble: bool = False, lucky: str = "") -> None:
        self.store, self.seed, self.trouble, self.lucky = store, seed, trouble, lucky
        self.script: deque[str] = deque()
        self._lock = Lock()

    def answer(self, asked: dict[str, Any]) -> tuple[Answer, str]:
        """Return the answer to a proven call, and how it is to be spoiled on its way."""
        with self._lock:
            fault = self.script.popleft() if self.script else ""
            if fault in _NOT_MADE or fault.partition(":")[0].isdigit():
                enter_call(self.store, asked, fault)
                return refused(asked, "-1"), fault
            answer = looked(self.store, self.seed, asked, is_lucky=asked.get("maYeuCau") == self.lucky)
            if self.trouble and not fault:
                fault = lost_answer(self.store, self.seed, SERVICE, str(answer["maYeuCau"]))
        return (_BODIES[fault](answer) if fault in _BODIES else answer), fault


class Verify:
    """``{maYeuCau, maDVC, maCanBo, …}`` → the outcome, and the citizen's whole record."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer one call."""
        asked = heard(request)
        proof = (request.url, request.get_header("Timestamp") or "", request.get_header("Authorization") or "")
        if not is_proven(*proof):
            enter_call(self._desk.store, asked, "100")
            response.status = 401
            say(response, refused(asked, "100"))
            return
        answer, fault = self._desk.answer(asked)
        say(response, answer)
        spoil(response, fault)


def wsgi(desk: Desk) -> falcon.App[Any, Any]:
    """Return the whole system as a WSGI application."""
    app = falcon.App()
    app.add_route(f"/{SERVICE}", Verify(desk))
    return app
