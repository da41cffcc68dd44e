"""The store behind the process: what comes in is kept with what it leads to, across restarts, once each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from connectors.one_stop.simulator import Plan
from connectors.one_stop.simulator.answered import LOOKUP, PAID, PARCEL, STEP, Answer
from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.process import Process
from connectors.one_stop.simulator.store import Asked, Sent, Store
from connectors.one_stop.simulator.story import code_of
from connectors.times import told
from tests.connectors.one_stop.agencies import all_answers

PLAN = Plan(dossiers=30, seed=3)
KINDS = {LOOKUP: "XacThuc", STEP: "LienThong", PARCEL: "BuuChinh"}
NOW = FIRST_DAY + timedelta(days=400)


def as_sent(code: str, answer: Answer) -> Sent:
    """Return an answer as it is sent to the system."""
    if answer.kind in KINDS:
        item = {"MaThamChieu": answer.reference, "LoaiTienDo": KINDS[answer.kind], "ThoiDiemXuLy": told(answer.at),
                "NoiDungXuLy": answer.value, "KetQua": answer.value}  # fmt: skip
        return Sent("CapNhatTienDoHoSoMC", answer.reference, {"MaHoSo": code, **item})
    if answer.kind == PAID:
        item = {"TrangThai": "Đã thanh toán", "MaGiaoDich": answer.value, "ThoiGianGD": told(answer.at)}
        return Sent("CapNhatThanhToan", answer.reference, {"MaHoSo": code, **item})
    paper = {"MaThanhPhanHoSo": answer.value, "NgayBanHanh": told(answer.at)}
    return Sent("DongBoHoSoMC", answer.reference, {"MaHoSo": code, "DanhSachGiayToKetQua": [paper]})


def everything() -> Sequence[tuple[str, Sent]]:
    """Return everything that is sent about all dossiers, in a random order."""
    codes = [code_of(number) for number in range(PLAN.dossiers)]
    found = [(code, as_sent(code, answer)) for code in codes for answer in all_answers()]
    Random(5).shuffle(found)
    return found


def file_all(process: Process) -> None:
    """File what there is."""
    while process.file(NOW):
        pass


def content(store: Store) -> list[object]:
    """Return all that a store holds."""
    tables = ("rows", "facts", "dossiers", "sent", "bad_rows", "injected")
    return [store.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables[:4]] + [
        store.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables[4:]
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store."""
    with closing(Store(tmp_path)) as one:
        yield one


def test_every_dossier_becomes_final(store: Store) -> None:
    process = Process(store, PLAN)
    file_all(process)
    assert all(process.take(code, sent, NOW) for code, sent in everything())
    assert store.rows("SELECT count(*), sum(is_final) FROM dossiers") == [(30, 30)]


def test_restarted_again_and_again_it_holds_the_same(tmp_path: Path, store: Store) -> None:
    undisturbed = Process(store, PLAN, trouble=True)
    file_all(undisturbed)
    for code, sent in everything():
        undisturbed.take(code, sent, NOW)
    for _ in range(2):
        with closing(Store(tmp_path / "restarted")) as other:
            Process(other, PLAN, trouble=True).file(NOW)
    for code, sent in everything():
        with closing(Store(tmp_path / "restarted")) as other:
            Process(other, PLAN, trouble=True).take(code, sent, NOW)
    with closing(Store(tmp_path / "restarted")) as other:
        assert content(other) == content(store)


def test_more_dossiers_extend_fewer(store: Store) -> None:
    file_all(Process(store, Plan(dossiers=3, seed=3)))
    before = content(store)[0]
    file_all(Process(store, Plan(dossiers=7, seed=3)))
    assert (store.filed(), set(before) < set(content(store)[0])) == (7, True)  # type: ignore[arg-type, call-overload]


def test_what_is_about_no_dossier_here_is_not_kept(store: Store) -> None:
    process = Process(store, PLAN)
    assert not process.take("H31.12-20250701-0000003", as_sent("x", all_answers()[0]), NOW)
    assert store.rows("SELECT * FROM sent") == []


def test_nothing_that_was_sent_is_listed(store: Store) -> None:
    """The lists hold the office's own steps and results: else the bus would hear its own words."""
    process = Process(store, PLAN)
    file_all(process)
    for answer in all_answers():
        process.take(code_of(0), as_sent(code_of(0), answer), NOW)
    listed = str([row.body for feed in ("dossiers", "steps") for row in store.page(Asked(feed, "", "", "", 0, 500))])
    assert "KQ.G15.000001" in listed
    assert not any(text in listed for text in ("KQ.G24.000001", "Đăng ký thường trú", "VNPOST"))


def test_rows_carry_the_time_of_their_entry(store: Store) -> None:
    process = Process(store, PLAN)
    process.file(NOW)
    process.take(code_of(0), as_sent(code_of(0), all_answers()[0]), NOW + timedelta(seconds=9))
    assert [row.time for row in store.page(Asked("steps", "", "", "", 0, 9))] == [told(NOW + timedelta(seconds=9))]
    assert store.newest() == told(NOW + timedelta(seconds=9))


def test_bad_rows_are_few_remembered_and_beside_a_good_one(store: Store) -> None:
    file_all(Process(store, Plan(dossiers=400, seed=3), trouble=True))
    bad = store.rows("SELECT feed, id, dossier FROM bad_rows")
    assert 0 < len(bad) < 20
    assert all(store.case(dossier) is not None for _, _, dossier in bad)
    assert store.counts()["steps"] == len(bad)


def test_pages_are_found_by_the_index(store: Store) -> None:
    plan = store.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM rows WHERE feed = 'steps' AND (time, id) > ('2', 'a') AND time < '3' "
        "ORDER BY time, id LIMIT 5"
    )
    assert [row[3].partition(" (")[0] for row in plan] == ["SEARCH rows USING COVERING INDEX rows_by_time"]


def test_a_store_of_another_seed_is_refused_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connectors.one_stop.simulator", "--data", str(tmp_path), "--process"]
    with closing(Store(tmp_path)) as one:
        one.take_note("province", "seed 1, by process")
    done = subprocess.run([*command, "--seed", "2"], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "holds the province of seed 1" in done.stderr
