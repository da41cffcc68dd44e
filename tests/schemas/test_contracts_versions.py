"""Each contract against its predecessors: what was ever written stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bus.registry import Incompatibility
from registry import avro
from registry.judgement import reasons_against, warnings_against
from schemas.catalogue import EventEntry, load, read
from tests.schemas.contracts import EVENTS, TYPES

DONE = load().event("DossierStepDone")
BARE = {"name": "remark", "type": "string"}
OPTIONAL = {"name": "remark", "type": ["null", "string"], "default": None}


def reasons(entry: EventEntry) -> Sequence[Incompatibility | avro.LogicalWarning]:
    """Return why a version of an event could not read, or would read otherwise, what an earlier one wrote."""
    parsed = [avro.parse(text) for text in entry.versions]
    found: list[Incompatibility | avro.LogicalWarning] = []
    for number, reader in enumerate(parsed[1:], 1):
        earlier = dict(enumerate(parsed[:number], 1))
        found += [*reasons_against(reader, earlier), *warnings_against(reader, earlier)]
    return found


def succeeded(folder: Path, change: Callable[[dict[str, Any]], object]) -> EventEntry:
    """Return a DossierStepDone of two versions: today's, kept as the first, and a changed one."""
    successor = json.loads(DONE.schema)
    change(successor)
    (folder / "dossier").mkdir()
    (folder / "dossier/DossierStepDone.v1.avsc").write_text(DONE.schema, "utf-8")
    (folder / "dossier/DossierStepDone.avsc").write_text(json.dumps(successor, ensure_ascii=False), "utf-8")
    topic = {"domain": "dossier", "key": "The dossier code.", "events": ["DossierStepDone"], "partitions": 4}
    content = {"dossier.events": topic | {"cleanup": "delete", "owner": "one-stop centre"}}
    return read(content, folder).event("DossierStepDone")


def retyped(name: str, kind: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change of a field's type."""
    return lambda schema: next(field for field in schema["fields"] if field["name"] == name).update(type=kind)


@pytest.mark.parametrize("entry", EVENTS, ids=TYPES)
def test_every_version_reads_what_all_earlier_ones_wrote(entry: EventEntry) -> None:
    assert reasons(entry) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda schema: schema["fields"].append(BARE), "READER_FIELD_MISSING_DEFAULT_VALUE"),
        (retyped("step", "long"), "TYPE_MISMATCH"),
        (lambda schema: schema.update(name="StepDone"), "NAME_MISMATCH"),
    ],
    ids=["a field without a default", "another type", "another name"],
)  # fmt: skip
def test_a_successor_that_cannot_read_its_predecessor_is_told(tmp_path: Path, change: Any, kind: str) -> None:
    assert kind in {reason.kind for reason in reasons(succeeded(tmp_path, change))}


def test_a_successor_with_a_new_optional_field_is_good(tmp_path: Path) -> None:
    entry = succeeded(tmp_path, lambda schema: schema["fields"].append(OPTIONAL))
    assert len(entry.versions) == 2
    assert reasons(entry) == []
