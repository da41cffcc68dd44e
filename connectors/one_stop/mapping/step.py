"""A progress step, shaped as an item of the national portal's CapNhatTienDoHoSoMC."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.one_stop.mapping.facts import By, Fact, status
from connectors.one_stop.mapping.item import Item, Moment
from schemas.codes import table

_SAID = (
    "NguoiXuLy", "ChucDanh", "PhongBanXuLy", "NoiDungXuLy", "TrangThai", "NgayBatDau", "NgayKetThucTheoQuyDinh",
)  # fmt: skip
_UNNAMED = "Xử lý hồ sơ"


def step_facts(item: Item, _by: By) -> Sequence[Fact]:
    """Return the step. Raises :class:`~bus.errors.Unmappable`.

    A step has no name, and what an official wrote may name people: so it is called by the status that it led to. Its
    identity is all that was said of it, because the partner's own shape has no id: a row sent twice is one step.
    """
    dossier, state = item.needed("MaHoSo"), item.text("TrangThai")
    names = table("VN-DOSSIER-STATUS").periods(state) if state is not None else ()
    if state is not None and not names:
        raise item.unmappable("TrangThai", "is no status that is known here", "Known are 0 to 10.")
    fact = Fact(
        type="DossierStepDone", subject=dossier, dossier=dossier, time=item.needed_moment("ThoiDiemXuLy"),
        said=item.said(_SAID),
        payload={
            "step": names[0].vi if names else _UNNAMED,
            "status": status(state) if state is not None else None,
            "officer": item.text("NguoiXuLy"),
            "position": item.text("ChucDanh"),
            "department": item.text("PhongBanXuLy"),
            "note": item.text("NoiDungXuLy"),
            "startedAt": _value(item.moment("NgayBatDau")),
            "dueAt": _value(item.moment("NgayKetThucTheoQuyDinh")),
        },
    )  # fmt: skip
    return [fact]


def _value(moment: Moment | None) -> dict[str, object] | None:
    return None if moment is None else moment.value()
