"""What the simulated system says to what is sent to it, and who opens the links that come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.one_stop.simulator import Plan
from connectors.one_stop.simulator.citizens import Citizens
from connectors.one_stop.simulator.inbound import Inbound
from connectors.one_stop.simulator.process import Process
from connectors.one_stop.simulator.store import Store
from connectors.one_stop.simulator.story import code_of
from tests.connectors.one_stop.agencies import AT
from tests.connectors.one_stop.province import a_pay_page
from tests.connectors.one_stop.world import eventually

CODE = code_of(0)
STEP = {"MaHoSo": CODE, "NoiDungXuLy": "Đăng ký thường trú", "ThoiDiemXuLy": "20250626100000", "MaThamChieu": "7"}
PAPER = {"MaHoSo": CODE, "DanhSachGiayToKetQua": [{"GiayToId": "G1"}]}
LINK = {"MaHoSo": CODE, "MaThamChieu": "R1", "TrangThai": "Chờ thanh toán"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store."""
    with closing(Store(tmp_path)) as one:
        yield one


@pytest.fixture
def inbound(store: Store) -> Inbound:
    """Return the services of a system with one dossier."""
    process = Process(store, Plan(dossiers=1, seed=3))
    process.file(AT)
    return Inbound(store, process)


def said(inbound: Inbound, service: str, item: Any, **fields: Any) -> tuple[str, bool]:
    """Return the code of an answer, and whether the call acted."""
    taken = inbound.take({"service": service, "data": [item], **fields}, AT)
    return taken.answer["error_code"], taken.call.acted


@pytest.mark.parametrize(
    ("service", "item"),
    [
        ("CapNhatTienDoHoSoMC", {**STEP, "ThoiDiemXuLy": "hôm nay"}),
        ("CapNhatTienDoHoSoMC", {**STEP, "MaThamChieu": None}), ("CapNhatTienDoHoSoMC", "STEP"),
        ("CapNhatThanhToan", {"MaHoSo": CODE}), ("CapNhatThanhToan", {**LINK, "MaThamChieu": 7}),
        ("DongBoHoSoMC", {"MaHoSo": CODE}), ("DongBoHoSoMC", {**PAPER, "DanhSachGiayToKetQua": ["G1"]}),
        ("DongBoHoSoMC", {**PAPER, "DanhSachGiayToKetQua": [{}]}),
    ],
)  # fmt: skip
def test_bad_data_is_refused_and_kept_nowhere(inbound: Inbound, store: Store, service: str, item: Any) -> None:
    assert said(inbound, service, item, isUpdating="True") == ("-7", False)
    assert store.rows("SELECT * FROM sent") == []


@pytest.mark.parametrize(
    ("service", "item"), [("CapNhatTienDoHoSoMC", STEP), ("CapNhatThanhToan", LINK), ("DongBoHoSoMC", PAPER)]
)
def test_a_dossier_that_is_not_there_is_named_as_such(inbound: Inbound, service: str, item: dict[str, Any]) -> None:
    assert said(inbound, service, {**item, "MaHoSo": "H31.12-20250701-0000003"}, isUpdating="True") == ("-6", False)


def test_a_dossier_that_is_to_be_made_anew_exists(inbound: Inbound) -> None:
    assert said(inbound, "DongBoHoSoMC", PAPER, isUpdating="False") == ("-3", False)
    assert said(inbound, "DongBoHoSoMC", PAPER, isUpdating="True") == ("0", True)


def test_only_steps_are_kept_twice(inbound: Inbound) -> None:
    for service, item in (("CapNhatThanhToan", LINK), ("DongBoHoSoMC", PAPER)):
        assert [said(inbound, service, item, isUpdating="True")[1] for _ in range(2)] == [True, False]
    assert [said(inbound, "CapNhatTienDoHoSoMC", STEP)[1] for _ in range(2)] == [True, True]


def test_a_dossier_is_returned_with_what_was_sent_about_it(inbound: Inbound) -> None:
    said(inbound, "CapNhatTienDoHoSoMC", STEP)
    said(inbound, "DongBoHoSoMC", PAPER, isUpdating="True")
    (found,) = inbound.take({"service": "TraCuuHoSo", "mahoso": CODE}, AT).answer["data"]
    assert found == {"MaHoSo": CODE, "DanhSachTienDo": [STEP], **PAPER}


def test_links_are_opened_once_after_any_number_of_failures(store: Store) -> None:
    with a_pay_page(refusals=6) as (page, url):
        for name in ("R1", "R2", "R3"):
            store.add_link(name, f"{url}/pay?ma={name}")
        with closing(Citizens(store)) as citizens:
            citizens.start()
            eventually(lambda: store.links() == [])
        with closing(Citizens(store)) as citizens:  # as after a restart
            citizens.start()
    assert page.visits == {"R1": 1, "R2": 1, "R3": 1}


@pytest.mark.parametrize(
    "url", ["nowhere:", "http://127.0.0.1:1/", "ftp://127.0.0.1/x", "", "http://", "http://[::1", "http://127.0.0.1:x/"]
)
def test_a_link_that_leads_nowhere_stays(store: Store, url: str) -> None:
    store.add_link("R1", url)
    with closing(Citizens(store)) as citizens:
        citizens.start()
        citizens.tell("R1", url)
    assert store.links() == [("R1", url)]
