"""What a person can meet is documented: every command, setting, metric and error code, and nothing that is gone."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import bus
import connectors
import registry
import replay
from bus import metrics
from bus.cli.root import commands
from bus.errors import LienthongError
from bus.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, VIETNAMESE = (ROOT / "README.md").read_text("utf-8"), (ROOT / "README.vi.md").read_text("utf-8")
BUS = (ROOT / "bus" / "README.md").read_text("utf-8")
LEFT_OUT = ("registry.migrations", "connectors.one_stop.simulator.__main__")


def error_classes() -> set[type[LienthongError]]:
    """Return every class of the error tree, those that rooms define for themselves too."""
    for package in (bus, registry, connectors, replay):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(LEFT_OUT) and not module.name.endswith("__main__"):
                import_module(module.name)
    return set(_below(LienthongError))


def _below(parent: type[LienthongError]) -> Iterator[type[LienthongError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from _below(child)


def first_cells(text: str, heading: str) -> set[str]:
    """Return what stands in code marks in the first column of the table under a heading."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(("text", "heading"), [(ENGLISH, "Commands"), (VIETNAMESE, "Lệnh")], ids=["en", "vi"])
def test_every_command_is_documented(text: str, heading: str) -> None:
    assert first_cells(text, heading) == {name.replace(".", " ") for name in commands()}


@pytest.mark.parametrize(("text", "heading"), [(BUS, "Error codes"), (VIETNAMESE, "Mã lỗi")], ids=["en", "vi"])
def test_every_error_code_is_documented(text: str, heading: str) -> None:
    assert first_cells(text, heading) == {kind.code for kind in error_classes()}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in error_classes()]
    assert sorted(set(codes)) == sorted(codes)


def test_every_setting_is_documented() -> None:
    assert first_cells(BUS, "Settings") == set(Settings.__struct_fields__) - {"origin"}


def test_every_metric_is_documented() -> None:
    assert first_cells(BUS, "Metrics") == {family.name for family in metrics.REGISTRY.collect()}


def links(file: Path) -> set[str]:
    """Return the local places that a page points to."""
    found = re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8"))
    return {target for target in found if "://" not in target}


PAGES = [str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *ROOT.glob("[bcrs]*/**/README.md"))]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_between_pages_leads_somewhere(page: str) -> None:
    assert [target for target in links(ROOT / page) if not ((ROOT / page).parent / target).exists()] == []
