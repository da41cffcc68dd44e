"""``connector test`` and ``connector check``: a source that looks into the ledger is lent it, and no file is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.cli.root import run
from connectors.payment.simulator.server import Simulator
from tests.connectors.payment.world import write_config


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A configuration in a folder of its own, with both gateways up."""
    monkeypatch.chdir(tmp_path)
    with Simulator(tmp_path / "sim") as simulator:
        yield str(write_config(tmp_path, simulator.base_url))


def test_no_promise_is_broken_where_nothing_happened_yet(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["connector", "test", "payment", "--config", config, "--json"]) == 7
    findings = json.loads(capfd.readouterr().out)
    assert [finding for finding in findings if finding["outcome"] == "broken"] == []
    assert not (Path(config).parent / "var").exists()


def test_a_check_of_nothing_open_tells_nothing(config: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["connector", "check", "payment", "--config", config]) == 0
    assert "0 tried" in capfd.readouterr().err
    assert not (Path(config).parent / "var").exists()
