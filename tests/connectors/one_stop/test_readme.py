"""README.md and the connector say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.one_stop.config import Config, load
from connectors.one_stop.mapping.facts import _ORDER
from connectors.one_stop.simulator import AGENCY, HABITS, PASSWORD, USERNAME

FOLDER = Path(__file__).resolve().parents[3] / "connectors" / "one_stop"
TEXT = (FOLDER / "README.md").read_text("utf-8")


def rows_of(heading: str) -> dict[str, str]:
    """Return a table's second cells by the first."""
    part = TEXT[TEXT.index(heading) :]
    found = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", part[: part.index("\n## ", 3)], re.MULTILINE)
    return {first: second.strip() for first, second in found}


def test_every_key_stands_there_with_its_default() -> None:
    told = rows_of("## A configuration")
    assert set(told) == {f"`{name}`" for name in Config.__struct_fields__}
    assert {name: told[name] for name, _ in defaults()} == dict(defaults())


def defaults() -> Iterator[tuple[str, str]]:
    """Yield the keys that a configuration may leave out, with their defaults as YAML has them."""
    names = Config.__struct_fields__[-len(Config.__struct_defaults__) :]
    for name, value in zip(names, Config.__struct_defaults__, strict=True):
        if isinstance(value, bool):
            yield f"`{name}`", f"`{value}`".lower()
        elif value and not isinstance(value, tuple):
            yield f"`{name}`", f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_the_configuration_that_is_shown_is_taken(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    (tmp_path / "one-stop.yaml").write_text(shown[1], "utf-8")
    (tmp_path / "one-stop.password").write_text(PASSWORD, "utf-8")
    assert load(tmp_path / "one-stop.yaml").config.agency == AGENCY


def test_every_habit_stands_there() -> None:
    told = rows_of("## The simulator")
    assert {name.strip("` ") for names in told for name in names.split(",")} == set(HABITS)


@pytest.mark.parametrize("event_type", _ORDER)
def test_every_event_stands_there(event_type: str) -> None:
    assert event_type in TEXT


def test_whom_the_simulator_logs_in_stands_there() -> None:
    assert f"`{USERNAME}` with `{PASSWORD}`" in TEXT
    assert f"`{AGENCY}`" in TEXT
