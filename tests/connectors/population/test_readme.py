"""README.md and the connector say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from connectors.population.answers import _NOT_THIS_ONE
from connectors.population.config import Config, load
from connectors.population.simulator import SECRET, UNIT, USERNAME
from schemas import codes

FOLDER = Path(__file__).resolve().parents[3] / "connectors" / "population"
TEXT = (FOLDER / "README.md").read_text("utf-8")


def rows_of(heading: str) -> dict[str, str]:
    """Return a table's second cells by the first."""
    part = TEXT[TEXT.index(heading) :]
    found = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", part[: part.index("\n## ", 3)], re.MULTILINE)
    return {first: second.strip() for first, second in found}


def defaults() -> Iterator[tuple[str, str]]:
    """Yield the keys that a configuration may leave out, with their defaults as YAML has them."""
    names = Config.__struct_fields__[-len(Config.__struct_defaults__) :]
    for name, value in zip(names, Config.__struct_defaults__, strict=True):
        if isinstance(value, bool):
            yield f"`{name}`", f"`{value}`".lower()
        elif value:
            yield f"`{name}`", f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_every_key_stands_there_with_its_default() -> None:
    told = rows_of("## A configuration")
    assert set(told) == {f"`{name}`" for name in Config.__struct_fields__}
    assert {name: told[name] for name, _ in defaults()} == dict(defaults())


def test_the_configuration_that_is_shown_is_taken(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    (tmp_path / "population.yaml").write_text(shown[1], "utf-8")
    (tmp_path / "population.secret").write_text(SECRET, "utf-8")
    assert load(tmp_path / "population.yaml").config.name == "population"


def test_every_outcome_and_every_code_that_refuses_a_look_stands_there() -> None:
    outcomes = [each.code for each in codes.table("VN-LOOKUP-OUTCOME").entries]
    assert [text for text in (*outcomes, *_NOT_THIS_ONE) if f"`{text}`" not in TEXT] == []


def test_whom_the_simulator_lets_ask_stands_there() -> None:
    assert [text for text in (USERNAME, SECRET, UNIT) if f"`{text}`" not in TEXT] == []
