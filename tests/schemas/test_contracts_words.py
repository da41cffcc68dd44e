"""What people read in the contracts: a Vietnamese and an English sentence for every record and field."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from replay.words import Words
from schemas.catalogue import load
from tests.schemas.contracts import TEXTS, TYPES, fields, records

TWO_SENTENCES = re.compile(r"(?P<vi>\S.*\S\.) / (?P<en>[A-Z].*\S\.)")
VIETNAMESE = re.compile(r"[À-ỹđĐ]")


def docs(text: str) -> dict[str, str]:
    """Return every ``doc`` of a contract, by its place."""
    schema = json.loads(text)
    told = {record["name"]: record.get("doc", "") for record in records(schema)}
    return told | {placed.place: placed.field.get("doc", "") for placed in fields(schema)}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_record_and_field_is_told_in_both_languages(text: str) -> None:
    for place, doc in docs(text).items():
        found = TWO_SENTENCES.fullmatch(doc)
        assert found is not None, place
        assert doc.count(" / ") == 1, place
        assert VIETNAMESE.search(found["vi"]), place
        assert not VIETNAMESE.search(found["en"]), place


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_text_of_a_contract_is_composed_unicode(text: str) -> None:
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_event_has_a_title_of_its_own_that_fits_a_line(lang: str) -> None:
    words = Words(load(), "vi" if lang == "vi" else "en")
    titles = [words.title(event_type) for event_type in TYPES]
    assert len(set(titles)) == len(TYPES)
    assert [title for title in titles if len(title) > 50] == []
