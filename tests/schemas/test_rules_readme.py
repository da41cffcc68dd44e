"""schemas/README.md lists every code table and every rule, and its example is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from schemas import codes

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "schemas/README.md").read_text("utf-8")
TAKEN_OVER = {"agency.date", "agency.unknown", "agency.unlisted"}
"""Findings of the table of agencies, under the rule's own name."""


def first_cells(heading: str) -> list[str]:
    """Return what stands in code marks in the first column below a heading."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", section, flags=re.MULTILINE)


def rules_in(file: Path) -> set[str]:
    """Return the rules that a module names."""
    calls = (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call))
    named = (each.value for call in calls for each in call.keywords if each.arg == "rule")
    return {str(value.value) for value in named if isinstance(value, ast.Constant)}


def test_every_code_table_is_documented() -> None:
    assert sorted(first_cells("Code tables")) == sorted(codes.systems())


def test_every_rule_is_documented() -> None:
    rules = {rule for file in (ROOT / "schemas/rules").glob("*.py") for rule in rules_in(file)}
    assert sorted(first_cells("Value rules")) == sorted(rules | TAKEN_OVER)


def test_the_example_of_code_tables_says_what_comes_out() -> None:
    """A result stands after its line, as Python writes it; those in words are not compared."""
    example = TEXT.partition("## Code tables")[2].partition("```python\n")[2].partition("```")[0]
    lines = [line.partition("  #") for line in example.splitlines()]
    names: dict[str, object] = {}
    exec("\n".join(code for code, mark, _ in lines if not mark), names)  # noqa: S102
    told = [(code.strip(), result.strip()) for code, _, result in lines if result.endswith(("'", "))"))]
    assert [eval(code, names) for code, _ in told] == [eval(result, names) for _, result in told]  # noqa: S307
    assert len(told) == 3
