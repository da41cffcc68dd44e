"""Python source under construction, and the one place where it is compiled.

The text comes from a schema's *structure* alone. Names, symbols and paths enter it as ``repr()`` literals or as
objects of the namespace, never raw, so that nothing that stands in a schema can become code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple


class Spot(NamedTuple):
    """Where the code stands: the path for messages, the nesting of the value, and the Python loops around."""

    path: str = ""
    level: int = 0
    loops: int = 0

    def field(self, name: str) -> Spot:
        return self._replace(path=f"{self.path}.{name}" if self.path else name, level=self.level + 1)

    def item(self) -> Spot:
        return Spot(f"{self.path}[]", self.level + 1, self.loops + 1)


class Lines:
    """A growing module: lines, fresh names, and the objects that its code refers to by name."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._lines: list[str] = []
        self._indent = 0
        self._count = 0
        self.namespace: dict[str, Any] = dict(namespace)

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def add(self, *lines: str) -> None:
        self._lines.extend("    " * self._indent + line for line in lines)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.add(head)
        self._indent += 1
        yield
        self._indent -= 1

    def fresh(self, letter: str = "v") -> str:
        """Return a name that was not given before."""
        self._count += 1
        return f"{letter}{self._count}"

    def keep(self, value: Any, letter: str = "C") -> str:
        """Put an object into the namespace, and return its name."""
        name = self.fresh(letter)
        self.namespace[name] = value
        return name

    def compile(self, entry: str, label: str) -> Any:
        """Compile the module and return its function ``entry``; ``label`` names it in a traceback."""
        namespace = dict(self.namespace)
        # Our own text: see the module's docstring for why no schema can put a word into it.
        exec(compile(self.text, f"<{label}>", "exec"), namespace)  # noqa: S102
        return namespace[entry]
