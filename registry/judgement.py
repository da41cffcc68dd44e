"""Judging a candidate against earlier versions: every reason, newest version first, each told once.

Pure: schemas come in parsed, under their version's number. The registry asks before it registers, and
``schema check`` asks for people; neither decides anything that the other would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from bus.registry import Incompatibility
from registry import avro

Told = TypeVar("Told", Incompatibility, avro.LogicalWarning)


def reasons_against(reader: avro.Schema, writers: Mapping[int, avro.Schema]) -> Sequence[Incompatibility]:
    """Return what keeps ``reader`` from reading each version's data; the message says the newest such version."""
    return _each_once({version: avro.incompatibilities(reader, writer) for version, writer in writers.items()})


def warnings_against(reader: avro.Schema, writers: Mapping[int, avro.Schema]) -> Sequence[avro.LogicalWarning]:
    """Return where ``reader`` would read a version's bytes as something else, or not at all: Avro lets these pass."""
    return _each_once(
        {
            version: [*avro.logical_warnings(reader, writer), *avro.gone_fields(reader, writer)]
            for version, writer in writers.items()
        }
    )


def _each_once(found: Mapping[int, Sequence[Told]]) -> list[Told]:
    told: dict[Told, Told] = {}
    for version in sorted(found, reverse=True):
        for reason in found[version]:
            told.setdefault(reason, replace(reason, message=f"version {version}: {reason.message}"))
    return list(told.values())
