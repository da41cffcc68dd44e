"""What was asked for after reception, what was given, and what became of the appointment (DanhSachHoSoBoSung)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.one_stop.mapping.facts import Fact, status
from connectors.one_stop.mapping.fees import fee_fact
from connectors.one_stop.mapping.item import Item, Moment

_LIST = "DanhSachHoSoBoSung"
_PAPERS = "DanhSachGiayToBoSung"


def supplement_facts(item: Item, dossier: str) -> Iterator[Fact]:
    """Yield the facts of each request to supplement, and a change of the appointment that has none."""
    for row in item.rows(_LIST):
        yield _asked(row, dossier)
        given = row.moment("NgayTiepNhanBoSung")
        if given is not None:
            yield _given(row, dossier, given)
            yield from _moved(row, dossier, given)
        for place, fee in enumerate(row.rows("DanhSachLePhiBoSung"), 1):
            yield fee_fact(fee, dossier, row.moment("NgayBoSung"), f"{_own(row)}/{place}")
    yield from _moved_in_silence(item, dossier)


def first_appointment(item: Item) -> Moment | None:
    """Return the appointment as it was given at reception: before the first request that changed it, else today's."""
    before = [row.moment("NgayHenTraTruoc") for row in _by_time(item)]
    return next((moment for moment in before if moment is not None), item.moment("NgayHenTra"))


def is_open(item: Item) -> bool:
    """Tell whether a supplement is asked for and not yet given."""
    return any(row.moment("NgayTiepNhanBoSung") is None for row in item.rows(_LIST))


def given_files(item: Item) -> Mapping[str, Moment]:
    """Return when files came that were given as supplements, by their ids."""
    found = {}
    for row in item.rows(_LIST):
        given = row.moment("NgayTiepNhanBoSung")
        for paper in row.rows(_PAPERS):
            file_id = paper.text("TepDinhKemId")
            if given is not None and file_id is not None:
                found[file_id] = given
    return found


def _asked(row: Item, dossier: str) -> Fact:
    papers = _papers(row)
    return Fact(
        type="SupplementAsked", subject=dossier, dossier=dossier, own=_own(row), time=row.moment("NgayBoSung"),
        said={**row.said(("NoiDungBoSung", "NguoiYeuCauBoSung")), _PAPERS: papers},
        payload={
            "requestId": row.text("HoSoBoSungId"), "reason": row.text("NoiDungBoSung"), "papers": papers, "form": "02",
            "status": status("5"), "officer": row.text("NguoiYeuCauBoSung"),
        },
    )  # fmt: skip


def _given(row: Item, dossier: str, given: Moment) -> Fact:
    papers = _papers(row)
    return Fact(
        type="SupplementGiven", subject=dossier, dossier=dossier, own=_own(row), time=given,
        said={**row.said(("ThongTinTiepNhan", "NguoiTiepNhanBoSung")), _PAPERS: papers},
        payload={
            "requestId": row.text("HoSoBoSungId"), "reason": row.text("ThongTinTiepNhan"), "papers": papers,
            "status": status("4"), "officer": row.text("NguoiTiepNhanBoSung"),
        },
    )  # fmt: skip


def _moved(row: Item, dossier: str, given: Moment) -> Iterator[Fact]:
    """The new appointment is reckoned when the supplement comes in; that is when it changes."""
    old, new = row.moment("NgayHenTraTruoc"), row.moment("NgayHenTraMoi")
    if old is not None and new is not None and old != new:
        yield _change(dossier, (old, new), own=_own(row), time=given, reason=row.text("NoiDungBoSung"))


def _moved_in_silence(item: Item, dossier: str) -> Iterator[Fact]:
    """Today's appointment is not the one that the requests account for: set by somebody, without a day or a reason."""
    first, now = first_appointment(item), item.moment("NgayHenTra")
    given = [row for row in _by_time(item) if row.moment("NgayTiepNhanBoSung") is not None]
    moved = [moment for row in given if (moment := row.moment("NgayHenTraMoi")) is not None]
    last = moved[-1] if moved else first
    if last is not None and now is not None and last != now:
        yield _change(dossier, (last, now), own="NgayHenTra", time=None, reason=None)


def _change(
    dossier: str, appointments: tuple[Moment, Moment], *, own: str, time: Moment | None, reason: str | None
) -> Fact:
    old, new = appointments
    return Fact(
        type="AppointmentChanged", subject=dossier, dossier=dossier, own=own, time=time,
        said={"NgayHenTraTruoc": old.text, "NgayHenTraMoi": new.text, "NoiDungBoSung": reason},
        payload={"oldAppointment": old.value(), "newAppointment": new.value(), "reason": reason},
    )  # fmt: skip


def _own(row: Item) -> str:
    return row.text("HoSoBoSungId") or row.text("NgayBoSung") or ""


def _by_time(item: Item) -> Sequence[Item]:
    return sorted(item.rows(_LIST), key=lambda row: row.text("NgayBoSung") or "")


def _papers(row: Item) -> list[Any]:
    return [name for paper in row.rows(_PAPERS) if (name := paper.text("TenGiayTo")) is not None]
