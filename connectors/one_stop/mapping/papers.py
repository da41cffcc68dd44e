"""Papers: those that came with a dossier (TaiLieuNop) and those that it led to (DanhSachGiayToKetQua).

Files never travel on a topic, and the partner gives neither size nor hash: their ids do.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.one_stop.mapping.facts import Fact, code
from connectors.one_stop.mapping.item import Item, Moment
from connectors.one_stop.mapping.supplements import given_files

_COMPONENT = ("TepDinhKemId", "TenTepDinhKem", "MaThanhPhanHoSo", "DuocSoHoa")
_REUSED = ("TepDinhKemId", "TenTepDinhKem", "MaThanhPhanHoSo", "DuocTaiSuDung", "DuocLayTuKhoDMQG", "MaKetQuaThayThe")
_RESULT = ("GiayToId", "TenGiayTo", "MaThanhPhanHoSo", "MaGiayToKetQua")
_NOT_REUSED = ("0", None)


def component_facts(item: Item, dossier: str) -> Iterator[Fact]:
    """Yield the papers that came with a dossier, at its submission or with a supplement; deleted ones tell nothing."""
    supplements, filed = given_files(item), item.moment("NgayNopHoSo") or item.moment("NgayTiepNhan")
    for place, row in enumerate(item.rows("TaiLieuNop"), 1):
        if row.flag("IsDeleted"):
            continue
        file_id = row.text("TepDinhKemId")
        time = supplements.get(file_id or "", filed)
        is_reused = row.text("DuocTaiSuDung") not in _NOT_REUSED or bool(row.flag("DuocLayTuKhoDMQG"))
        build = _reused if is_reused else _attached
        yield build(row, dossier, time, file_id or str(place))


def result_facts(item: Item, dossier: str) -> Iterator[Fact]:
    """Yield the papers that a dossier led to: on their own day, else at the end of its processing."""
    ended = item.moment("NgayKetThucXuLy") or item.moment("NgayTra")
    for place, row in enumerate(item.rows("DanhSachGiayToKetQua"), 1):
        yield Fact(
            type="ResultIssued", subject=dossier, dossier=dossier, own=row.text("GiayToId") or str(place),
            time=row.moment("NgayBanHanh") or ended, said=row.said(_RESULT),
            payload={
                "kind": code("VN-COMPONENT", row.text("MaThanhPhanHoSo")),
                "title": row.text("TenGiayTo"),
                "resultId": row.text("MaGiayToKetQua"),
                "fileId": row.text("GiayToId"),
            },
        )  # fmt: skip


def _attached(row: Item, dossier: str, time: Moment | None, own: str) -> Fact:
    return Fact(
        type="ComponentAttached", subject=dossier, dossier=dossier, own=own, time=time, said=row.said(_COMPONENT),
        payload={
            "kind": code("VN-COMPONENT", row.text("MaThanhPhanHoSo")),
            "title": row.text("TenTepDinhKem"),
            "digitised": row.flag("DuocSoHoa"),
            "fileId": row.text("TepDinhKemId"),
        },
    )  # fmt: skip


def _reused(row: Item, dossier: str, time: Moment | None, own: str) -> Fact:
    return Fact(
        type="ComponentReused", subject=dossier, dossier=dossier, own=own, time=time, said=row.said(_REUSED),
        payload={
            "kind": code("VN-COMPONENT", row.text("MaThanhPhanHoSo")),
            "title": row.text("TenTepDinhKem"),
            "obtainedFrom": code("ONE-STOP-SOURCE", "warehouse" if row.flag("DuocLayTuKhoDMQG") else "earlier-dossier"),
            "sourceResultId": row.text("MaKetQuaThayThe"),
            "fileId": row.text("TepDinhKemId"),
        },
    )  # fmt: skip
