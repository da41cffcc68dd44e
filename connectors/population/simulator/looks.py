"""A look: what it finds, and the trail that it leaves. The same number with the same content is the same look."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

from connectors.population.simulator import people
from connectors.population.simulator.people import Person
from connectors.population.simulator.proof import may_ask
from connectors.simulation import Call, Store
from connectors.simulation.chance import source
from connectors.times import before, parse

SERVICE = "XacThucThongTinCongDan"
TABLES = """
CREATE TABLE IF NOT EXISTS people (number TEXT PRIMARY KEY, name TEXT NOT NULL, born TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS looks (
    request_number TEXT PRIMARY KEY, agency TEXT NOT NULL, official TEXT NOT NULL, purpose TEXT NOT NULL,
    service TEXT NOT NULL, outcome TEXT NOT NULL, asked_at TEXT NOT NULL, answered_at TEXT NOT NULL,
    content TEXT NOT NULL);
"""
"""``looks`` is who looked, when, for which procedure, and what came of it; whom, only as a digest of the request."""

NO_MATCH_SHARE, NOT_FOUND_SHARE = 0.02, 0.005

REFUSED = {
    "100": "Sai thông tin xác thực", "106": "Mã đơn vị không hợp lệ", "109": "Mã yêu cầu đã được sử dụng",
    "200": "Thiếu thông tin bắt buộc", "302": "Sai kiểu dữ liệu", "-1": "Hệ thống đang bận",
}  # fmt: skip
_NEEDED = ("maYeuCau", "maTichHop", "maDVC", "maCanBo", "maDonVi", "thoiGianYeuCau")
_NUMBER = re.compile("[0-9]{12}|[0-9]{9}")
_LONGEST_DELTA_S = 20

Answer = Mapping[str, Any]
Asked = Mapping[str, str]


class Found(NamedTuple):
    """What a look finds: ``person`` is None where nobody has the number."""

    outcome: str
    agreeing: tuple[str, ...]
    person: Person | None


def refused(asked: Asked, code: str) -> Answer:
    """Return the answer to a look that is not made."""
    return {"maLoi": code, "thongBao": REFUSED[code], "maYeuCau": str(asked.get("maYeuCau", ""))}


def looked(store: Store, seed: int, asked: Asked, *, is_lucky: bool = False) -> Answer:
    """Make a look, or repeat one, and return the answer; it is in the book before. ``is_lucky`` spares it chance."""
    with store.transaction():
        fault = _fault(asked) or _clash(store, asked)
        if fault:
            answer, is_new = refused(asked, fault), False
        else:
            found = _find(store, seed, asked, is_lucky=is_lucky)
            answer = _told(asked, found, seed)
            is_new = _enter(store, asked, found.outcome, answer["thoiGian"])
        enter_call(store, asked, answer["maLoi"], acted=is_new)
    return answer


def enter_call(store: Store, asked: Asked, answered: str, *, acted: bool = False) -> None:
    """Write a call into the book, without the person."""
    public = {name: str(asked[name]) for name in ("maTichHop", "maDVC", "maDonVi") if name in asked}
    store.record(Call(SERVICE, str(asked.get("maYeuCau", "")), public, answered, acted))


def _fault(asked: Asked) -> str:
    if not all(isinstance(value, str) for value in asked.values()) or not all(asked.get(name) for name in _NEEDED):
        return "200"
    if not may_ask(asked["maDonVi"]):
        return "106"
    born = asked.get("ngayThangNam") or asked.get("nam") or "2000"
    is_shaped = _NUMBER.fullmatch(_number(asked)) and born.isdigit() and len(born) in (4, 8)
    return "" if is_shaped and parse(asked["thoiGianYeuCau"]) else "302"


def _clash(store: Store, asked: Asked) -> str:
    earlier = store.rows("SELECT content FROM looks WHERE request_number = ?", asked["maYeuCau"])
    return "109" if earlier and earlier[0][0] != _digest(asked) else ""


def _find(store: Store, seed: int, asked: Asked, *, is_lucky: bool) -> Found:
    """Compare; now and then, as a function of the request's number, nobody is there, or somebody a little different."""
    chance = source(seed, "look", asked["maYeuCau"])
    draw = 1.0 if is_lucky else chance.random()
    if draw < NOT_FOUND_SHARE:
        return Found("not-found", (), None)
    person = _asked_for(seed, asked)
    if draw < NOT_FOUND_SHARE + NO_MATCH_SHARE:
        return _compared(_other(person, asked, chance), asked)
    return _compared(_known(store, person), asked)


def _asked_for(seed: int, asked: Asked) -> Person:
    random = source(seed, "person", _number(asked))
    name, born = people.named(random), people.born(random)
    return Person(_number(asked), asked.get("hoVaTen") or name, asked.get("ngayThangNam") or asked.get("nam") or born)


def _other(person: Person, asked: Asked, chance: Random) -> Person:
    """Return the same person with another name or another year of birth, whichever is compared."""
    has_name, has_birth = "hoVaTen" in asked, "ngayThangNam" in asked or "nam" in asked
    is_misnamed = has_name and (not has_birth or chance.random() < 0.5)
    return people.misnamed(person, chance) if is_misnamed else people.misdated(person, chance)


def _known(store: Store, person: Person) -> Person:
    """Return whom the number belongs to: who was first asked for by it."""
    store.change("INSERT OR IGNORE INTO people (number, name, born) VALUES (?, ?, ?)", *person)
    return Person(*store.rows("SELECT number, name, born FROM people WHERE number = ?", person.number)[0])


def _compared(person: Person, asked: Asked) -> Found:
    agrees = {}
    if asked.get("hoVaTen"):
        agrees["HoVaTen"] = asked["hoVaTen"] == person.name
    if asked.get("ngayThangNam"):
        agrees["NgayThangNamSinh"] = asked["ngayThangNam"] == person.born
    elif asked.get("nam"):
        agrees["NgayThangNamSinh"] = asked["nam"] == person.born[:4]
    agreeing = tuple(name for name, is_so in agrees.items() if is_so)
    return Found("match" if all(agrees.values()) else "no-match", agreeing, person)


def _told(asked: Asked, found: Found, seed: int) -> dict[str, Any]:
    head = {"maYeuCau": asked["maYeuCau"], "thoiGian": _answered_at(asked, seed)}
    if found.person is None:
        return {"maLoi": "201", "thongBao": "Không tìm thấy công dân", **head}
    return {
        "maLoi": "0", "thongBao": "Thành công", **head,
        "ketQua": "1" if found.outcome == "match" else "0",
        "truongKhop": ["SoDinhDanh", *found.agreeing],
        "CongDan": people.record(found.person, source(seed, "record", found.person.number)),
    }  # fmt: skip


def _answered_at(asked: Asked, seed: int) -> str:
    """Return the time in the answer: some seconds after the official asked."""
    delta = source(seed, "look time", asked["maYeuCau"]).randrange(1, _LONGEST_DELTA_S)
    return before(asked["thoiGianYeuCau"], -delta)


def _enter(store: Store, asked: Asked, outcome: str, answered_at: str) -> bool:
    values = (
        asked["maYeuCau"], asked["maDonVi"], asked["maCanBo"], asked["maDVC"], asked["maTichHop"], outcome,
        asked["thoiGianYeuCau"], answered_at, _digest(asked),
    )  # fmt: skip
    return store.change("INSERT OR IGNORE INTO looks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *values) == 1


def _number(asked: Asked) -> str:
    return asked.get("soDinhDanh") or asked.get("soCMND") or ""


def _digest(asked: Asked) -> str:
    return hashlib.sha256(json.dumps(dict(asked), ensure_ascii=False, sort_keys=True).encode()).hexdigest()
