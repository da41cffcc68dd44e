"""Which identifiers an event carries: its key, its correlation, and the fields that its schema tags ``ID:…``.

The tags in the schemas are the only list; each schema is walked once, into paths that are quick to follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from bus.deadletters import SUFFIX
from bus.envelope import Envelope
from bus.records import Record
from replay.index.keys import fold

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue

DOSSIER = "dossier"
_TAG = "ID:"
EACH = "*"
"""A step of a path: every item of an array, every value of a map."""

_Tagged: TypeAlias = tuple[str, tuple[str, ...]]


class Identifier(NamedTuple):
    """A kind (``citizen``, ``dossier``…) and the folded value."""

    kind: str
    value: str


class TaggedPath(NamedTuple):
    """Where in a payload identifiers of one kind stand."""

    kind: str
    steps: tuple[str, ...]


def identifier(kind: str, value: str) -> Identifier:
    """Return an identifier as it is compared and hidden."""
    return Identifier(kind, fold(value))


def tagged_paths(schema: str) -> tuple[TaggedPath, ...]:
    """Return the paths of a schema's fields that are tagged ``ID:…``, in the schema's order.

    >>> tagged_paths('{"type":"record","name":"A","fields":[{"name":"n","type":"string",'
    ...              '"confluent:tags":["PERSONAL","ID:citizen"]}]}')
    (TaggedPath(kind='citizen', steps=('n',)),)
    """
    return tuple(TaggedPath(tag.removeprefix(_TAG), steps) for tag, steps in tags_at(schema) if tag.startswith(_TAG))


def tags_at(schema: str) -> tuple[_Tagged, ...]:
    """Return every tag of a schema's fields with the steps to where it stands, in the schema's order."""
    return tuple(dict.fromkeys(_walk(json.loads(schema), (), {}, ())))


def kinds(catalogue: Catalogue) -> frozenset[str]:
    """Return the kinds of identifiers that the contracts know."""
    found = {path.kind for entry in catalogue.events for path in tagged_paths(entry.schema)}
    return frozenset(found | {DOSSIER})


def dossier_topics(catalogue: Catalogue) -> frozenset[str]:
    """Return the topics whose records' keys are dossier codes, as a rule."""
    return frozenset(entry.name for entry in catalogue.topics if DOSSIER in entry.key.casefold())


class Identifiers:
    """Pulls identifiers from records; each event type's paths are worked out once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._paths = {entry.type: tagged_paths(entry.schema) for entry in catalogue.events}
        self._keyed = dict.fromkeys(sorted(dossier_topics(catalogue)), DOSSIER)

    def digest(self) -> str:
        """Return a text that changes when the contracts tag other fields: an index made before is then stale."""
        return json.dumps([sorted(self._paths.items()), sorted(self._keyed.items())])

    def of(self, record: Record, event: Envelope | None) -> Iterator[Identifier]:
        """Yield what a record names: its key, where that is a dossier's, its correlation, and an event's tagged fields.

        Repeats are not left out. Without an event, because the value could not be read, only the first two are told.
        """
        topic = record.topic.removesuffix(SUFFIX)
        key = record.key if topic in self._keyed else None
        for value in (key, record.header("ce_correlationid")):
            if value:
                yield identifier(DOSSIER, value.decode("utf-8", "replace"))
        if event is not None:
            for path in self._paths.get(event.type, ()):
                for text in values_at(event.payload, path.steps):
                    yield identifier(path.kind, text)


def values_at(value: Any, steps: Sequence[str]) -> Iterator[str]:
    """Yield the texts that stand at a path; absent and empty ones are left out.

    A code with its system counts as its code.
    """
    for number, step in enumerate(steps):
        if step == EACH and isinstance(value, list | Mapping):
            for item in value.values() if isinstance(value, Mapping) else value:
                yield from values_at(item, steps[number + 1 :])
            return
        if not isinstance(value, Mapping) or step not in value:
            return
        value = value[step]
    if isinstance(value, Mapping):
        value = value.get("code")
    if value is not None and value != "":
        yield str(value)


def _walk(schema: Any, steps: tuple[str, ...], named: dict[str, Any], within: tuple[str, ...]) -> Iterator[_Tagged]:
    """Follow unions, arrays, maps and named records; a record inside itself is followed once."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _walk(branch, steps, named, within)
    elif isinstance(schema, str):
        if schema in named:
            yield from _walk(named[schema], steps, named, within)
    elif schema["type"] in ("array", "map"):
        yield from _walk(schema["items" if schema["type"] == "array" else "values"], (*steps, EACH), named, within)
    elif schema["type"] == "record":
        yield from _walk_record(schema, steps, named, within)
    elif not isinstance(schema["type"], str):
        yield from _walk(schema["type"], steps, named, within)


def _walk_record(
    schema: Mapping[str, Any], steps: tuple[str, ...], named: dict[str, Any], within: tuple[str, ...]
) -> Iterator[_Tagged]:
    name = schema["name"]
    if name in within:
        return
    named[name] = named[f"{schema.get('namespace', '')}.{name}".lstrip(".")] = schema
    for field in schema["fields"]:
        here = (*steps, field["name"])
        for tag in field.get("confluent:tags", ()):
            yield tag, (*here, EACH) if _is_collection(field["type"]) else here
        yield from _walk(field["type"], here, named, (*within, name))


def _is_collection(kind: Any) -> bool:
    if isinstance(kind, list):
        return any(_is_collection(branch) for branch in kind)
    return isinstance(kind, Mapping) and kind["type"] in ("array", "map")
