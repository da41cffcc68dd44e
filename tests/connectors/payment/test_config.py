"""The configuration: checked whole before anything starts, mute about its secrets, and documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigError
from connectors.payment import connector
from connectors.payment.config import Config, Platform, Vnpay, load
from connectors.payment.simulator import PARTNER, PLATFORM_SECRET, TERMINAL
from tests.connectors.payment.world import write_config

README = (Path(__file__).resolve().parents[3] / "connectors/payment/README.md").read_text("utf-8")
BASE = "https://pay.example.vn"
DVCQG = {"base_url": BASE, "partner": PARTNER, "secret": "file:platform.secret"}
VNPAY = {"base_url": BASE, "terminal": TERMINAL, "secret": "file:vnpay.secret", "return_url": BASE}


def test_a_whole_configuration_opens_three_parts_of_one_name(tmp_path: Path) -> None:
    parts = connector.open(write_config(tmp_path, BASE, name="payment.two"))
    assert [type(part).__name__ for part in parts] == ["PaymentExchange", "PaymentWebhook", "SilentPayments"]
    assert {part.name for part in parts} == {"payment.two"}
    for part in parts:
        part.close()


@pytest.mark.parametrize("changes", [
    {"dvcqg": None, "vnpay": None}, {"agency": None}, {"window": 3},
    {"dvcqg": {**DVCQG, "secret": "clear"}}, {"dvcqg": {**DVCQG, "base_url": "http://pay.example.vn"}},
    {"dvcqg": {**DVCQG, "sceret": "x"}}, {"vnpay": {**VNPAY, "secret": "file:nowhere"}},
    {"vnpay": {**VNPAY, "terminal": ""}}, {"notice_window_h": -1}, {"silent_after_s": 86_400, "gives_up_after_h": 1},
    {"ca_file": "nowhere.pem"},
])  # fmt: skip
def test_what_is_wrong_is_said_before_anything_starts(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        load(write_config(tmp_path, BASE, **changes))


def test_secrets_are_never_printed(tmp_path: Path) -> None:
    assert PLATFORM_SECRET not in repr(load(write_config(tmp_path, BASE)))


def test_every_key_is_documented() -> None:
    keys = set(Config.__struct_fields__) | {f"dvcqg.{key}" for key in Platform.__struct_fields__}
    keys |= {f"vnpay.{key}" for key in Vnpay.__struct_fields__}
    told = {
        key
        for row in re.findall(r"^\| (`[^|]+) \|", README, flags=re.MULTILINE)
        for key in re.findall(r"`([^`]+)`", row)
    }
    assert keys - {"dvcqg", "vnpay"} - told == set()
