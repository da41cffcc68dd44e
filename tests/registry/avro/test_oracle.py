"""The Java library's own answers, line by line: verdicts with kinds and pointers, canonical forms, identities."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from registry.avro import Verdict, canonical_form, fingerprint, identity, parse, verdict

Line = dict[str, Any]
LINES: list[Line] = [
    json.loads(text) for text in Path(__file__).with_name("avro-oracle.jsonl").read_text("utf-8").splitlines()
]


def of_kind(kind: str) -> Iterable[Line]:
    return (line for line in LINES if line["kind"] == kind)


def answer(line: Line) -> tuple[str, list[str]]:
    found, reasons = verdict(line["reader"], line["writer"], unicode_names=True)
    told = reasons if found is Verdict.INCOMPATIBLE else ()
    return found.value, [f"{reason.kind}@{reason.pointer}" for reason in told]


@pytest.mark.parametrize("group", ["probe", "evolve", "fuzz"])
def test_each_pair_has_javas_verdict_kinds_and_pointers(group: str) -> None:
    lines = [line for line in of_kind("pair") if line["group"] == group]
    wrong = [line["id"] for line in lines if answer(line) != (line["verdict"], line.get("why", []))]
    assert lines
    assert not wrong


@pytest.mark.parametrize(("key", "write"), [("pcf", canonical_form), ("crc64", fingerprint), ("java_string", identity)])
def test_each_schema_is_written_as_java_writes_it(key: str, write: Any) -> None:
    lines = list(of_kind("canonical"))
    wrong = [line["id"] for line in lines if write(parse(line["schema"], unicode_names=True)) != line[key]]
    assert lines
    assert not wrong
