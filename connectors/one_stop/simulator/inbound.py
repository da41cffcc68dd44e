"""What is sent to the simulated system: progress, payments, results; and the question what of it has arrived.

A repeated CapNhatTienDoHoSoMC is a second step: the real service knows no key. Payments are kept by MaThamChieu and
state, results by GiayToId: the same once more changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connectors.one_stop.simulator.citizens import Citizens
from connectors.one_stop.simulator.store import Sent, Store
from connectors.one_stop.simulator.world import World
from connectors.simulation import Call, chance
from connectors.times import parse

Answer = dict[str, Any]
Item = dict[str, Any]

PROGRESS, PAYMENT, RESULT, LOOK_UP = "CapNhatTienDoHoSoMC", "CapNhatThanhToan", "DongBoHoSoMC", "TraCuuHoSo"
DONE = {"error_code": "0", "message": "Thành công"}
EXISTS = {"error_code": "-3", "message": "Hồ sơ đã tồn tại"}
UNKNOWN_DOSSIER = {"error_code": "-6", "message": "Hồ sơ không tồn tại"}
BAD_DATA = {"error_code": "-7", "message": "Dữ liệu không hợp lệ"}
_WAITING = "Chờ thanh toán"


class Taken(NamedTuple):
    """How a call was answered, with what the book of calls says of it, and how the answer gets lost, if it does."""

    answer: Answer
    call: Call
    lost: str = ""


class Inbound:
    """The services that take something. Called within a transaction, which also keeps the call.

    ``citizens`` get the links by which payments are made. ``loses`` is the seed by which answers get lost, if they do.
    """

    def __init__(
        self, store: Store, world: World, citizens: Citizens | None = None, *, loses: int | None = None
    ) -> None:
        self._store, self._world, self._citizens, self._loses = store, world, citizens, loses
        self._links: list[tuple[str, str]] = []
        self._services: dict[str, Callable[[Item, datetime], tuple[Answer, str, bool]]] = {
            PROGRESS: self._progress, PAYMENT: self._payment, RESULT: self._result,
        }  # fmt: skip

    def knows(self, service: str) -> bool:
        """Tell whether a service is one of these."""
        return service in self._services or service == LOOK_UP

    def take(self, asked: Item, now: datetime) -> Taken:
        """Do what a call asks for."""
        service, item = str(asked.get("service")), _only_item(asked)
        if service == LOOK_UP:
            return _taken(service, self._found(str(asked.get("mahoso"))), "", acted=False)
        if item is None:
            return _taken(service, BAD_DATA, "", acted=False)
        if service == RESULT and asked.get("isUpdating") != "True":
            is_there = self._store.case(str(item.get("MaHoSo"))) is not None
            return _taken(service, EXISTS if is_there else BAD_DATA, "", acted=False)
        answer, reference, acted = self._services[service](item, now)
        taken = _taken(service, answer, reference, acted=acted)
        if self._loses is None or service != PROGRESS or not acted:
            return taken
        return taken._replace(lost=chance.lost_answer(self._store, self._loses, PROGRESS, str(item["MaHoSo"])))

    def release(self) -> None:
        """Give citizens the links that came: called once they are committed."""
        links, self._links = self._links, []
        if self._citizens is not None:
            for reference, url in links:
                self._citizens.tell(reference, url)

    # -- the services -----------------------------------------------------------------------------------------

    def _progress(self, item: Item, now: datetime) -> tuple[Answer, str, bool]:
        reference = str(item.get("MaThamChieu") or "")
        if not _has(item, "MaHoSo", "NoiDungXuLy", "MaThamChieu") or parse(str(item.get("ThoiDiemXuLy"))) is None:
            return BAD_DATA, reference, False
        return self._kept(PROGRESS, reference, item, now)

    def _payment(self, item: Item, now: datetime) -> tuple[Answer, str, bool]:
        reference = f"{item.get('MaThamChieu')}/{item.get('TrangThai')}"
        if not _has(item, "MaHoSo", "MaThamChieu", "TrangThai"):
            return BAD_DATA, reference, False
        if self._is_known(PAYMENT, reference, item):
            return DONE, reference, False
        kept = self._kept(PAYMENT, reference, item, now)
        if kept[0] is DONE and item["TrangThai"] == _WAITING and _has(item, "DuongDanThanhToan"):
            self._links.append((item["MaThamChieu"], item["DuongDanThanhToan"]))
            self._store.add_link(*self._links[-1])
        return kept

    def _result(self, item: Item, now: datetime) -> tuple[Answer, str, bool]:
        papers = item.get("DanhSachGiayToKetQua")
        papers = papers if isinstance(papers, list) else []
        names = [str(paper.get("GiayToId") or "") if isinstance(paper, dict) else "" for paper in papers]
        reference = f"{item.get('MaHoSo')}/{'+'.join(names)}"
        if not _has(item, "MaHoSo") or not all(names) or not names:
            return BAD_DATA, reference, False
        if self._is_known(RESULT, reference, item):
            return DONE, reference, False
        return self._kept(RESULT, reference, item, now)

    def _found(self, code: str) -> Answer:
        """Return a dossier with the steps and results that were sent to it: those are nowhere else to be seen."""
        if self._store.case(code) is None:
            return UNKNOWN_DOSSIER
        sent = self._store.sent(code)
        steps = [one.item for one in sent if one.service == PROGRESS]
        papers = [paper for one in sent if one.service == RESULT for paper in one.item["DanhSachGiayToKetQua"]]
        return {**DONE, "data": [{"MaHoSo": code, "DanhSachTienDo": steps, "DanhSachGiayToKetQua": papers}]}

    def _kept(self, service: str, reference: str, item: Item, now: datetime) -> tuple[Answer, str, bool]:
        is_there = self._world.take(str(item["MaHoSo"]), Sent(service, reference, item), now)
        return (DONE if is_there else UNKNOWN_DOSSIER), reference, is_there

    def _is_known(self, service: str, reference: str, item: Item) -> bool:
        sent: Sequence[Sent] = self._store.sent(str(item["MaHoSo"]))
        return Sent(service, reference, item) in sent


def _taken(service: str, answer: Answer, reference: str, *, acted: bool) -> Taken:
    return Taken(answer, Call(service, reference, {}, str(answer["error_code"]), acted))


def _only_item(asked: Item) -> Item | None:
    """Return the one thing that a call brings; this system takes no more at a time."""
    items = asked.get("data")
    return items[0] if isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict) else None


def _has(item: Item, *names: str) -> bool:
    return all(isinstance(item.get(name), str) and item[name] for name in names)
