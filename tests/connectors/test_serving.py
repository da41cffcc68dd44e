"""One process for all connectors: each part stands for itself, and how it stands is told."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from connectors import installed
from connectors.notebook import pages
from tests.connectors.serving_world import KINDS, serving, write_configs


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "_points", lambda: dict(KINDS))


def box_of(data: Path) -> list[str]:
    file = data / "connectors" / "box.txt"
    return sorted(file.read_text("utf-8").split()) if file.exists() else []


def test_everything_that_is_configured_runs_and_one_part_feeds_the_other(tmp_path: Path) -> None:
    with serving(tmp_path, hook={"a": 1}, list={"words": "một hai ba"}, box={"a": 1}) as served:
        assert served.notify("n-1", reason="bốn").status == 200
        served.until(lambda _: len(box_of(tmp_path)) == 4)
        parts = served.until(lambda parts: parts["sink box"]["lag"] == 0)
    assert box_of(tmp_path) == ["ba", "bốn", "hai", "một"]
    assert {part["state"] for part in parts.values()} == {"running"}
    assert (parts["source list"]["cursor"], parts["source list"]["moved"] is None) == ("3", False)


def test_a_wrong_configuration_stops_only_its_own_connector(tmp_path: Path) -> None:
    with serving(tmp_path, hook=None, list={"words": "một"}, unknown={"a": 1}) as served:
        parts = served.until(lambda parts: parts["source list"]["cursor"] == "1")
    wrong = {name: (part["state"], part["code"], part["message"]) for name, part in parts.items() if part["code"]}
    assert wrong == {
        "configuration hook": ("stopped", "LT-E1001", "hook.yaml has no keys"),
        "configuration unknown": ("stopped", "LT-E1001", "there is no connector `unknown`"),
    }


def test_two_parts_that_would_share_a_cursor_are_not_both_started(tmp_path: Path) -> None:
    with serving(tmp_path, list={"words": "một"}, list__other={"words": "hai"}) as served:
        parts = served.until(lambda parts: parts["source list"]["cursor"] == "1")
    assert "two sources called `list`" in parts["configuration list.other"]["message"]


def test_refused_credentials_stop_their_part_and_leave_the_others_alone(tmp_path: Path) -> None:
    bad = {"name": "bad", "words": "hai", "trouble": ["credentials"]}
    with serving(tmp_path, list={"words": "một"}, list__bad=bad) as served:
        parts = served.until(lambda parts: parts["source bad"]["state"] == "stopped")
        served.until(lambda parts: parts["source list"]["cursor"] == "1")
    stopped = parts["source bad"]
    assert (stopped["code"], stopped["message"], stopped["dead_letters"]) == (
        "LT-E5003", "the partner refuses us (401)", 0,
    )  # fmt: skip
    assert "Correct the connector's credentials" in stopped["hint"]


def test_where_all_is_stopped_the_process_lives_but_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, list={"trouble": ["credentials"]}) as served:
        served.until(lambda parts: parts["source list"]["state"] == "stopped")
        assert (served.ask("GET", "/health").status, served.ask("GET", "/ready").status) == (200, 503)


def test_where_nothing_is_configured_the_process_lives_but_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert (served.ask("GET", "/health").status, served.ask("GET", "/ready").json) == (
            200, {"ready": False, "parts": []},
        )  # fmt: skip


def test_an_unexpected_fault_is_told_by_its_class_and_the_part_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, list={"words": "một", "trouble": ["fault", "fault"], "recovers": True}) as served:
        parts = served.until(lambda parts: parts["source list"]["cursor"] == "1")
    assert (parts["source list"]["failures"], parts["source list"]["state"]) == (2, "running")
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in told] == ["a part failed and is started again"]
    assert "Bí Mật" not in json.dumps([vars(record) for record in told], default=str, ensure_ascii=False)


def test_an_outage_is_told_while_it_lasts_and_forgotten_when_it_is_over(tmp_path: Path) -> None:
    with serving(tmp_path, list={"words": "một", "trouble": ["outage"]}) as served:
        parts = served.until(lambda parts: parts["source list"]["state"] == "retrying")
        assert (parts["source list"]["code"], parts["source list"]["running"]) == ("LT-E5002", True)
    with serving(tmp_path, list={"words": "một", "trouble": ["outage"] * 2, "recovers": True}) as served:
        parts = served.until(lambda parts: parts["source list"]["cursor"] == "1")
    assert (parts["source list"]["state"], parts["source list"]["code"]) == ("running", None)


def test_what_was_stopped_stays_told_until_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path, list={"trouble": ["credentials"]}) as served:
        served.until(lambda parts: parts["source list"]["state"] == "stopped")
    (page,) = pages(tmp_path)
    assert (page.is_alive, page.standings[0].state, page.standings[0].code) == (False, "stopped", "LT-E5003")
    with serving(tmp_path, list={"words": "một"}) as served:
        served.until(lambda parts: parts["source list"]["state"] == "running")
        (page,) = pages(tmp_path)
        assert (page.is_alive, page.standings[0].state) == (True, "running")


def test_a_second_process_waits_for_the_first_and_takes_over(tmp_path: Path) -> None:
    words = "một hai ba bốn"
    with serving(tmp_path, list={"words": words}) as first:
        first.until(lambda parts: parts["source list"]["cursor"] == "4")
        with serving(tmp_path, list={"words": words}) as second:
            parts = second.until(lambda parts: parts["source list"]["code"] == "LT-E3007")
            assert parts["source list"]["state"] == "retrying"
    with serving(tmp_path, list={"words": f"{words} năm"}, box={"a": 1}) as third:
        third.until(lambda parts: parts["source list"]["cursor"] == "5" and len(box_of(tmp_path)) == 5)
    assert box_of(tmp_path) == sorted(f"{words} năm".split())


def test_a_file_that_is_no_configuration_is_passed_over(tmp_path: Path) -> None:
    folder = write_configs(tmp_path)
    (folder / "list.secret").write_text("mở cửa", "utf-8")
    (folder / "notes.yaml").mkdir()
    with serving(tmp_path, hook={"a": 1}) as served:
        assert list(served.parts()) == ["webhook withdrawals"]
