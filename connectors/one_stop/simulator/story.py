"""What becomes of a dossier that is decided by what comes in: a function of (seed, number, answers so far). Pure.

One more answer only ever adds changes behind those that are there, and in which order answers come does not matter in
the end: an office waits for what it needs next, and takes what came before its time when it needs it. Each draw has a
source of its own. Times are the province's: an answer's time is respected, and work goes on in office hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec

from connectors.one_stop.simulator import office
from connectors.one_stop.simulator.answered import LOOKUP, PAID, PARCEL, RESULT, STEP, Answer
from connectors.one_stop.simulator.catalogue import LINKED, PROCEDURES, agency_of, dossier_code
from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.people import Applicant, enterprise, mother, official, person
from connectors.one_stop.simulator.shapes import (
    Filing,
    Row,
    agent_row,
    dossier_row,
    fee_row,
    file_row,
    lookup_row,
    parcel_row,
    payment_row,
    result_row,
    step_row,
)
from connectors.times import told

Facts = Sequence[tuple[str, str]]

FINAL = ("3", "7", "10")
BIRTH_CERTIFICATE, HEALTH_CARD, RESIDENCE = "KQ.G15.000001", "KQ.G24.000001", "Đăng ký thường trú"
"""What the linked procedure gives, and what its other agencies do."""

_NOT_COMPETENT, _WITHDRAWN = 0.02, 0.05
"""Below the first an office is not competent, below the second the citizen withdraws."""

_FIRST_HOUR = office.FIRST_DAY + timedelta(hours=7, minutes=41)
_POST_OFFICES = (("411120", "Bưu cục Tiên Lữ"), ("411540", "Bưu cục Khoái Châu"), ("412130", "Bưu cục Quỳnh Phụ"))
_DEPARTMENTS = ("Bộ phận Một cửa", "Phòng Hành chính tư pháp", "Phòng Quản lý xây dựng")


def code_of(number: int) -> str:
    """Return the code of dossier ``number``."""
    return dossier_code(number, _filed_at(number), number % office.A_DAY)


def story(seed: int, number: int, answers: Sequence[Answer]) -> Sequence[Change]:
    """Return all changes of a dossier so far, in order; they carry the province's times."""
    one = _Dossier(seed, number, answers)
    for _ in one.live():
        break  # waiting for an answer that has not come
    return one.changes


def _filed_at(number: int) -> datetime:
    return _FIRST_HOUR if number == 0 else office.slot(number)


class _Dossier:
    """One dossier on its way. ``live`` yields where it waits, and is gone through no further."""

    def __init__(self, seed: int, number: int, answers: Sequence[Answer]) -> None:
        self.seed, self.number, self.answers = seed, number, answers
        self.changes: list[Change] = []
        self.now = _filed_at(number)
        random = self._random("filing")
        is_linked = number == 0 or random.random() < 0.12
        procedure = LINKED if is_linked else random.choice(PROCEDURES)
        channel = "3" if number == 0 else random.choice("1122223")
        who = _owner(random, is_linked, procedure.is_for_firms)
        self.filing = Filing(
            code=code_of(number), procedure=procedure, channel=channel, who=who, agency=agency_of(number).name,
            phone=f"09{random.randrange(10**8):08}",
            account=f"TID{random.randrange(10**9):09}" if channel == "2" else None,
        )  # fmt: skip
        self.is_linked, self.procedure, self.code = is_linked, procedure, self.filing.code
        self.gateway = random.choice(("DVCQG", "VNPAY")) if channel in "23" else ""
        self.by_post = number == 0 or random.random() < (0.8 if channel == "3" else 0.3)
        self.end = 1.0 if number == 0 else random.random()
        self.agent = self._agent(random)
        self.row = dossier_row(self.filing) | {
            "HinhThuc": "1" if self.by_post else "0", "NguoiNopThay": self._acting(random), "CanCu": {},
        }  # fmt: skip
        self.steps = 0

    def live(self) -> Iterator[str]:
        """Go the whole way, or as far as the answers take this dossier."""
        self._filed()
        looked = self._answer(LOOKUP)
        if looked is None:
            yield LOOKUP
            return
        self._take(looked, minutes=3)
        if looked.value != "match" or self.end < _NOT_COMPETENT:
            self._refused(looked)
            return
        self._received(looked)
        if self.end < _WITHDRAWN:
            self._withdrawn()
            return
        if self.procedure.fee:
            yield from self._fee_paid()
        yield from self._resolved()
        yield from self._returned()

    # -- the stations ---------------------------------------------------------------------------------------

    def _filed(self) -> None:
        self.row |= {"NgayNopHoSo": told(self.now), "TrangThaiHoSo": "1"}
        self._version([("DossierSubmitted", told(self.now)), *self._attached()])
        who = self.filing.who if self.agent is None or self.filing.who.kind == "1" else self.agent
        row = lookup_row(self.filing, who, official(self._random("lookup")), told(self.now))
        self._change("lookups", row["MaYeuCau"], row, [("CitizenLookupAsked", row["MaYeuCau"])])

    def _refused(self, looked: Answer) -> None:
        reason = "Hồ sơ không thuộc thẩm quyền giải quyết"
        if looked.value != "match":
            reason = "Thông tin công dân không khớp với Cơ sở dữ liệu quốc gia về dân cư"
        self.row |= {"NgayTuChoi": told(self.now), "TrangThaiHoSo": "3", "GhiChu": reason}
        self._because("DossierRefused", looked)
        self._version([("DossierRefused", told(self.now))])

    def _received(self, looked: Answer) -> None:
        due = office.due(self.now, self.procedure.days)
        self.row |= {"NgayTiepNhan": told(self.now), "NgayHenTra": told(due), "TrangThaiHoSo": "2"}
        self._because("DossierReceived", looked)
        facts = [("DossierReceived", told(self.now))]
        if self.procedure.fee:
            name = "Phí bản sao có chứng thực" if self.is_linked else f"Lệ phí {self.procedure.name}"
            fee = f"LP{self.procedure.code}"
            self.row["DanhSachLePhi"].append(fee_row(fee, name, self.procedure.fee, "1"))
            self.row["DuocThanhToanTrucTuyen"] = "3"
            facts.append(("FeeAsked", f"{fee} {told(self.now)}"))
        self._version(facts)
        self._step("Tiếp nhận hồ sơ", "2", minutes=0)

    def _withdrawn(self) -> None:
        self._work(minutes=200)
        ended = {"TrangThaiHoSo": "7", "NgayKetThucXuLy": told(self.now), "GhiChu": "Công dân đề nghị rút hồ sơ"}
        self.row |= ended
        self._version([("DossierWithdrawn", told(self.now))])

    def _fee_paid(self) -> Iterator[str]:
        """Ask for the fee and wait until it is paid: online by a gateway, at the counter in cash."""
        row = payment_row(self.code, self.procedure.fee, told(self.now)) | {
            "HinhThucYeuCau": "truc-tuyen" if self.gateway else "tien-mat", "CongYeuCau": self.gateway or None,
            "MaTTHC": self.procedure.code, "MaDonVi": self.code.partition("-")[0],
            "NguoiNop": {"HoTen": self.filing.who.name, "SoDinhDanh": self.filing.who.number},
            "PhiLePhi": [{"TenPhiLePhi": fee["TenPhiLePhi"], "MaPhiLePhi": fee["MaPhiLePhi"], "LoaiPhiLePhi": "2",
                          "SoTien": self.procedure.fee} for fee in self.row["DanhSachLePhi"]],
        }  # fmt: skip
        reference = row["MaThamChieu"]
        self._change("payments", reference, row, [("PaymentRequested", reference)])
        if not self.gateway:
            self._work(minutes=2)
            cash = {"TrangThai": "Đã thanh toán", "HinhThucThanhToan": "tien-mat", "ThoiGianGD": told(self.now)}
            self._change("payments", reference, row | cash, [("PaymentConfirmed", reference)])
            return
        paid = self._answer(PAID)
        if paid is None:
            yield PAID
            return
        self._take(paid, minutes=1)
        done: Row = {
            "TrangThai": "Đã thanh toán", "HinhThucThanhToan": "truc-tuyen", "CongThanhToan": self.gateway,
            "MaGiaoDich": paid.value, "MaNganHang": paid.detail or None, "ThoiGianGD": told(paid.at),
        }  # fmt: skip
        self._change("payments", reference, row | done, [])  # who collects tells that it was paid
        self.row["DuocThanhToanTrucTuyen"] = "1"

    def _resolved(self) -> Iterator[str]:
        """Work on it and issue the result; the linked procedure then waits for two other agencies."""
        self._step("Thẩm định hồ sơ", "4", minutes=90)
        self._step("Trình lãnh đạo ký", "4", minutes=120)
        self._work(minutes=30)
        self._result()
        if self.is_linked:
            self._version([("ResultIssued", f"KQ-{self.code}")])
            residence, card = self._answer(STEP, RESIDENCE), self._answer(RESULT, HEALTH_CARD)
            if residence is None or card is None:
                yield STEP
                return
            last = max(residence, card, key=lambda answer: answer.at)
            self._take(last, minutes=10)
            self._because("DossierResolved", last)
        facts = [] if self.is_linked else [("ResultIssued", f"KQ-{self.code}")]
        self.row |= {"TrangThaiHoSo": "9", "NgayKetThucXuLy": told(self.now)}
        self._version([*facts, ("DossierResolved", told(self.now))])
        self._step("Đóng dấu, chuyển trả kết quả", "9", minutes=0)

    def _result(self) -> None:
        kind = BIRTH_CERTIFICATE if self.is_linked else f"KQ.{self.procedure.sector[0][:3]}.000122"
        issued = {"MaThanhPhanHoSo": kind, "MaGiayToKetQua": f"{kind}.{self.number:07}", "NgayBanHanh": told(self.now)}
        self.row["DanhSachGiayToKetQua"].append(result_row(self.code, self.procedure) | issued)

    def _returned(self) -> Iterator[str]:
        if self.by_post:
            self._work(minutes=20)
            row = parcel_row(self.filing, told(self.now))
            self._change("parcels", row["MaDonHang"], row, [("PostalOrdered", row["MaDonHang"])])
            delivered = self._answer(PARCEL)
            if delivered is None:
                yield PARCEL
                return
            self.now = max(self.now, delivered.at) + timedelta(minutes=1)
            self._because("DossierReturned", delivered)
        else:
            self._work(minutes=60)
        self.row |= {"TrangThaiHoSo": "10", "NgayTra": told(self.now)}
        self._version([("DossierReturned", told(self.now))])
        self._step("Trả kết quả", "10", minutes=0)

    # -- parts ----------------------------------------------------------------------------------------------

    def _answer(self, kind: str, value: str | None = None) -> Answer | None:
        """Return the first answer of a kind, if one has come."""
        of_kind = (answer for answer in self.answers if answer.kind == kind)
        return next((answer for answer in of_kind if value is None or answer.value == value), None)

    def _take(self, answer: Answer, *, minutes: int) -> None:
        """Go on with an answer: never before it was given."""
        self.now = max(self.now, answer.at)
        self._work(minutes=minutes)

    def _because(self, event_type: str, answer: Answer) -> None:
        """Write down which message a fact rests on, in the sender's words."""
        self.row["CanCu"][event_type] = answer.reference

    def _attached(self) -> Facts:
        random = self._random("papers")
        facts = []
        for place, paper in enumerate(self.procedure.papers, 1):
            file_id, is_reused = f"T-{self.code}-{place}", random.random() < 0.1
            kind = f"000.00.00.{self.procedure.sector[0][:3]}-KQ{random.randrange(10**6):06}"
            self.row["TaiLieuNop"].append(file_row(file_id, paper, kind, is_reused=is_reused))
            facts.append(("ComponentReused" if is_reused else "ComponentAttached", file_id))
        return facts

    def _step(self, what: str, status: str, *, minutes: int) -> None:
        """Do a step, and tell it; a dossier that is worked on has status 4."""
        begun, self.steps = self.now, self.steps + 1
        random = self._random(f"step:{self.steps}")
        by = official(random)
        self._work(minutes=minutes)
        if status == "4":
            self.row["TrangThaiHoSo"] = "4"
        row = step_row(f"{self.code}/{self.steps:03}", self.code, by, random.choice(_DEPARTMENTS)) | {
            "ThoiDiemXuLy": told(self.now), "NoiDungXuLy": what, "TrangThai": status, "NgayBatDau": told(begun),
            "NgayKetThucTheoQuyDinh": self.row["NgayHenTra"],
        }  # fmt: skip
        self._change("steps", row["MaTienDo"], row, [("DossierStepDone", f"{row['ThoiDiemXuLy']} {what}")])

    def _work(self, *, minutes: int) -> None:
        random = self._random(f"work:{len(self.changes)}")
        spent = timedelta(minutes=minutes + random.randrange(1, 20), seconds=random.randrange(60))
        self.now = office.later(self.now, spent)

    def _version(self, facts: Facts) -> None:
        self._change("dossiers", self.code, self.row, facts)

    def _change(self, feed: str, row_id: str, row: Row, facts: Facts) -> None:
        body = msgspec.json.decode(msgspec.json.encode(row))  # the quickest deep copy
        self.changes.append(
            Change(
                feed=feed, id=row_id, dossier=self.code, at=self.now, seen_at=self.now, body=body, facts=tuple(facts)
            )
        )
        self.now += timedelta(seconds=1)

    def _agent(self, random: Random) -> Applicant | None:
        """Return who acts for the owner: an agent of the post at its counter, an enterprise's representative."""
        return person(random) if self.filing.channel == "3" or self.procedure.is_for_firms else None

    def _acting(self, random: Random) -> Row | None:
        if self.agent is None:
            return None
        if self.filing.channel == "3":
            return agent_row(self.agent, random.choice(_POST_OFFICES))
        return agent_row(self.agent, (None, self.filing.who.name))

    def _random(self, what: str) -> Random:
        return Random(f"{self.seed}:{self.number}:{what}")  # noqa: S311 - invented data


def _owner(random: Random, is_linked: bool, is_firm: bool) -> Applicant:
    if is_linked:
        return mother(random)
    return enterprise(random) if is_firm else person(random)
