"""``when:`` — which rows an event is told of."""

from __future__ import annotations

from collections.abc import Callable

from connectors.file_drop.cells import Take
from connectors.file_drop.document import Items, Node, Table, Text, table_of, text_of, texts_of
from connectors.file_drop.rows import Cells
from connectors.file_drop.values import Scope, taken

Holds = Callable[[Cells], bool]
WORDS = ("not", "empty")
_TRUTHS = {"true": True, "false": False}


def condition(scope: Scope, node: Node) -> Holds:
    """Return the function that says whether everything that ``when:`` asks of a row holds.

    Raises :class:`~bus.errors.ConfigError`.
    """
    asked = table_of(node, "`when:`")
    if not asked.entries:
        raise node.at.error("`when:` asks nothing", "Write `when: {column: text}`, or leave it out.")
    tests = [test for column, part in asked.entries.items() for test in _tests(scope, column, part)]
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


def _tests(scope: Scope, column: str, node: Node) -> list[Holds]:
    take = taken(scope, column, node.at)
    if isinstance(node, Text) and node.is_null:
        return [_is_empty(take, True)]
    if not isinstance(node, Table):
        return [_is_one_of(take, _texts(scope, node), True)]
    node.check_names(WORDS, f"the condition on `{column}`")
    tests = []
    if "not" in node.entries:
        tests.append(_is_one_of(take, _texts(scope, node.entries["not"]), False))
    if "empty" in node.entries:
        tests.append(_is_empty(take, _truth(node.entries["empty"])))
    if not tests:
        raise node.at.error("the condition asks nothing", "Write a text, a list of texts, `not:` or `empty:`.")
    return tests


def _texts(scope: Scope, node: Node) -> frozenset[str]:
    if isinstance(node, Items) and not node.parts:
        raise node.at.error("the list is empty", "Write the texts that the column may hold.")
    texts = frozenset(text.strip() for text in texts_of(node))
    for text in texts & scope.writing.empty:
        raise node.at.error(f"`{text}` never comes here: for this file it means nothing", "Write `empty: true`.")
    return texts


def _is_one_of(take: Take, texts: frozenset[str], wanted: bool) -> Holds:
    """An empty cell is none of any texts."""
    return lambda row: (take(row) in texts) is wanted


def _is_empty(take: Take, wanted: bool) -> Holds:
    return lambda row: (take(row) is None) is wanted


def _truth(node: Node) -> bool:
    found = _TRUTHS.get(text_of(node).lower())
    if found is None:
        raise node.at.error("neither true nor false", "Write `empty: true` or `empty: false`.")
    return found
