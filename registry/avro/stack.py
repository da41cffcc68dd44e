"""Call without Python's stack: a chain of named types may be longer than the interpreter lets functions nest."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeAlias, TypeVar

Answer = TypeVar("Answer")
Item = TypeVar("Item")

Steps: TypeAlias = Generator[Any, Any, Answer]
"""A function that calls others with ``yield``: ``answer = yield other(…)``."""


def run(steps: Steps[Answer]) -> Answer:
    """Run a function and all that it calls, keeping the waiting ones in a list."""
    waiting: list[Steps[Any]] = [steps]
    answer: Any = None
    while waiting:
        try:
            called = waiting[-1].send(answer)
        except StopIteration as done:
            waiting.pop()
            answer = done.value
        else:
            waiting.append(called)
            answer = None
    return answer  # type: ignore[no-any-return]


def unfold(root: Item, expand: Callable[[Item], Iterable[str | Item]]) -> str:
    """Write a tree: replace each item by the texts and items that it expands to, until all is text."""
    written: list[str] = []
    waiting: list[str | Item] = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            written.append(item)
        else:
            waiting.extend(reversed(list(expand(item))))
    return "".join(written)
