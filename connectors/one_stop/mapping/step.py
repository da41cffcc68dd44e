"""A progress step, shaped as an item of the national portal's CapNhatTienDoHoSoMC."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.one_stop.mapping.facts import NO_STATUS, By, Fact, status, status_name
from connectors.one_stop.mapping.item import Item, Moment

_SAID = (
    "NguoiXuLy", "ChucDanh", "PhongBanXuLy", "NoiDungXuLy", "TrangThai", "NgayBatDau", "NgayKetThucTheoQuyDinh",
)  # fmt: skip
_UNNAMED = "Xử lý hồ sơ"


def step_facts(item: Item, _by: By) -> Sequence[Fact]:
    """Return the step. Raises :class:`~bus.errors.Unmappable`.

    A step has no name, and what an official wrote may name people: so it is called by the status that it led to. Its
    identity is all that was said of it, because the partner's own shape has no id: a row sent twice is one step.
    """
    dossier, state = item.needed("MaHoSo"), _state(item)
    fact = Fact(
        type="DossierStepDone", subject=dossier, dossier=dossier, time=item.needed_moment("ThoiDiemXuLy"),
        said=item.said(_SAID),
        payload={
            "step": status_name(state) if state else _UNNAMED,
            "status": status(state),
            "officer": item.text("NguoiXuLy"),
            "position": item.text("ChucDanh"),
            "department": item.text("PhongBanXuLy"),
            "note": item.text("NoiDungXuLy"),
            "startedAt": _value(item.moment("NgayBatDau")),
            "dueAt": _value(item.moment("NgayKetThucTheoQuyDinh")),
        },
    )  # fmt: skip
    return [fact]


def _state(item: Item) -> str | None:
    state = item.text("TrangThai")
    if state in (None, NO_STATUS):
        return None
    if status_name(state) is None:
        raise item.unmappable(
            "TrangThai", "is no status that is known here", "Ask the partner what it means: 0 to 10 are known."
        )
    return state


def _value(moment: Moment | None) -> dict[str, object] | None:
    return None if moment is None else moment.value()
