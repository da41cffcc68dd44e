"""What a dossier's present status says that no list of it does: refusals, pauses, stops and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.one_stop.mapping.facts import Fact, code, status
from connectors.one_stop.mapping.item import Item, Moment
from connectors.one_stop.mapping.supplements import is_open


def state_facts(item: Item, dossier: str, state: str) -> Iterator[Fact]:
    """Yield the facts that ``state`` stands for; 0, 1, 2 and 4 stand for none, and 10 for two."""
    if state in _TOLD:
        yield _TOLD[state](item, dossier)
    if state == "10":
        yield _resolved(item, dossier)
    if state == "6" or (state == "5" and not is_open(item)):
        yield _paused(item, dossier, state)


def _refused(item: Item, dossier: str) -> Fact:
    return _ended("DossierRefused", item, dossier, "3", item.moment("NgayTuChoi"), form="03")


def _withdrawn(item: Item, dossier: str) -> Fact:
    return _ended("DossierWithdrawn", item, dossier, "7", item.moment("NgayKetThucXuLy"))


def _stopped(item: Item, dossier: str) -> Fact:
    return _ended("DossierStopped", item, dossier, "8", item.moment("NgayKetThucXuLy"), form="05")


def _resolved(item: Item, dossier: str) -> Fact:
    return Fact(
        type="DossierResolved", subject=dossier, dossier=dossier, time=item.moment("NgayKetThucXuLy"), said={},
        causation=item.cause("DossierResolved"), payload={"status": status("9")},
    )  # fmt: skip


def _returned(item: Item, dossier: str) -> Fact:
    return Fact(
        type="DossierReturned", subject=dossier, dossier=dossier, time=item.moment("NgayTra"),
        said=item.said(("HinhThuc",)), causation=item.cause("DossierReturned"),
        payload={"channel": code("DVCQG-RETURN", item.text("HinhThuc")), "status": status("10")},
    )  # fmt: skip


def _paused(item: Item, dossier: str, state: str) -> Fact:
    """A pause has no date; another list of fees makes it another pause."""
    return Fact(
        type="DossierPaused", subject=dossier, dossier=dossier, own=state, time=None,
        said=item.said(("DanhSachLePhi", "GhiChu")), payload={"reason": item.text("GhiChu"), "status": status(state)},
    )  # fmt: skip


def _ended(event_type: str, item: Item, dossier: str, state: str, time: Moment | None, form: str | None = None) -> Fact:
    return Fact(
        type=event_type, subject=dossier, dossier=dossier, time=time, said=item.said(("GhiChu",)),
        causation=item.cause(event_type),
        payload={"reason": item.text("GhiChu"), "form": form, "status": status(state)},
    )  # fmt: skip


_TOLD: dict[str, Callable[[Item, str], Fact]] = {
    "3": _refused,
    "7": _withdrawn,
    "8": _stopped,
    "9": _resolved,
    "10": _returned,
}
