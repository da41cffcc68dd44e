"""From a mapping file to its source."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from connectors.file_drop.mapping import read_mapping
from connectors.file_drop.source import FileSource
from schemas.catalogue import load


def open_source(config: Path, sample: Path | None = None) -> FileSource:
    """Return the source that ``config`` describes, over ``sample`` alone if one is given.

    Raises :class:`~bus.errors.ConfigError`.
    """
    mapping = read_mapping(config, load())
    if sample is not None:
        layout = replace(mapping.layout, folder=sample.parent, patterns=(sample.name,))
        mapping = replace(mapping, layout=layout)
    return FileSource(mapping)
