"""Golden bytes: what was written under any version of a contract decodes to the same event for ever."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import fastavro
import pytest

from bus.codec import compile_codec
from bus.codec.planning import make_plan
from schemas.catalogue import EventEntry
from tests.schemas.contracts import EVENTS, TYPES
from tests.schemas.goldens import FOLDER, Golden, digest, goldens, value_of

LINES = [(entry, golden) for entry in EVENTS for golden in goldens(entry.type)]
NAMES = [f"{entry.type}.v{golden.version}" for entry, golden in LINES]
HOW_TO_EVOLVE = (
    "A contract that was published never changes: keep it as .v1.avsc, edit the newest, and append a golden line. "
    "See schemas/README.md, «Evolve a contract»."
)
HOW_TO_BEGIN = (
    "{event} has no golden line for version {version}. Write it from a sample that fills every field:\n"
    "  python -m tests.schemas.goldens {event} < sample.json >> tests/schemas/golden/{event}.jsonl\n"
    "See schemas/README.md, «Add an event»."
)
each_line = pytest.mark.parametrize(("entry", "golden"), LINES, ids=NAMES)
both_codecs = pytest.mark.parametrize("generated", [True, False], ids=["generated", "fallback"])


@pytest.mark.parametrize("entry", EVENTS, ids=TYPES)
def test_every_version_has_its_golden_line_and_is_still_the_contract_that_wrote_it(entry: EventEntry) -> None:
    kept = [(golden.version, golden.contract) for golden in goldens(entry.type)]
    wanted = [(number, digest(text)) for number, text in enumerate(entry.versions, 1)]
    assert kept == wanted, what_to_do(entry.type, kept, wanted)


def what_to_do(event_type: str, kept: Sequence[object], wanted: Sequence[object]) -> str:
    """Return what helps: a version that has no line yet needs one; a line that fits no more must be let be."""
    if kept == wanted[: len(kept)]:
        return HOW_TO_BEGIN.format(event=event_type, version=len(kept) + 1)
    return HOW_TO_EVOLVE


def test_a_contract_without_a_line_is_told_the_command_and_a_changed_one_how_to_evolve() -> None:
    assert "goldens PermitGranted < sample.json" in what_to_do("PermitGranted", [], [(1, "a")])
    assert what_to_do("PermitGranted", [(1, "a")], [(1, "b")]) == HOW_TO_EVOLVE


def test_no_golden_file_belongs_to_nobody() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{event_type}.jsonl" for event_type in TYPES}


@both_codecs
@each_line
def test_golden_bytes_decode_to_their_event(entry: EventEntry, golden: Golden, generated: bool) -> None:
    text = entry.versions[golden.version - 1]
    assert compile_codec(text, generated=generated).decode(golden.data) == value_of(text, golden.value)


@both_codecs
@each_line
def test_an_event_encodes_to_its_golden_bytes(entry: EventEntry, golden: Golden, generated: bool) -> None:
    text = entry.versions[golden.version - 1]
    assert compile_codec(text, generated=generated).encode(value_of(text, golden.value)) == golden.data


@each_line
def test_plain_fastavro_reads_golden_bytes_to_their_end(entry: EventEntry, golden: Golden) -> None:
    text = entry.versions[golden.version - 1]
    source = BytesIO(golden.data)
    value = fastavro.schemaless_reader(source, make_plan(text).parsed, None)
    assert value == value_of(text, golden.value)
    assert source.read() == b""


@each_line
def test_todays_contract_reads_golden_bytes_of_every_version(entry: EventEntry, golden: Golden) -> None:
    written = compile_codec(entry.versions[golden.version - 1])
    names = {name for name, _ in make_plan(entry.schema).root.fields}
    assert set(written.decode_as(golden.data, entry.schema)) == names


@each_line
def test_a_golden_event_fills_every_field_so_that_its_bytes_hold_every_type(entry: EventEntry, golden: Golden) -> None:
    assert list(_empty(value_of(entry.versions[golden.version - 1], golden.value), "")) == []


def _empty(value: Any, place: str) -> Any:
    if value is None or value in ("", []):
        yield place
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield from _empty(inner, f"{place}.{name}")
    for inner in value if isinstance(value, list) else ():
        yield from _empty(inner, f"{place}[]")
