"""File drop: CSV and JSON lines become events by a mapping in YAML; for agencies that have only exports.

A walk through the room, in two halves. From a mapping file to functions: ``document`` reads the YAML, ``mapping``
compiles it, by ``layout`` (how ``files:`` are written), ``activities`` and ``conditions`` (which events a row tells),
``events`` over ``records`` over ``values`` over ``leaves`` (what fills them). From files to rows: ``source`` looks into
the ``folder`` and keeps the ``bookmark``, ``reading`` takes one file's ``rows`` out of a ``csv_file`` or a
``json_file``, both made of ``lines``, and ``identity`` names each row for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.sdk import Source

__all__ = ["connector"]


class FileDrop:
    """The kind of connector; implements :class:`~connectors.sdk.Connector` and :class:`~connectors.sdk.Sampling`."""

    name = "file-drop"
    summary = "CSV and JSON lines from files, by a mapping in YAML: no code"

    def open(self, config: Path) -> Sequence[Source]:
        """Read and check the mapping; no file is opened yet. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.file_drop.opening import open_source

        return [open_source(config)]

    def open_sample(self, config: Path, sample: Path) -> Source:
        """Open as ``open`` does, but read ``sample`` alone."""
        from connectors.file_drop.opening import open_source

        return open_source(config, sample)


connector = FileDrop()
