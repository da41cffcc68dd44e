"""What the tests of the contracts share: all contracts of the catalogue, and their fields wherever they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from schemas.catalogue import load

EVENTS = load().events
TYPES = [entry.type for entry in EVENTS]
TEXTS = {f"{entry.type}.v{number}": text for entry in EVENTS for number, text in enumerate(entry.versions, 1)}
"""Every version of every contract, under a name that is read in a test's report."""

Schema = Mapping[str, Any]


class Placed(NamedTuple):
    """A field, the record that holds it, and where it stands: ``DossierReceived.applicant.number``."""

    place: str
    record: Schema
    field: Schema

    @property
    def name(self) -> str:
        return str(self.field["name"])

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.field.get("confluent:tags", ()))

    @property
    def kind(self) -> str:
        """The field's own type as one word, without ``null`` and the brackets of an array."""
        return word_of(self.field["type"])


def contract(event_type: str) -> Schema:
    """Return an event's newest contract as JSON says it."""
    parsed: Schema = json.loads(load().event(event_type).schema)
    return parsed


def records(kind: Any) -> Iterator[Schema]:
    """Yield every record that a type defines, outermost first."""
    if isinstance(kind, list):
        for branch in kind:
            yield from records(branch)
    elif isinstance(kind, dict):
        if kind["type"] == "record":
            yield kind
            for field in kind["fields"]:
                yield from records(field["type"])
        yield from records(kind.get("items"))


def fields(schema: Schema) -> list[Placed]:
    """Return every field of a contract, those of its shared records once."""
    return [
        Placed(f"{schema['name']}: {record['name']}.{field['name']}", record, field)
        for record in records(schema)
        for field in record["fields"]
    ]


def word_of(kind: Any) -> str:
    """Return a type as one word.

    >>> word_of(["null", {"type": "array", "items": "vn.lienthong.common.Code"}])
    'Code'
    """
    if isinstance(kind, list):
        return word_of(next(branch for branch in kind if branch != "null"))
    if isinstance(kind, str):
        return kind.rpartition(".")[2]
    if kind["type"] == "array":
        return word_of(kind["items"])
    return str(kind["name"] if kind["type"] == "record" else kind.get("logicalType", kind["type"]))


ALL_FIELDS = [placed for event_type in TYPES for placed in fields(contract(event_type))]
