"""Fields of earlier versions that a schema no longer reads: Avro allows it, and it may be a renaming gone wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from registry.avro.logical import MAX_WARNINGS, LogicalWarning, common_places
from registry.avro.nodes import Record, Schema


def gone_fields(reader: Schema, writer: Schema) -> list[LogicalWarning]:
    """Return the writer's fields whose values the reader would ignore."""
    found = (
        warning
        for one, other, at in common_places(reader, writer)
        if isinstance(one, Record) and isinstance(other, Record)
        for warning in _gone(one, other, at)
    )
    return list(islice(found, MAX_WARNINGS))


def _gone(reader: Record, writer: Record, at: str) -> Iterator[LogicalWarning]:
    known = {name for field in reader.fields for name in (field.name, *field.aliases)}
    for field in writer.fields:
        if field.name not in known:
            message = f'field `{field.name}` is gone: its values are ignored; if it was renamed, add "aliases"'
            yield LogicalWarning(pointer=at or "/", message=message)
