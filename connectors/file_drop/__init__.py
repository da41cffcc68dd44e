"""File drop: CSV and JSON lines become events by a mapping in YAML; for agencies that have only exports.

A walk through the room: ``document`` reads a mapping file, ``mapping`` compiles it (``layout`` for ``files:``,
``events`` over ``records`` over ``values`` for the rest), ``source`` reads files by it (``folder``, ``bookmark``,
``reading`` over ``table`` over ``rows`` over ``lines``), ``identity`` names each row for ever.
"""

from __future__ import annotations

from pathlib import Path

from connectors.sdk import Source

__all__ = ["connector"]


class FileDrop:
    """The kind of connector; implements :class:`~connectors.sdk.Connector` and :class:`~connectors.sdk.Sampling`."""

    name = "file-drop"
    summary = "CSV and JSON lines from files, by a mapping in YAML: no code"

    def open(self, config: Path) -> Source:
        """Read and check the mapping; no file is opened yet. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.file_drop.opening import open_source

        return open_source(config)

    def open_sample(self, config: Path, sample: Path) -> Source:
        """Open as ``open`` does, but read ``sample`` alone."""
        from connectors.file_drop.opening import open_source

        return open_source(config, sample)


connector = FileDrop()
