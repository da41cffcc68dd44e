"""The catalogue's contracts under a mask: golden events whose tagged values are made to stand nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest

from replay.runs.plan import Mask
from replay.runs.tags import RAW_HASH
from schemas.catalogue import load
from tests.replay.runs.masked import a_record, masked, shown, value_of
from tests.schemas.goldens import goldens
from tests.schemas.goldens import value_of as golden_value

OPEN_UNDER_PERSONAL = {"ID:dossier", "ID:payment", "ID:parcel"}
VERSIONS = [(entry.type, version) for entry in load().events for version in range(len(entry.versions))]


class Marked:
    """An event whose tagged texts were replaced by unique ones, known by whether the mask ``personal`` hides them."""

    def __init__(self, schema: str, value: Mapping[str, Any]) -> None:
        self.drawn: dict[bool, list[bytes]] = {True: [], False: []}
        self._named: dict[str, Any] = {}
        self._count = count(1)
        self.value = self._walk(json.loads(schema), value, None)

    def hidden_under(self, mask: Mask) -> list[bytes]:
        return self.drawn[True] + (self.drawn[False] if mask == "all" else [])

    def _walk(self, kind: Any, value: Any, personal: bool | None) -> Any:
        if isinstance(kind, list):
            inner = [self._walk(branch, value, personal) for branch in kind if branch != "null"]
            return inner[0]
        kind = self._named.get(kind, kind) if isinstance(kind, str) else kind
        if isinstance(kind, dict) and kind["type"] == "record":
            return self._record(kind, value, personal)
        if isinstance(kind, dict) and kind["type"] == "array":
            return [self._walk(kind["items"], item, personal) for item in value]
        return self._text(personal) if personal is not None and isinstance(value, str) else value

    def _record(self, kind: Any, value: Any, personal: bool | None) -> Any:
        self._named[f"{kind['namespace']}.{kind['name']}"] = kind
        parts = {}
        for field in kind["fields"]:
            tags = set(field.get("confluent:tags", ()))
            if field["name"] == RAW_HASH:
                tags.add("PERSONAL")  # it goes with what it was made of
            own = personal if personal is not None or not tags else not tags <= OPEN_UNDER_PERSONAL
            parts[field["name"]] = self._walk(field["type"], (value or {}).get(field["name"]), own)
        return None if value is None else parts

    def _text(self, personal: bool) -> str:
        text = f"Bí mật {next(self._count):03}"
        self.drawn[personal].append(text.encode())
        return text


def marked(event_type: str, version: int) -> tuple[str, Marked]:
    schema = load().event(event_type).versions[version]
    return schema, Marked(schema, golden_value(schema, goldens(event_type)[version].value))


@pytest.mark.parametrize("mask", ["all", "personal"])
@pytest.mark.parametrize(("event_type", "version"), VERSIONS)
def test_no_tagged_text_of_any_contract_is_left(event_type: str, version: int, mask: Mask) -> None:
    schema, event = marked(event_type, version)
    before = a_record(schema, event.value, key=(event.drawn[True] + event.drawn[False] + [b"k"])[0])
    assert shown(before, event.hidden_under("all")) == set(event.hidden_under("all"))
    assert shown(masked(before, schema, mask=mask), event.hidden_under(mask)) == set()


@pytest.mark.parametrize("mask", ["all", "personal"])
@pytest.mark.parametrize(("event_type", "version"), VERSIONS)
def test_what_a_mask_does_not_hide_stays_as_it_is(event_type: str, version: int, mask: Mask) -> None:
    schema, event = marked(event_type, version)
    hidden = {text.decode() for text in event.hidden_under(mask)}
    before, after = (
        dict(_leaves(event.value)),
        dict(_leaves(value_of(masked(a_record(schema, event.value), schema, mask=mask), schema))),
    )
    changed = {path for path, one in before.items() if after.get(path) != one}
    assert {path for path, one in before.items() if one in hidden} <= changed
    assert {path for path in changed if isinstance(before[path], str) and before[path] not in hidden} == set()


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, value
