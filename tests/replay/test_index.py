"""The by-identifier index: complete up to the log's ends, honest about the rest, and never a source of truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bus.errors import DamagedStore, DecodeError, StoreVersion
from bus.records import TopicPartition
from bus.transport import Engine
from bus.transports import open_engine
from replay.index import follower as following
from replay.index.identifiers import Identifier, identifier
from replay.index.keys import hidden
from replay.index.lock import try_lock
from replay.index.lookup import Found, Index
from replay.index.store import Move, Posting, open_store
from tests.replay.doubles import DOSSIER, JsonWire, a_catalogue, an_event, another, append_broken, make_topics, publish

FIRST = TopicPartition("dossier.events", 0)
THE_DOSSIER = identifier("dossier", DOSSIER)


def places(found: Found) -> list[str]:
    return sorted(one.place for one in found.told)


def test_a_dossier_is_found_on_every_topic(engine: Engine, index: Index) -> None:
    payment = an_event("p", type="PaymentConfirmed", payload={"paymentNumber": "P1"})
    written = publish(engine, an_event(), another(2), payment)
    found = index.find(THE_DOSSIER)
    assert places(found) == sorted(map(str, (written[0], written[2])))


@pytest.mark.parametrize(
    "wanted", [identifier("citizen", "001099012345"), identifier("dossier", f" {DOSSIER.lower()} ")], ids=str
)
def test_tagged_fields_are_found_however_they_are_typed(engine: Engine, index: Index, wanted: Identifier) -> None:
    written = publish(engine, an_event(), another(2))
    assert places(index.find(wanted)) == [str(written[0])]


def test_news_are_found_by_an_index_that_is_open(engine: Engine, index: Index) -> None:
    publish(engine, an_event())
    index.find(THE_DOSSIER)
    publish(engine, an_event("2"))
    assert len(index.find(THE_DOSSIER).told) == 2


def test_nothing_found_says_what_was_searched(engine: Engine, index: Index) -> None:
    publish(engine, another(1), another(2), another(3))
    coverage = index.find(THE_DOSSIER).coverage
    assert (sum(span.end for span in coverage.spans.values()), coverage.gaps, coverage.unreadable) == (3, [], [])


def test_an_unreadable_record_is_named_and_stops_nothing(engine: Engine, index: Index) -> None:
    broken = append_broken(engine)
    publish(engine, an_event())
    found = index.find(THE_DOSSIER)
    assert [one.place for one in found.coverage.unreadable] == [str(broken)]
    assert len(found.told) == 1


def test_an_unreadable_record_is_found_by_its_key(engine: Engine, index: Index) -> None:
    broken = append_broken(engine, key=DOSSIER)
    told = index.find(THE_DOSSIER).told
    assert [(one.place, one.event, one.code) for one in told] == [(str(broken), None, DecodeError.code)]


def test_what_becomes_readable_is_read_by_the_next_index(engine: Engine, open_it: Any) -> None:
    class LateWire(JsonWire):
        def decode(self, record: Any) -> Any:
            raise DecodeError(f"{record.place}: no such schema yet")

    publish(engine, an_event())
    open_it(LateWire()).find(THE_DOSSIER)
    found = open_it().find(identifier("citizen", "001099012345"))
    assert (len(found.told), found.coverage.unreadable) == (1, [])


def test_a_dead_letter_is_found_by_its_key_and_is_not_unreadable(engine: Engine, index: Index) -> None:
    letter = append_broken(engine, "dossier.events.dead-letter", DOSSIER, lt_error_code="LT-E2101")
    found = index.find(THE_DOSSIER)
    assert [(one.place, one.code) for one in found.told] == [(str(letter), "LT-E2101")]
    assert found.coverage.unreadable == []


def test_a_colliding_hash_shows_no_wrong_event(engine: Engine, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "hidden", lambda key, kind, value: 7)
    written = publish(engine, an_event(), another(2), another(3))
    assert places(index.find(THE_DOSSIER)) == [str(written[0])]


def test_the_index_holds_no_identifier(engine: Engine, index: Index, index_file: Path) -> None:
    publish(engine, an_event())
    index.find(THE_DOSSIER)
    index.close()
    bytes_on_disk = b"".join(file.read_bytes() for file in index_file.parent.glob("index*"))
    assert DOSSIER.encode() not in bytes_on_disk
    assert b"001099012345" not in bytes_on_disk


@pytest.mark.parametrize("lost", ["index.db", "index.key"])
def test_deleting_the_index_or_its_key_loses_nothing(engine: Engine, open_it: Any, index_file: Path, lost: str) -> None:
    publish(engine, an_event(), another(2))
    first = open_it()
    before = places(first.find(THE_DOSSIER))
    first.close()
    for file in index_file.parent.glob(f"{lost}*"):
        file.unlink()
    assert places(open_it().find(THE_DOSSIER)) == before


def test_another_key_makes_the_index_anew_and_says_so(engine: Engine, open_it: Any, index_file: Path) -> None:
    publish(engine, an_event())
    open_it().find(THE_DOSSIER)
    index_file.with_name("index.key").unlink()
    assert "key" in open_it().find(THE_DOSSIER).coverage.notes[0]


def test_other_tags_make_the_index_anew(engine: Engine, open_it: Any) -> None:
    publish(engine, an_event())
    open_it().find(THE_DOSSIER)
    wire = JsonWire(a_catalogue(person_tag="ID:person"))
    assert len(open_it(wire).find(identifier("person", "001099012345")).told) == 1


@pytest.mark.parametrize("records", [1, 40], ids=["shorter", "longer"])
def test_another_log_in_its_place_makes_the_index_anew(engine: Engine, open_it: Any, records: int) -> None:
    publish(engine, *(another(number) for number in range(20)), an_event())
    open_it().find(THE_DOSSIER)
    replacement = open_engine("sqlite://")
    make_topics(replacement)
    publish(replacement, an_event("new"), *(another(100 + number) for number in range(records)))
    found = open_it(of=replacement).find(THE_DOSSIER)
    assert (len(found.told), len(found.coverage.notes)) == (1, 1)
    replacement.close()


def test_what_another_process_has_not_read_yet_is_named(engine: Engine, index: Index, index_file: Path) -> None:
    publish(engine, an_event())
    with try_lock(index_file.with_suffix(".lock")):
        found = index.find(THE_DOSSIER, patience_s=0)
    assert (found.told, sum(gap.end - gap.first for gap in found.coverage.gaps)) == ([], 1)


def test_postings_are_cut_into_periods_and_found_in_all(engine: Engine, open_it: Any) -> None:
    index = open_it(period_postings=3)
    for number in range(6):
        publish(engine, an_event(str(number)))
        index.find(THE_DOSSIER)
    assert len(open_it().find(THE_DOSSIER).told) == 6


def test_two_followers_at_once_write_each_row_once(index_file: Path) -> None:
    store = open_store(f"sqlite:///{index_file}")
    number = store.enter([FIRST])[FIRST].number
    move = Move(number=number, old=0, next=1, tail=b"", postings=[Posting(5, number, 0)])
    assert (store.write([move]), store.write([move])) == (True, False)
    assert len(store.find(5).spots) == 1
    store.close()


def test_an_index_of_another_version_is_refused(index_file: Path) -> None:
    store = open_store(f"sqlite:///{index_file}")
    store.start_over({"version": "99"})
    store.close()
    with pytest.raises(StoreVersion, match="99"):
        open_store(f"sqlite:///{index_file}")


def test_a_file_that_is_no_index_is_refused(index_file: Path) -> None:
    index_file.write_bytes(b"something else entirely" * 100)
    with pytest.raises(DamagedStore, match="index") as refusal:
        open_store(f"sqlite:///{index_file}")
    assert (refusal.value.exit_code, "rebuilt from the log" in refusal.value.hint) == (6, True)


def test_an_index_is_for_its_owner_only(index: Index, index_file: Path) -> None:
    assert {file.stat().st_mode & 0o077 for file in index_file.parent.glob("index*")} == {0}


def test_kinds_are_hidden_apart() -> None:
    key = bytes(32)
    assert hidden(key, "citizen", "1") != hidden(key, "dossier", "1")
