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


ONLY_IN: dict[str, set[str]] = {
    "kafka": set(),
    "prometheus_client": {"bus/metrics.py"},
    "requests": {"bus/http.py"},
    "sqlalchemy": {
        "bus/database.py", "connectors/ledger", "registry/database.py", "registry/migrations", "registry/store.py",
        "registry/tables.py", "replay/index/database.py", "replay/index/store.py",
    },
    "sqlite3": {
        "bus/database.py",  # its pragmas
        "bus/transports/sqlite",
        "bus/cli/doctor.py", "bus/cli/ground.py",  # its version
        "connectors/demo/agencies/book.py",  # an agency's own database
        "connectors/demo/stores.py",  # which looks into those of simulators and agencies
        "connectors/file_drop/ordinals.py",  # scratch
        "connectors/simulation/store.py",
    },
    "tenacity": {"bus/retry.py"},
    "yaml": {"connectors/config.py", "connectors/file_drop/document.py"},
}  # fmt: skip
"""Outside engines, each with the modules that may speak to it."""


@pytest.mark.parametrize("engine", ONLY_IN)
def test_an_outside_engine_is_spoken_to_in_its_modules_only(engine: str) -> None:
    speakers = {
        str(path.relative_to(ROOT))
        for folder in MAY_IMPORT
        for path in (ROOT / folder).rglob("*.py")
        if engine in {name.partition(".")[0] for name in imported_modules(path)}
    }
    assert {name for name in speakers if not name.startswith(tuple(ONLY_IN[engine]))} == set()


COMMON = {"ledger", "simulation"}
"""Folders of ``connectors/`` that are no connector's."""


def test_connectors_never_import_each_other() -> None:
    folders = {folder.name for folder in (ROOT / "connectors").iterdir() if (folder / "__init__.py").exists()}
    partners = folders - COMMON
    for partner in partners:
        for path in (ROOT / "connectors" / partner).rglob("*.py"):
            names = {name.split(".")[1] for name in imported_modules(path) if name.startswith("connectors.")}
            assert names & partners <= {partner}, path
