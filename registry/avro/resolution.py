"""Settle forward references (Avro 1.12; Java's ``SchemaResolver.ResolvingVisitor`` and ``Schemas.visit``).

Java copies each record once its parts are copied and checks the defaults again then, so a default that needs
the fields of a record still being copied is refused. The order of the visit decides; it is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bus.errors import InvalidSchema
from registry.avro.defaults import is_valid_default
from registry.avro.nodes import MISSING, Array, Definition, Field, Map, Named, Node, Record, Reference, Union
from registry.avro.stack import Steps, run


def resolve(root: Node, names: Mapping[str, Named]) -> None:
    """Check that each reference means something, and each default against the whole type.

    Raises :class:`InvalidSchema`.
    """
    resolution = _Resolution(names)
    for named in names.values():
        run(resolution.visit(named))
    run(resolution.visit(root))


class _Resolution:
    def __init__(self, names: Mapping[str, Named]) -> None:
        self.names = names
        self.begun: set[int] = set()
        self.whole: set[int] = set()

    def visit(self, start: Node) -> Steps[None]:
        """Walk from ``start``; a forward reference to a type not yet begun is walked at once, on its own."""
        seen: set[int] = set()
        waiting: list[Node | Callable[[], None]] = [start]
        while waiting:
            node = waiting.pop()
            if callable(node):
                node()
            elif isinstance(node, Reference) and node.forward:
                target = self._target(node)
                if id(target) not in self.begun:
                    yield self.visit(target)
            else:
                definition = self.names[node.full_name] if isinstance(node, Reference) else node
                if id(definition) not in seen and id(definition) not in self.whole:
                    seen.add(id(definition))
                    waiting.extend(self._parts(definition))

    def _target(self, reference: Reference) -> Named:
        target = self.names.get(reference.full_name)
        if target is None:
            raise InvalidSchema(f"the type {reference.full_name[:200]!r} is used but defined nowhere")
        return target

    def _parts(self, node: Definition) -> list[Node | Callable[[], None]]:
        """Return what to walk, last first; a union's branches are walked from the last to the first."""
        match node:
            case Record(fields=fields):
                self.begun.add(id(node))
                return [lambda: self._complete(node), *(field.type for field in reversed(fields))]
            case Array(items=part) | Map(values=part):
                return [part]
            case Union(branches=branches):
                return list(branches)
            case _:
                self.begun.add(id(node))
                return []

    def _complete(self, record: Record) -> None:
        for field in record.fields if id(record) not in self.whole else ():
            if field.default is not MISSING and not is_valid_default(field.type, field.default, self):
                place = f"{field.name[:200]!r} of {record.full_name[:200]}"
                raise InvalidSchema(f"the default of the field {place} does not fit the field's type")
        self.whole.add(id(record))

    def meaning(self, node: Node) -> Definition:
        """As :class:`~registry.avro.defaults.Types` says; by now each type is known."""
        return self._target(node) if isinstance(node, Reference) else node

    def fields(self, record: Record) -> tuple[Field, ...]:
        """As :class:`~registry.avro.defaults.Types` says."""
        if id(record) not in self.whole:
            raise InvalidSchema(f"a default needs the fields of {record.full_name[:200]} while they are being defined")
        return record.fields
