"""The import rules of the house, held by a test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "bus": {"schemas"},
    "registry": {"bus", "schemas"},
    "connectors": {"registry", "bus", "schemas"},
    "replay": {"registry", "bus", "schemas"},
}


def imported_modules(path: Path) -> set[str]:
    """Return the dotted names that a module imports, wherever the statement stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_lies_below_it(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        rooms = {name.partition(".")[0] for name in imported_modules(path)} & set(MAY_IMPORT)
        assert rooms <= MAY_IMPORT[folder] | {folder}, path
