"""The life of dossier ``number``, a function of (seed, number): every version of its row, its steps and its payment."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from random import Random

from connectors.one_stop.simulator import office
from connectors.one_stop.simulator.catalogue import PROCEDURES, agency_of, dossier_code
from connectors.one_stop.simulator.change import Change
from connectors.one_stop.simulator.people import enterprise, official, person
from connectors.one_stop.simulator.shapes import (
    Filing,
    Row,
    dossier_row,
    fee_row,
    file_row,
    payment_row,
    result_row,
    step_row,
    supplement_row,
    supplied,
)
from connectors.times import told

Facts = Sequence[tuple[str, str]]

_OTHER_ENDS = 0.14
_SUPPLEMENTS = (0, 0, 0, 0, 0, 0, 1, 1, 1, 2)
_DEPARTMENTS = ("Bộ phận Một cửa", "Phòng Hành chính tư pháp", "Phòng Quản lý xây dựng")


def life(seed: int, number: int) -> Sequence[Change]:
    """Return all changes of a dossier, in the order of their times."""
    one = _Dossier(seed, number)
    one.live()
    return sorted(one.changes, key=lambda change: change.at)


class _Dossier:
    """One dossier on its way; its clock only goes on, and every change has a second of its own."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = Random(f"{seed}:{number}")  # noqa: S311 - invented data, which must come out the same again
        self.number = number
        self.changes: list[Change] = []
        self.received = office.slot(number) + timedelta(seconds=self.random.randrange(60))
        self.code = dossier_code(number, self.received, number % office.A_DAY)
        self.procedure = self.random.choice(PROCEDURES)
        self.channel = self.random.choice("1122223")
        self.now = self.received
        self.steps = self.files = 0
        self.row = dossier_row(self._filing())
        self.payment: Row | None = None

    def live(self) -> None:
        """Go the whole way, or as far as this dossier gets."""
        end = self.random.random()
        if self.channel != "1" or end < 0.03:
            self._submitted()
        if end < 0.03:
            self._refused()
            return
        self._received()
        for _ in range(self.random.choice(_SUPPLEMENTS)):
            self._supplemented()
        self._step("Thẩm định hồ sơ", "4", hours=4)
        if self.random.random() < 0.08:
            self._duty()
        if end < _OTHER_ENDS:
            self._ended_otherwise(end)
        else:
            self._paid()
            self._finished()

    # -- the stations ---------------------------------------------------------------------------------------

    def _submitted(self) -> None:
        """Filed online or by post, on the day of its reception."""
        midnight = self.received.replace(hour=0, minute=30, second=0)
        self.now = midnight + (self.received - midnight) * self.random.random() * 0.9
        self.now = self.now.replace(microsecond=0)
        self.row |= {"NgayNopHoSo": told(self.now), "TrangThaiHoSo": "1"}
        self._version([("DossierSubmitted", told(self.now)), *self._attached(self.procedure.papers)])

    def _refused(self) -> None:
        self._work(hours=2)
        self.row |= {
            "NgayTuChoi": told(self.now),
            "TrangThaiHoSo": "3",
            "GhiChu": "Hồ sơ không thuộc thẩm quyền giải quyết",
        }
        self._version([("DossierRefused", told(self.now))])

    def _received(self) -> None:
        self.now = max(self.received, self.now + timedelta(minutes=1))
        facts = [("DossierReceived", told(self.now))]
        if not self.row["NgayNopHoSo"]:
            self.row["NgayNopHoSo"] = told(self.now)
            facts += [("DossierSubmitted", told(self.now)), *self._attached(self.procedure.papers)]
        due = office.due(self.now, self.procedure.days)
        self.row |= {"NgayTiepNhan": told(self.now), "NgayHenTra": told(due), "TrangThaiHoSo": "2"}
        if self.procedure.fee:
            facts.append(
                self._fee(f"LP{self.procedure.code}", "Lệ phí " + self.procedure.name, self.procedure.fee, "1")
            )
        self._version(facts)
        self._step("Tiếp nhận hồ sơ", "2", hours=0)
        if self.procedure.fee:
            self._asked_to_pay()

    def _supplemented(self) -> None:
        self._work(hours=3)
        paper = self.random.choice(self.procedure.papers)
        request_id = f"BS-{self.code}-{len(self.row['DanhSachHoSoBoSung']) + 1}"
        request = supplement_row(request_id, paper, official(self.random), told(self.now), self.row["NgayHenTra"])
        self.row["DanhSachHoSoBoSung"].append(request)
        self.row["TrangThaiHoSo"] = "5"
        self._version([("SupplementAsked", request_id)])
        self._work(hours=self.random.randrange(6, 40))
        self._supplied(request, paper)

    def _supplied(self, request: Row, paper: str) -> None:
        moved = told(office.due(self.now, self.procedure.days))
        facts = [("SupplementGiven", request["HoSoBoSungId"]), *self._attached([paper])]
        if moved != self.row["NgayHenTra"]:
            facts.append(("AppointmentChanged", moved))
        file_id = self.row["TaiLieuNop"][-1]["TepDinhKemId"]
        supplied(request, file_id, official(self.random), told(self.now), moved)
        self.row |= {"NgayHenTra": moved, "TrangThaiHoSo": "4"}
        self._version(facts)

    def _duty(self) -> None:
        """A financial duty that only shows while the dossier is worked on."""
        self._work(hours=2)
        self.row |= {"TrangThaiHoSo": "6", "GhiChu": "Thực hiện nghĩa vụ tài chính theo thông báo của cơ quan thuế"}
        amount = self.random.randrange(20, 900) * 5_000
        self._version([self._fee("NVTC", "Nghĩa vụ tài chính", amount, "2"), ("DossierPaused", "6")])
        self._step("Chờ thực hiện nghĩa vụ tài chính", "6", hours=0)
        self._work(hours=12)
        self.row |= {"TrangThaiHoSo": "4", "GhiChu": None}
        self._version([], undone=[("DossierPaused", "6")])

    def _ended_otherwise(self, end: float) -> None:
        """Withdrawn, stopped, or still being worked on when the story ends."""
        self._work(hours=5)
        if end < 0.07:
            self.row |= {
                "TrangThaiHoSo": "7",
                "NgayKetThucXuLy": told(self.now),
                "GhiChu": "Công dân đề nghị rút hồ sơ",
            }
            self._version([("DossierWithdrawn", told(self.now))])
            self._refunded()
        elif end < 0.10:
            self.row |= {"TrangThaiHoSo": "8", "GhiChu": "Hồ sơ quá hạn bổ sung"}
            self._version([("DossierStopped", "")])
        else:
            self._step("Trình lãnh đạo xem xét", "4", hours=1)

    def _finished(self) -> None:
        self._step("Trình lãnh đạo ký", "4", hours=6)
        self._work(hours=2)
        self.row["DanhSachGiayToKetQua"].append(result_row(self.code, self.procedure))
        self.row |= {"TrangThaiHoSo": "9", "NgayKetThucXuLy": told(self.now)}
        self._version([("ResultIssued", f"KQ-{self.code}"), ("DossierResolved", told(self.now))])
        self._step("Đóng dấu, chuyển trả kết quả", "9", hours=0)
        self._work(hours=self.random.randrange(1, 16))
        self.row |= {"TrangThaiHoSo": "10", "NgayTra": told(self.now)}
        self._version([("DossierReturned", told(self.now))])
        self._step("Trả kết quả", "10", hours=0)

    # -- payments -------------------------------------------------------------------------------------------

    def _asked_to_pay(self) -> None:
        self.now += timedelta(seconds=self.random.randrange(1, 60))
        self.payment = payment_row(self.code, self.procedure.fee, told(self.now))
        self._payment_version("PaymentRequested")

    def _paid(self) -> None:
        if self.payment is None:
            return
        self._work(hours=1)
        online = self.channel == "2"
        self.payment |= {
            "TrangThai": "Đã thanh toán", "HinhThucThanhToan": "truc-tuyen" if online else "tien-mat",
            "CongThanhToan": "VNPAY" if online else None, "MaNganHang": "VCB" if online else None,
            "MaGiaoDich": f"{self.random.randrange(10**8):08}" if online else None, "ThoiGianGD": told(self.now),
        }  # fmt: skip
        self._payment_version("PaymentConfirmed")
        self.row["DuocThanhToanTrucTuyen"] = "1"
        self._version([])

    def _refunded(self) -> None:
        if self.payment is not None and self.random.random() < 0.5:
            self._paid()
            self._work(hours=3)
            self.payment |= {"TrangThai": "Đã hoàn phí", "ThoiGianHoanPhi": told(self.now)}
            self._payment_version("PaymentRefunded")

    def _payment_version(self, fact: str) -> None:
        row = self.payment or {}
        self._change("payments", row["MaThamChieu"], row, [(fact, row["MaThamChieu"])])

    # -- parts ----------------------------------------------------------------------------------------------

    def _attached(self, papers: Sequence[str]) -> Facts:
        """Add a file for each paper; now and then it is an earlier result of the office."""
        facts = []
        for paper in papers:
            self.files += 1
            is_reused = self.random.random() < 0.1
            file_id = f"T-{self.code}-{self.files}"
            kind = f"000.00.00.{self.procedure.sector[0][:3]}-KQ{self.random.randrange(10**6):06}"
            row = file_row(file_id, paper, kind, is_reused=is_reused)
            self.row["TaiLieuNop"].append(row)
            facts.append(("ComponentReused" if is_reused else "ComponentAttached", file_id))
        return facts

    def _fee(self, fee: str, name: str, amount: int, collected: str) -> tuple[str, str]:
        self.row["DanhSachLePhi"].append(fee_row(fee, name, amount, collected))
        self.row["DuocThanhToanTrucTuyen"] = "3"
        return "FeeAsked", f"{fee} {self.row['NgayTiepNhan']}" if collected == "1" else fee

    def _step(self, what: str, status: str, *, hours: int) -> None:
        """Work on it, and tell the step; a dossier that is worked on has status 4."""
        begun, by = self.now, official(self.random)
        self._work(hours=hours)
        if status == "4" and self.row["TrangThaiHoSo"] != "4":
            self.row["TrangThaiHoSo"] = "4"
            self._version([])
        self.steps += 1
        row = step_row(f"{self.code}/{self.steps:03}", self.code, by, self.random.choice(_DEPARTMENTS)) | {
            "ThoiDiemXuLy": told(self.now), "NoiDungXuLy": what, "TrangThai": status, "NgayBatDau": told(begun),
            "NgayKetThucTheoQuyDinh": self.row["NgayHenTra"],
        }  # fmt: skip
        self._change("steps", row["MaTienDo"], row, [("DossierStepDone", f"{row['ThoiDiemXuLy']} {what}")])

    def _work(self, *, hours: int) -> None:
        minutes = hours * 60 + self.random.randrange(1, 20)
        self.now = office.later(self.now, timedelta(minutes=minutes, seconds=self.random.randrange(60)))

    def _version(self, facts: Facts, undone: Facts = ()) -> None:
        self._change("dossiers", self.code, self.row, facts, undone)

    def _change(self, feed: str, row_id: str, row: Row, facts: Facts, undone: Facts = ()) -> None:
        self.changes.append(
            Change(
                feed=feed,
                id=row_id,
                dossier=self.code,
                at=self.now,
                seen_at=self.now,
                body=deepcopy(row),
                facts=tuple(facts),
                undone=tuple(undone),
            )
        )
        self.now += timedelta(seconds=1)

    def _filing(self) -> Filing:
        who = enterprise(self.random) if self.procedure.is_for_firms else person(self.random)
        account = f"TID{self.random.randrange(10**9):09}" if self.channel == "2" else None
        return Filing(
            code=self.code,
            procedure=self.procedure,
            channel=self.channel,
            who=who,
            agency=agency_of(self.number).name,
            phone=f"09{self.random.randrange(10**8):08}",
            account=account,
        )
