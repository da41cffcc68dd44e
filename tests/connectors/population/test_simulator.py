"""The simulated database: who may ask, what a look finds, and the trail that it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors import times
from connectors.population.client import signed
from connectors.population.simulator import SECRET, USERNAME, Simulator
from connectors.population.simulator.proof import is_proven
from connectors.simulation import Store
from connectors.simulation.chance import lost_answer
from tests.connectors.population.world import ENDPOINT, drawn, looks_of, request_of

URL = "https://dancu.example.vn/XacThucThongTinCongDan"
NOW = datetime(2026, 6, 9, 1, 15, tzinfo=UTC)


def ask(simulator: Simulator, fields: Mapping[str, Any], **proof: str) -> requests.Response:
    """Ask as the partner's other clients would."""
    url, at = simulator.base_url + ENDPOINT, times.told(datetime.now(UTC))
    headers = signed(url, USERNAME, at, SECRET) | proof
    return requests.post(url, json=fields, headers=headers, timeout=5)


def test_the_signature_is_what_openssl_made_of_it() -> None:
    """Made once by ``printf %s URL+USER+TIME+SECRET | openssl dgst -sha256`` and ``base64``."""
    made = (
        "dHJ1Yy1saWVuLXRob25nOjRhMmI1MDAxMmFkZWI4Yjg1NzliMjI3NTU5NDJjZDc4OWJmMjRhMWRlNmNkZmRhNWNkZmFhMWMwOGI1ODQyYzg="
    )
    headers = signed(URL, USERNAME, "20260609081500", SECRET)
    assert headers == {"Timestamp": "20260609081500", "Authorization": f"Basic {made}"}


@pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_signature_holds_for_five_minutes(seconds: int, is_good: bool) -> None:
    headers = signed(URL, USERNAME, times.told(NOW), SECRET)
    proof = (headers["Timestamp"], headers["Authorization"])
    assert is_proven(URL, *proof, now=NOW + timedelta(seconds=seconds)) == is_good


@pytest.mark.parametrize(
    "headers",
    [
        signed(URL + "x", USERNAME, times.told(NOW), SECRET),
        signed(URL, "ai-do", times.told(NOW), SECRET),
        signed(URL, USERNAME, times.told(NOW), "sai"),
        signed(URL, USERNAME, times.told(NOW), SECRET) | {"Timestamp": times.told(NOW + timedelta(seconds=1))},
        signed(URL, USERNAME, times.told(NOW), SECRET) | {"Authorization": "Basic !"},
        signed(URL, USERNAME, times.told(NOW), SECRET) | {"Authorization": "Bearer é"},
        {"Timestamp": times.told(NOW), "Authorization": ""},
        signed(URL, USERNAME, "now", SECRET),
    ],
)
def test_any_other_signature_is_none(headers: dict[str, str]) -> None:
    assert not is_proven(URL, headers["Timestamp"], headers["Authorization"], now=NOW)


def test_who_cannot_prove_himself_is_told_nothing_and_leaves_no_look(simulator: Simulator) -> None:
    answer = ask(simulator, request_of(), Authorization="Basic eDp5")
    assert (answer.status_code, answer.json()["maLoi"]) == (401, "100")
    assert [call.answered for call in simulator.store.calls()] == ["100"]
    assert looks_of(simulator) == []


def test_the_answer_holds_far_more_than_was_asked(simulator: Simulator) -> None:
    told = ask(simulator, request_of()).json()
    assert (told["ketQua"], told["truongKhop"]) == ("1", ["SoDinhDanh", "HoVaTen", "NgayThangNamSinh"])
    assert {"TonGiao", "NhomMau", "Cha", "Me", "TinhTrangHonNhan", "ThuongTru"} <= set(told["CongDan"])


def test_a_repeat_gives_the_same_answer_and_is_no_second_look(simulator: Simulator) -> None:
    answers = [ask(simulator, request_of()).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert [call.acted for call in simulator.store.calls()] == [True, False]
    assert looks_of(simulator) == [("R-1", "match")]


def test_a_number_that_was_used_for_another_look_is_refused(simulator: Simulator) -> None:
    ask(simulator, request_of())
    assert ask(simulator, request_of(hoVaTen="AI ĐÓ")).json()["maLoi"] == "109"
    assert looks_of(simulator) == [("R-1", "match")]


def test_whom_a_number_belongs_to_is_settled_by_the_first_look(simulator: Simulator) -> None:
    ask(simulator, request_of())
    told = ask(simulator, request_of(maYeuCau="R-2", hoVaTen="NGUYỄN THỊ KHÁC")).json()
    assert (told["ketQua"], told["truongKhop"]) == ("0", ["SoDinhDanh", "NgayThangNamSinh"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"maDonVi": "H56"}, "106"), ({"maDVC": ""}, "200"), ({"maCanBo": ""}, "200"), ({"maYeuCau": ""}, "200"),
        ({"soDinhDanh": "12345"}, "302"), ({"ngayThangNam": "199"}, "302"), ({"thoiGianYeuCau": "now"}, "302"),
        ({"maDVC": 7}, "200"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_refused_by_code(simulator: Simulator, changes: dict[str, Any], code: str) -> None:
    told = ask(simulator, request_of() | changes).json()
    assert (told["maLoi"], "CongDan" in told) == (code, False)
    assert looks_of(simulator) == []


def test_chance_makes_two_of_a_hundred_differ_and_one_of_two_hundred_unknown(tmp_path: Path) -> None:
    found = {name: len(numbers) for name, numbers in drawn(tmp_path, 1, 2000).items()}
    assert 20 <= found["no-match"] <= 60
    assert 3 <= found["not-found"] <= 20


def test_what_a_look_finds_is_a_function_of_seed_and_request(tmp_path: Path) -> None:
    assert drawn(tmp_path / "one", 1, 300) == drawn(tmp_path / "two", 1, 300) != drawn(tmp_path / "three", 2, 300)


def test_a_restarted_database_gives_the_same_answer(tmp_path: Path) -> None:
    answers = []
    for _ in range(2):
        with Simulator(tmp_path, seed=4) as simulator:
            answers.append(ask(simulator, request_of()).content)
            assert looks_of(simulator) == [("R-1", "match")]
    assert answers[0] == answers[1]


def test_the_trail_says_who_looked_for_what_purpose_and_not_whom_they_saw(simulator: Simulator) -> None:
    ask(simulator, request_of())
    trail = repr(simulator.store.rows("SELECT * FROM looks")) + repr(simulator.store.calls())
    for text in ("1.004616", "H31.14", "033085000009", "match", "20250626081500"):
        assert text in trail
    assert [text for text in ("034190001234", "NGUYỄN", "19900512") if text in trail] == []


def test_one_answer_in_twenty_is_lost_once_and_for_ever(tmp_path: Path) -> None:
    store = Store(tmp_path, "trouble")
    ways = [lost_answer(store, 1, "look", f"R-{place}") for place in range(2000)]
    again = [lost_answer(store, 1, "look", f"R-{place}") for place in range(2000)]
    store.close()
    assert 60 <= len([way for way in ways if way]) <= 140
    assert {"", "truncated", "silence"} == set(ways)
    assert set(again) == {""}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_request_is_answered_as_such(simulator: Simulator, body: bytes) -> None:
    assert requests.post(simulator.base_url + ENDPOINT, data=body, timeout=5).status_code == 400


def test_it_is_a_process_of_its_own_that_says_where_it_listens(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connectors.population.simulator", "--data", str(tmp_path), "--seed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(5) == 0
    assert told["base_url"] == f"http://127.0.0.1:{told['port']}"
