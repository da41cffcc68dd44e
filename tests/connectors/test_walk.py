"""The walk of connectors/README.md, «Add a connector»: its code keeps the contract of sources, and its topic is one."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec import Struct

from bus.errors import CredentialsRefused
from connectors import config
from connectors.config import Secret
from connectors.sdk import Source
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
from bus.http import Http, Limits
from connectors.items import read_item
from connectors.sdk import Batch, Fetched
Config = Settings = object
"""
CLIENT, MAPPING, SOURCE, SIMULATOR, TESTS = re.findall(r"```python\n(.*?)```", WALK, re.DOTALL)


class Config(Struct, frozen=True, kw_only=True):
    """What step 3 leaves."""

    base_url: str
    token: str
    agency: str
    name: str = "permits"
    page_size: int = 200
    interval_s: float = 60.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 5.0


class Settings(Struct, frozen=True, kw_only=True):
    """What step 3 leaves."""

    config: Config
    token: Secret
    ca_file: Path | None = None


class Permit:
    """What step 2 leaves of ``__init__.py``."""

    def open(self, file: Path) -> list[Source]:
        given = config.load(file, Config)
        settings = Settings(config=given, token=config.secret(file, "token", given.token))
        return [walked.PermitSource(given, walked.Client(settings))]


def module(name: str, *parts: str, **names: Any) -> ModuleType:
    """Return code of the walk as a module, which the code behind it may import."""
    made = sys.modules[name] = ModuleType(name)  # msgspec looks annotations up there, too
    made.__dict__.update(names)
    exec(compile("\n".join(parts), "connectors/README.md", "exec"), made.__dict__)  # noqa: S102
    return made


# Under names that no folder has: whoever walks for himself may have a `connectors.permits`.
walked = module("walked", IMPORTS, CLIENT, MAPPING, SOURCE, connector=Permit())
Simulator = module("walked.simulator", SIMULATOR).Simulator
shown = module("walked.tests", TESTS.replace("connectors.permits", "walked"))
simulator, opened = shown.simulator, shown.opened


class TestTheSourceOfTheWalk(SourceContract):
    open_source = shown.TestPermitSource.open_source


test_what_cannot_be_read_has_its_name = shown.test_what_cannot_be_read_has_its_name_and_key_all_the_same
test_an_outage_is_tried_again = shown.test_an_outage_is_tried_again


@pytest.fixture
def open_source(tmp_path: Path, simulator: Simulator) -> Callable[[], Source]:
    return lambda: opened(tmp_path, simulator.base_url)


def test_what_cannot_be_mapped_is_buried_alone(open_source: Callable[[], Source]) -> None:
    assert len(all_events(open_source)) == 8


def test_a_wrong_token_stops_the_connector(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "TOKEN", "wrong")
    source = opened(tmp_path, simulator.base_url)
    with pytest.raises(CredentialsRefused):
        source.fetch(None)
    source.close()


def test_the_topic_of_the_walk_has_what_a_topic_has() -> None:
    text = re.search(r"```toml\n(.*?)```", WALK, re.DOTALL)
    assert text is not None
    (topic,) = tomllib.loads(text[1]).values()
    (other,) = (one for name, one in tomllib.loads((ROOT / "schemas" / "topics.toml").read_text("utf-8")).items()
                if name == "postal.events")  # fmt: skip
    assert set(topic) == set(other)


def test_the_files_that_the_walk_names_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)", WALK)
    assert [link for link in links if not (ROOT / "connectors" / link).exists()] == []
