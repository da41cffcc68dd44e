"""A dossier's version: which facts stand in it. The item is shaped as those of the national portal's DongBoHoSoMC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.one_stop.mapping import endings, fees, papers, supplements
from connectors.one_stop.mapping.facts import NO_STATUS, By, Fact, code, status, status_name
from connectors.one_stop.mapping.item import Item, Moment
from connectors.one_stop.mapping.party import APPLICANT, applicant, person
from schemas.rules.dossier import parse_dossier_code

_NOT_RECEIVED = (NO_STATUS, "1", "3", "7")
_FILING = (
    "MaTTHC", "KenhThucHien", "HinhThuc", "TrichYeuHoSo", "TaiKhoanDuocXacThucVoiVNeID", "NguoiNopThay", *APPLICANT,
)  # fmt: skip


def dossier_facts(item: Item, by: By) -> Sequence[Fact]:
    """Return all facts of a dossier's version, in no particular order. Raises :class:`~bus.errors.Unmappable`."""
    dossier, state = item.needed("MaHoSo"), item.needed("TrangThaiHoSo")
    if state != NO_STATUS and status_name(state) is None:
        raise item.unmappable(
            "TrangThaiHoSo", "is no status that is known here", "Ask the partner what it means: 0 to 10 are known."
        )
    received = item.moment("NgayTiepNhan")
    if received is None and state not in _NOT_RECEIVED:
        raise item.unmappable("NgayTiepNhan", "is missing, although the dossier was received")
    return [
        *_filed(item, dossier, state, by),
        *papers.component_facts(item, dossier),
        *fees.fee_facts(item, dossier, received),
        *supplements.supplement_facts(item, dossier),
        *papers.result_facts(item, dossier),
        *endings.state_facts(item, dossier, state),
    ]


def _filed(item: Item, dossier: str, state: str, by: By) -> Iterator[Fact]:
    submitted, received = item.moment("NgayNopHoSo"), item.moment("NgayTiepNhan")
    if submitted is not None or (state == "1" and received is None):
        yield _filing("DossierSubmitted", item, dossier, submitted, by)
    if received is not None:
        yield _filing("DossierReceived", item, dossier, received, by)


def _filing(event_type: str, item: Item, dossier: str, time: Moment | None, by: By) -> Fact:
    is_reception = event_type == "DossierReceived"
    appointment = supplements.first_appointment(item) if is_reception else None
    said = item.said(_FILING) | ({"NgayHenTra": appointment.text} if appointment else {})
    return Fact(
        type=event_type, subject=dossier, dossier=dossier, time=time, said=said, causation=item.cause(event_type),
        payload={
            "procedure": code("VN-PROCEDURE", item.text("MaTTHC")),
            "channel": code("VN-CHANNEL", item.text("KenhThucHien")),
            "applicant": applicant(item, by.applicant_kinds),
            "submittedBy": person(item.part("NguoiNopThay")),
            "supportAgency": code("ONE-STOP-OFFICE", item.part("NguoiNopThay").text("MaDonVi")),
            "receivingAgency": _issuing_agency(dossier),
            "appointment": appointment.value() if appointment else None,
            "returnMethod": code("DVCQG-RETURN", item.text("HinhThuc")),
            "identityVerified": item.flag("TaiKhoanDuocXacThucVoiVNeID"),
            "summary": item.text("TrichYeuHoSo"),
            "sourceStatus": status("2" if is_reception else "1"),
        },
    )  # fmt: skip


def _issuing_agency(dossier: str) -> dict[str, Any] | None:
    """Return the agency that gave the dossier its code, as it was on the day that the code names."""
    parts = parse_dossier_code(dossier)
    return None if parts is None else code("VN-AGENCY", parts.agency, parts.day)
