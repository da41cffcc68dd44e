"""Bad habits of the data: each turns a dossier's changes into those of a worse system. Pure, by (seed, number).

A life is the same with and without them; each habit draws from a random source of its own. Every one of these was seen
in real connectors, or follows from how they page and store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any
from unicodedata import normalize

from msgspec.structs import replace

from connectors.one_stop.simulator.change import Change
from connectors.times import VIETNAM, parse, told

Changes = Sequence[Change]
Facts = tuple[tuple[str, str], ...]
Habit = Callable[[Changes, Random], Changes]

LATEST_S = 300
"""How long a late row keeps out of sight at most."""

_BATCH = timedelta(minutes=10)
_OPTIONAL = (
    "TenTTHC",
    "MaLinhVuc",
    "TenLinhVuc",
    "Email",
    "Fax",
    "SoDienThoai",
    "ThongTinKhac",
    "DonViXuLy",
    "NoiNopHoSo",
)


def with_habits(changes: Changes, habits: Sequence[str], seed: str) -> Changes:
    """Return the changes as a system with these habits would have them."""
    for name in habits:
        changes = HABITS[name](changes, Random(f"{seed}:{name}"))  # noqa: S311 - invented data
    return changes


# -- when rows show up ----------------------------------------------------------------------------------


def _late_rows(changes: Changes, random: Random) -> Changes:
    """A long transaction: the row carries the time of its beginning and shows up minutes later."""
    return [
        replace(change, seen_at=change.seen_at + timedelta(seconds=random.randrange(1, LATEST_S)))
        if random.random() < 0.3
        else change
        for change in changes
    ]


def _equal_times(changes: Changes, random: Random) -> Changes:
    """A job writes every ten minutes, and all its rows carry its time."""
    return [replace(change, at=at, seen_at=max(at, change.seen_at)) for change in changes for at in [_ceiling(change)]]


def _ceiling(change: Change) -> Any:
    past = timedelta(minutes=change.at.minute % 10, seconds=change.at.second)
    return change.at - past + _BATCH


def _duplicates(changes: Changes, random: Random) -> Changes:
    """A step is stored twice, under two ids."""
    twice = [
        replace(change, id=f"{change.id}b", body={**change.body, "MaTienDo": f"{change.id}b"}, facts=())
        for change in changes
        if change.feed == "steps" and random.random() < 0.3
    ]
    return [*changes, *twice]


# -- what rows say --------------------------------------------------------------------------------------


def _missing_fields(changes: Changes, random: Random) -> Changes:
    """Fields that nobody insists on are left out, now here, now there."""
    return _dossiers(
        changes, lambda body: {k: v for k, v in body.items() if k not in _OPTIONAL or random.random() < 0.5}
    )


def _missing_reception(changes: Changes, random: Random) -> Changes:
    """A dossier that was received has no date of reception."""
    is_so = random.random() < 0.2
    return _dossiers(changes, lambda body: {**body, "NgayTiepNhan": None}) if is_so else changes


def _half_day_times(changes: Changes, random: Random) -> Changes:
    """Payment times are written by the 12-hour clock: 14:05 becomes 02:05."""
    return [_by_half_days(change) if change.feed == "payments" else change for change in changes]


def _by_half_days(change: Change) -> Change:
    paid = parse(change.body["ThoiGianGD"] or "")
    if paid is None:
        return change
    return replace(change, body={**change.body, "ThoiGianGD": f"{paid.astimezone(VIETNAM):%Y%m%d%I%M%S}"})


def _paused_as_done(changes: Changes, random: Random) -> Changes:
    """Statuses 5, 6 and 8 are reported as 9."""

    def done(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "TrangThaiHoSo": "9"} if body["TrangThaiHoSo"] in ("5", "6", "8") else body

    return _dossiers(changes, done)


def _mixed_applicant_kinds(changes: Changes, random: Random) -> Changes:
    """Some dossiers carry LoaiDoiTuong by another list, which counts from 0."""
    if random.random() < 0.5:
        return changes
    return _dossiers(changes, lambda body: {**body, "LoaiDoiTuong": str(int(body["LoaiDoiTuong"]) - 1)})


def _unknown_statuses(changes: Changes, random: Random) -> Changes:
    """A status that no list has."""
    is_so = random.random() < 0.2
    return _dossiers(changes, lambda body: {**body, "TrangThaiHoSo": "11"}) if is_so else changes


def _invented_tails(changes: Changes, random: Random) -> Changes:
    """A dossier code that is not provincial is given five random digits."""
    old, tail = changes[0].dossier, f"{random.randrange(10**5):05}"
    new = f"{old.rpartition('-')[0]}-{tail}"
    return [_renamed(change, old, new) for change in changes] if random.random() < 0.3 else changes


def _renamed(change: Change, old: str, new: str) -> Change:
    """Put ``new`` wherever ``old`` stands."""
    return replace(
        change,
        dossier=change.dossier.replace(old, new),
        id=change.id.replace(old, new),
        body=_texts(change.body, lambda text: text.replace(old, new)),
        facts=_renamed_facts(change.facts, old, new),
        undone=_renamed_facts(change.undone, old, new),
    )


def _renamed_facts(facts: Facts, old: str, new: str) -> Facts:
    return tuple((kind, own.replace(old, new)) for kind, own in facts)


def _placeholder_identities(changes: Changes, random: Random) -> Changes:
    """An owner without papers is given the number 000000001."""
    if random.random() < 0.7:
        return changes
    number = {"SoGiayToChuHoSo": "000000001", "DinhDanhCHS": {"LoaiDinhDanh": "2", "SoDinhDanh": "000000001"}}
    return _dossiers(changes, lambda body: {**body, **number})


def _decomposed_text(changes: Changes, random: Random) -> Changes:
    """Text comes as a Mac writes it: letters and their marks apart (NFD)."""
    return [replace(change, body=_texts(change.body, lambda text: normalize("NFD", text))) for change in changes]


def _first_file_as_result(changes: Changes, random: Random) -> Changes:
    """Where there is no result, the first file that was submitted is given as one."""
    code = changes[0].dossier
    return [_renamed(change, f"KQ-{code}", f"T-{code}-1") for change in changes]


def _corrected_dates(changes: Changes, random: Random) -> Changes:
    """The date of reception is put right some time later: what was told of it is told anew."""
    versions = [change for change in changes if change.feed == "dossiers" and change.body["NgayTiepNhan"]]
    if len(versions) < 3 or random.random() < 0.5:
        return changes
    first = random.choice(versions[2:])
    return list(_corrected(changes, first, minutes=random.randrange(1, 10)))


def _corrected(changes: Changes, first: Change, minutes: int) -> Iterator[Change]:
    for change in changes:
        received = parse(change.body.get("NgayTiepNhan") or "")
        if change.feed != "dossiers" or change.at < first.at or received is None:
            yield change
            continue
        corrected = {**change.body, "NgayTiepNhan": told(received - timedelta(minutes=minutes))}
        if change is first:
            facts, undone = (*change.facts, *_dated(corrected)), (*change.undone, *_dated(change.body))
            yield replace(change, body=corrected, facts=facts, undone=undone)
        else:
            yield replace(change, body=corrected)


def _dated(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is dated by the reception: itself, and the fees that are collected then."""
    yield "DossierReceived", body["NgayTiepNhan"]
    for fee in body["DanhSachLePhi"]:
        if fee["HinhThucThu"] == "1":
            yield "FeeAsked", f"{fee['MaPhiLePhi']} {body['NgayTiepNhan']}"


def _dossiers(changes: Changes, altered: Callable[[dict[str, Any]], dict[str, Any]]) -> Changes:
    return [replace(change, body=altered(change.body)) if change.feed == "dossiers" else change for change in changes]


def _texts(value: Any, altered: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return altered(value)
    if isinstance(value, list):
        return [_texts(each, altered) for each in value]
    return {name: _texts(each, altered) for name, each in value.items()} if isinstance(value, dict) else value


HABITS: dict[str, Habit] = {
    "late-rows": _late_rows,
    "equal-times": _equal_times,
    "duplicates": _duplicates,
    "missing-fields": _missing_fields,
    "missing-reception": _missing_reception,
    "half-day-times": _half_day_times,
    "paused-as-done": _paused_as_done,
    "mixed-applicant-kinds": _mixed_applicant_kinds,
    "unknown-statuses": _unknown_statuses,
    "invented-tails": _invented_tails,
    "placeholder-identities": _placeholder_identities,
    "decomposed-text": _decomposed_text,
    "first-file-as-result": _first_file_as_result,
    "corrected-dates": _corrected_dates,
}
