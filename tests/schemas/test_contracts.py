"""The contracts as a whole: none missing, none too many, all of one make."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import fastavro
import pytest

from bus.codec import compile_codec
from bus.envelope import Envelope
from bus.transports import open_engine
from registry import avro
from registry.apply import apply_catalogue, changes, plan
from registry.local import LocalRegistry
from registry.store import Store
from schemas.catalogue import NAMESPACE, EventEntry, load
from tests.schemas.contracts import ALL_FIELDS, EVENTS, TEXTS, TYPES, Placed, Schema, contract, records

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
COMMON = f"{NAMESPACE}.common"
LOWER_CAMEL = re.compile(r"[a-z]+([A-Z][a-z0-9]+|[0-9]+)*")
OF_THE_ENVELOPE = {
    *Envelope.__struct_fields__, "eventId", "eventType", "occurredAt", "recordedAt", "sourceSystem", "correlationId",
    "causationId", "dataSchema", "specVersion", "subject",
}  # fmt: skip
IS_A_CODE = re.compile(
    r"(status|state|kind|channel|procedure|method|outcome|rating|gateway|bank|direction|place|\w*agency|\w+(Status|State|"
    r"Kind|Owner|Agency|Bank)|obtainedFrom)", re.IGNORECASE)  # fmt: skip


def at_top(placed: Placed) -> bool:
    """Return whether a field stands in the event itself, not in a shared record within it."""
    return placed.record["namespace"] != COMMON


def test_every_contract_belongs_to_an_event_of_the_catalogue_and_every_event_has_one() -> None:
    told = {f"{entry.domain}/{entry.type}" for entry in EVENTS}
    files = {path.relative_to(SCHEMAS).with_suffix("").as_posix() for path in SCHEMAS.rglob("*.avsc")}
    assert {re.sub(r"\.v\d+$", "", name) for name in files} == told
    assert told <= files


def test_kept_versions_are_numbered_without_a_gap() -> None:
    kept = [path for path in SCHEMAS.rglob("*.avsc") if re.search(r"\.v\d+$", path.stem)]
    assert len(kept) == sum(len(entry.versions) - 1 for entry in EVENTS)


@pytest.mark.parametrize("entry", EVENTS, ids=TYPES)
def test_a_contract_bears_the_name_that_the_catalogue_gives_it(entry: EventEntry) -> None:
    texts = [json.loads(text) for text in entry.versions]
    assert {f"{told['namespace']}.{told['name']}" for told in texts} == {entry.full_name}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_both_codecs_the_registry_and_fastavro_take_every_version(text: str) -> None:
    codecs = [compile_codec(text, generated=generated) for generated in (True, False)]
    parsed = fastavro.parse_schema(json.loads(text))
    assert {codec.full_name for codec in codecs} == {avro.parse(text).full_name, parsed["name"]}


def test_an_installation_takes_the_whole_catalogue_once() -> None:
    registry = LocalRegistry(Store("sqlite://"))
    engine = open_engine("sqlite://")
    steps = apply_catalogue(engine, registry, load())
    again = plan(engine.admin, registry, load())
    engine.close()
    registry.close()
    assert len(steps) == 2 * len(load().topics) + len(TEXTS)
    assert not changes(again)


def test_topics_are_dotted_lower_case_with_four_partitions_and_an_owner() -> None:
    for topic in load().topics:
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)+", topic.name)
        assert topic.partitions == 4
        assert topic.owner


def test_a_key_is_told_in_a_sentence_and_only_a_dossiers_speaks_of_dossiers() -> None:
    keys = {topic.name: topic.key for topic in load().topics}
    by_dossier = {name for name, key in keys.items() if key.startswith("The dossier code")}
    assert by_dossier >= {"citizen.events", "dossier.events", "payment.events", "postal.events"}
    assert {name for name, key in keys.items() if "dossier" in key.casefold()} == by_dossier
    assert all(key.endswith(".") for key in keys.values())


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_ends_with_its_sources_time_and_the_hash_of_what_the_source_sent(event_type: str) -> None:
    assert [field["name"] for field in contract(event_type)["fields"]][-2:] == ["sourceTime", "rawHash"]


def test_events_of_a_dossier_begin_with_its_code() -> None:
    for entry in EVENTS:
        first = contract(entry.type)["fields"][0]
        assert (first["name"] == "dossierCode") == (entry.domain != "business"), entry.type
        assert ("default" in first) == (entry.domain not in ("dossier", "business")), entry.type


def test_shared_types_are_the_same_everywhere() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for event_type in TYPES:
        for record in records(contract(event_type)):
            if record["namespace"] == COMMON:
                found[record["name"]].add(_with_names(record))
    assert {name: len(texts) for name, texts in found.items()} == dict.fromkeys(found, 1)
    assert set(found) == {"Activity", "Address", "Code", "Fee", "File", "Money", "Moment", "Party"}


def _with_names(record: Schema) -> str:
    """Return a record's text with the records in it by name: which of them is first written out there differs."""

    def shorten(value: Schema) -> Schema | str:
        is_inner = value.get("type") == "record" and value["name"] != record["name"]
        return f"{value['namespace']}.{value['name']}" if is_inner else value

    return json.dumps(json.loads(json.dumps(record), object_hook=shorten))


def test_no_event_repeats_what_stands_in_its_envelope() -> None:
    repeats = {placed.place for placed in ALL_FIELDS if at_top(placed) and placed.name in OF_THE_ENVELOPE}
    assert repeats == set()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_nothing_is_a_float_or_a_closed_list(text: str) -> None:
    assert not set(re.findall(r'"(float|double|enum|map)"', text))


def test_optional_fields_are_null_first_and_by_default_and_lists_are_empty_by_default() -> None:
    for placed in ALL_FIELDS:
        kind = placed.field["type"]
        is_list = isinstance(kind, dict) and kind["type"] == "array"
        wanted = {"default": None} if isinstance(kind, list) else {"default": []} if is_list else {}
        assert {key: placed.field[key] for key in placed.field if key == "default"} == wanted, placed.place
        assert not isinstance(kind, list) or (kind[0], len(kind)) == ("null", 2), placed.place


def test_names_of_fields_are_lower_camel() -> None:
    assert [placed.place for placed in ALL_FIELDS if not LOWER_CAMEL.fullmatch(placed.name)] == []


def test_what_other_systems_number_is_a_code_with_its_system() -> None:
    bare = [placed.place for placed in ALL_FIELDS if IS_A_CODE.fullmatch(placed.name) and placed.kind != "Code"]
    assert bare == []


def test_money_moments_and_files_are_always_the_shared_types() -> None:
    kinds = {placed.name: placed.kind for placed in ALL_FIELDS if at_top(placed)}
    assert {name for name, kind in kinds.items() if kind in ("decimal", "timestamp-millis", "bytes")} == set()
    assert {kinds[name] for name in kinds if name.lower().endswith("amount")} == {"Money"}
    assert {kinds[name] for name in kinds if re.search(r"\wAt$|^appointment|Appointment$", name)} == {"Moment"}
