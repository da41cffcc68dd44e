"""The tables of schemas/README.md say what the catalogue and the contracts say."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.catalogue import TopicEntry, load
from tests.schemas.contracts import EVENTS, contract
from tests.schemas.test_contracts_tags import KNOWN

TEXT = (Path(__file__).resolve().parents[2] / "schemas/README.md").read_text("utf-8")
_DAY_MS = 86_400_000


def rows(first: str) -> list[str]:
    """Return the lines of the table whose head begins with ``first``, without its head."""
    lines = TEXT.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |")) + 2
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    return lines[start:end]


def kept(topic: TopicEntry) -> str:
    return "for ever" if topic.retention_ms is None else f"{topic.retention_ms // _DAY_MS} days"


def test_the_table_of_topics_is_the_catalogue() -> None:
    wanted = [f"| `{topic.name}` | {topic.key} | {kept(topic)} | {topic.owner} |" for topic in load().topics]
    assert rows("Topic") == wanted


def test_the_table_of_events_is_the_catalogue_with_each_contracts_own_words() -> None:
    wanted = []
    for entry in EVENTS:
        vietnamese, _, english = contract(entry.type)["doc"].partition(" / ")
        wanted.append(f"| `{entry.domain}` | `{entry.type}` | {vietnamese} | {english} |")
    assert rows("Domain") == wanted


def test_the_table_of_tags_names_each_tag_once() -> None:
    named = [name for row in rows("Tag") for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(KNOWN)


def test_every_shared_type_is_told() -> None:
    named = {re.findall(r"`(\w+)`", row)[0] for row in rows("Shared type")}
    assert named == {"Activity", "Address", "Code", "Fee", "File", "Money", "Moment", "Party"}


def test_every_field_that_the_readme_points_to_is_there() -> None:
    known = {f"{entry.type}.{field['name']}" for entry in EVENTS for field in contract(entry.type)["fields"]}
    told = {name for row in rows("Their field") for name in re.findall(r"`([A-Z]\w+\.\w+)`", row)}
    assert len(told) > 40
    assert told - known == set()
