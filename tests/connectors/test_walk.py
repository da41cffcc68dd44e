"""The walk of connectors/README.md, «Add a connector»: its code keeps the contract of sources, and its topic is one."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import falcon
import pytest
from msgspec import Struct

from bus.errors import CredentialsRefused, PartnerUnavailable
from connectors.config import Secret
from connectors.sdk import Source
from connectors.simulation import Server
from connectors.simulation.spoiling import spoil
from tests.contracts.source import SourceContract, all_events

ROOT = Path(__file__).resolve().parents[2]
WALK = (
    (ROOT / "connectors" / "README.md").read_text("utf-8").partition("\n## Add a connector\n")[2].partition("\n## ")[0]
)
IMPORTS = """
from __future__ import annotations
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from msgspec import Raw, Struct
from bus.envelope import Envelope, event_id
from bus.errors import Unmappable, Unreadable
from connectors.http import Http, Limits
from connectors.items import read_item
from connectors.sdk import Batch, Fetched
Config = Settings = object
"""
TOKEN = "open sesame"


class Config(Struct, frozen=True, kw_only=True):
    """What step 3 leaves."""

    base_url: str
    agency: str = "H31.14"
    name: str = "permits"
    page_size: int = 4
    interval_s: float = 60.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 5.0


class Settings(Struct, frozen=True, kw_only=True):
    """What step 3 leaves."""

    config: Config
    token: Secret = Secret(TOKEN)
    ca_file: Path | None = None


class Department:
    """The partner of the walk, with ten permits, one of which has no time."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.permits = [self._permit(number) for number in range(1, 11)]

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        if request.get_header("Authorization") != f"Bearer {TOKEN}":
            raise falcon.HTTPUnauthorized
        since, limit = int(request.get_param("since") or 0), request.get_param_as_int("limit", required=True)
        found = self.permits[since : since + limit]
        answer = {"items": found, "next": str(since + len(found)), "more": since + limit < len(self.permits)}
        response.data = json.dumps(answer).encode()
        spoil(response, self.faults.pop(0) if self.faults else "")

    def _permit(self, number: int) -> dict[str, Any]:
        granted = "hôm qua" if number == 7 else f"2026-06-{number:02}T08:15:00+07:00"
        return {"seq": number, "permit": f"GPXD-{number}", "dossier": f"H31.14-260609-{number:04}",
                "granted_at": granted}  # fmt: skip


@pytest.fixture(scope="module")
def walked() -> Iterator[ModuleType]:
    """The code of the walk, as one module."""
    parts = re.findall(r"```python\n(.*?)```", WALK, re.DOTALL)[:3]
    module = ModuleType("walked")
    sys.modules["walked"] = module  # msgspec looks annotations up there
    exec(compile("\n".join([IMPORTS, *parts]), "connectors/README.md", "exec"), module.__dict__)  # noqa: S102
    yield module
    del sys.modules["walked"]


@pytest.fixture
def department() -> Department:
    return Department()


@pytest.fixture
def base_url(department: Department) -> Iterator[str]:
    app = falcon.App()
    app.add_route("/changes", department)
    with Server(app) as server:
        yield server.base_url


@pytest.fixture
def opened(walked: ModuleType, base_url: str) -> Callable[..., Source]:
    def make(token: str = TOKEN) -> Source:
        settings = Settings(config=Config(base_url=base_url), token=Secret(token))
        return walked.PermitSource(settings.config, walked.Client(settings))

    return make


class TestTheSourceOfTheWalk(SourceContract):
    @pytest.fixture
    def open_source(self, opened: Callable[[], Source]) -> Callable[[], Source]:
        return opened


def test_what_has_no_time_is_buried_alone(opened: Callable[[], Source]) -> None:
    assert len(all_events(opened)) == 9


@pytest.mark.parametrize("fault", ["503", "truncated", "html", "cut-json"])
def test_an_outage_is_tried_again(opened: Callable[[], Source], department: Department, fault: str) -> None:
    department.faults.append(fault)
    source = opened()
    with pytest.raises(PartnerUnavailable):
        source.fetch(None)
    assert len(source.fetch(None).items) == 4
    source.close()


def test_a_wrong_token_stops_the_connector(opened: Callable[[str], Source]) -> None:
    source = opened("wrong")
    with pytest.raises(CredentialsRefused):
        source.fetch(None)
    source.close()


def test_the_topic_of_the_walk_has_what_a_topic_has() -> None:
    shown = re.search(r"```toml\n(.*?)```", WALK, re.DOTALL)
    assert shown is not None
    (topic,) = tomllib.loads(shown[1]).values()
    (other,) = (one for name, one in tomllib.loads((ROOT / "schemas" / "topics.toml").read_text("utf-8")).items()
                if name == "postal.events")  # fmt: skip
    assert set(topic) == set(other)


def test_the_files_that_the_walk_names_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)", WALK)
    assert [link for link in links if not (ROOT / "connectors" / link).exists()] == []
