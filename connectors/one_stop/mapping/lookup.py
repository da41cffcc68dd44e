"""A request to compare a person with the population database, as an office makes it for a dossier."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.one_stop.mapping.facts import By, Fact, agency, code
from connectors.one_stop.mapping.item import Item
from connectors.one_stop.mapping.party import number

_SAID = (
    "MaTichHop", "MaDVC", "CanCuPhapLy", "MaDonVi", "MaCanBo", "SoDinhDanh", "HoVaTen", "NgayThangNamSinh",
    "TruongThongTin",
)  # fmt: skip


def lookup_facts(item: Item, _by: By) -> Sequence[Fact]:
    """Return the request. Raises :class:`~bus.errors.Unmappable`."""
    request, dossier = item.needed("MaYeuCau"), item.text("MaHoSo")
    return [
        Fact(
            type="CitizenLookupAsked", subject=dossier or request, dossier=dossier, own=request,
            time=item.moment("ThoiDiemYeuCau"), said=item.said(_SAID),
            payload={
                "requestNumber": request,
                "service": code("VN-POPULATION-SERVICE", item.text("MaTichHop")),
                "procedure": code("VN-PROCEDURE", item.text("MaDVC")),
                "legalBasis": item.text("CanCuPhapLy"),
                "askingAgency": agency(item.text("MaDonVi"), item.text("MaHoSo")),
                "officerNumber": number(item.text("MaCanBo")),
                "person": number(item.text("SoDinhDanh")),
                "fullName": item.text("HoVaTen"),
                "birthDate": item.text("NgayThangNamSinh"),
                "fieldsAsked": list(item.texts("TruongThongTin")),
            },
        )
    ]  # fmt: skip
