"""README.md tells the whole grammar, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import connectors.file_drop
from connectors.file_drop.conditions import WORDS as CONDITION_WORDS
from connectors.file_drop.events import EVENT_WORDS
from connectors.file_drop.folder import UNFINISHED
from connectors.file_drop.layout import FILES_WORDS
from connectors.file_drop.mapping import TOP_WORDS
from connectors.file_drop.opening import open_source
from connectors.file_drop.values import ORIGINS, SHAPING
from connectors.file_drop.writing import WRITING
from tests.connectors.file_drop.making import a_source, drop, events_of, outcomes

ROOM = Path(connectors.file_drop.__file__).parent
README = (ROOM / "README.md").read_text(encoding="utf-8")
WORDS = {*TOP_WORDS, *FILES_WORDS, *EVENT_WORDS, *CONDITION_WORDS, *ORIGINS, *SHAPING, *WRITING, "split"}
MAPPINGS = re.findall(r"```yaml\n(source:.*?)```", README, re.DOTALL)
EXPORT = re.findall(r"```csv\n(.*?)```", README, re.DOTALL)[0]


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_of_the_grammar_stands_in_the_readme(word: str) -> None:
    assert re.search(rf"\b{word}:", README)


@pytest.mark.parametrize("name", UNFINISHED)
def test_every_name_that_is_left_alone_stands_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_mapping_of_the_readme_is_accepted(tmp_path: Path, mapping: str) -> None:
    assert a_source(tmp_path, mapping).topic == "dossier.events"


@pytest.mark.parametrize("file", sorted((ROOM / "examples").glob("*.yaml")), ids=lambda file: file.name)
def test_an_example_is_accepted(file: Path) -> None:
    assert open_source(file).name == file.stem


def test_the_export_of_the_readme_becomes_what_its_mapping_says(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    drop(tmp_path / "exports", EXPORT)
    received, fee, step = events_of(a_source(tmp_path, MAPPINGS[0]))
    assert (received.type, fee.type, step.type) == ("DossierReceived", "FeeAsked", "DossierStepDone")
    assert received.payload["channel"]["code"] == "2"
    assert str(fee.payload["amount"]["amount"]) == "150000.00"
    assert (step.payload["note"], step.payload["sourceTime"]) == ("đủ hồ sơ", "24/11/2026")


def test_a_log_of_process_mining_becomes_what_the_readme_says(tmp_path: Path) -> None:
    row = '{{"case:concept:name":"7","concept:name":"{}","lifecycle:transition":"{}","time:timestamp":{}}}\n'
    rows = [("A_SUBMITTED", "COMPLETE", 1129327200000), ("W_x", "START", '"2011-10-01 00:38:44.546000+02:00"')]
    drop(tmp_path, "".join(row.format(*one) for one in (*rows, ("W_x", "COMPLETE", 1129327200001))), "loans.jsonl")
    told = outcomes(a_source(tmp_path, MAPPINGS[1]))
    assert [[event.type for event in one] for one in told if isinstance(one, list)] == [
        ["DossierSubmitted"], [], ["DossierStepDone"],
    ]  # fmt: skip
