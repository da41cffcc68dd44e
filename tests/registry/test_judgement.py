"""Judging a candidate, and what people are told of it."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import registry
from bus.registry import Incompatibility
from registry import avro
from registry.advice import advise
from registry.judgement import reasons_against, warnings_against
from tests.registry.doubles import an_event

ORACLE = Path(__file__).parent / "avro" / "avro-oracle.jsonl"
KINDS = {
    why.partition("@")[0]
    for line in map(json.loads, ORACLE.read_text("utf-8").splitlines())
    for why in line.get("why", ())
}
MODULES = [module.name for module in pkgutil.walk_packages(registry.__path__, "registry.") if "migr" not in module.name]


def test_the_newest_version_that_stands_against_it_is_told_and_each_reason_once() -> None:
    reader = avro.parse(an_event("R", "code", "note"))
    writers = {1: avro.parse(an_event("R")), 2: avro.parse(an_event("R", "code")), 3: avro.parse(an_event("R", "note"))}
    told = [(reason.pointer, reason.message.partition(":")[0]) for reason in reasons_against(reader, writers)]
    assert told == [("/fields/0", "version 3"), ("/fields/1", "version 2")]


def test_warnings_are_told_in_the_same_way() -> None:
    def dated(logical: str) -> avro.Schema:
        return avro.parse(json.dumps({"type": "int", "logicalType": logical}))

    [warning] = warnings_against(dated("date"), {1: dated("time-millis"), 2: dated("time-millis")})
    assert (warning.pointer, warning.message) == ("/", "version 2: the reader takes time-millis for date")


def test_nothing_stands_against_a_first_version() -> None:
    assert not reasons_against(avro.parse('"int"'), {})


@pytest.mark.parametrize("kind", sorted(KINDS | {avro.AMBIGUOUS_FIELD, avro.TOO_COMPLEX}))
def test_every_kind_has_advice_of_its_own(kind: str) -> None:
    advice, other = (advise(Incompatibility(kind=one, pointer="/", message="")) for one in (kind, "no such kind"))
    assert advice.meaning.endswith(".")
    assert advice.suggestion.endswith((".", "]."))
    assert advice.meaning != other.meaning


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_code_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0
