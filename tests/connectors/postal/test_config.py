"""What a configuration may say, and that README.md says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigError
from connectors.installed import find
from connectors.postal.config import Config, load
from connectors.postal.simulator import CUSTOMER, PASSWORD, USERNAME
from tests.connectors.postal.world import write_config

TEXT = (Path(__file__).resolve().parents[3] / "connectors" / "postal" / "README.md").read_text("utf-8")


def test_it_is_installed_and_opens_a_sink_and_a_source_of_one_name(tmp_path: Path) -> None:
    parts = find("postal").open(write_config(tmp_path, "http://127.0.0.1:1"))
    assert [(type(part).__name__, part.name) for part in parts] == [
        ("PostalSink", "postal"),
        ("PostalSource", "postal"),
    ]
    for part in parts:
        with closing(part):
            pass


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"customers": None}, "customers"), ({"costumers": {}}, "customers"), ({"customers": {}}, "customers"),
     ({"password": "clear"}, "password"),
     ({"customers": {"H31-HCC": "VNPOST2"}}, "customers"), ({"page_size": 501}, "page_size"),
     ({"ca_file": "none.pem"}, "ca_file"), ({"interval_s": 0}, "interval_s")],
)  # fmt: skip
def test_what_is_wrong_is_named_before_anything_starts(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        load(write_config(tmp_path, "http://127.0.0.1:1", **changes))
    assert named in f"{wrong.value} {wrong.value.hint}"
    assert PASSWORD not in f"{wrong.value}"


def test_every_key_stands_in_the_readme_with_its_default() -> None:
    part = TEXT[TEXT.index("## A configuration") : TEXT.index("## Orders")]
    told = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", part, re.MULTILINE))
    assert set(told) == set(Config.__struct_fields__)
    assert {name: told[name] for name, _ in defaults()} == dict(defaults())


def defaults() -> Iterator[tuple[str, str]]:
    names = Config.__struct_fields__[-len(Config.__struct_defaults__) :]
    for name, value in zip(names, Config.__struct_defaults__, strict=True):
        if isinstance(value, bool):
            yield name, f"`{value}`".lower()
        elif value:
            yield name, f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_the_configuration_that_is_shown_is_taken(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    (tmp_path / "postal.yaml").write_text(shown[1], "utf-8")
    (tmp_path / "postal.password").write_text(PASSWORD, "utf-8")
    assert load(tmp_path / "postal.yaml").config.customers == {CUSTOMER: "VNPOST"}


def test_whom_the_simulator_logs_in_stands_there() -> None:
    assert [word for word in (USERNAME, PASSWORD, CUSTOMER) if f"`{word}`" not in TEXT] == []
